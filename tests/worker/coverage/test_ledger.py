import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from vigilar.bus.messages import CaptureStatus, FootageGap
from vigilar.coverage.day import Calendar
from vigilar.coverage.ledger import HEARTBEAT_NS, SILENCE_NS, SURE_AFTER_NS, Ledger
from vigilar.domain.camera import RecordingMode
from vigilar.domain.clock import Instant
from vigilar.domain.coverage import CoverageQuery, GapReason
from vigilar.domain.settings import CoreCamera
from vigilar.store.database import Database
from worker.cameras.house import a_camera, a_status
from worker.store.fakes import database, run

SECOND = 1_000_000_000
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALENDAR = Calendar("Etc/UTC")


@dataclass
class BootClock:
    """Wall and monotonic time, moved by hand; the wall may be set, the machine may be started anew."""

    ns: int = 1000 * SECOND
    wall: datetime = NOON
    boot: str = "boot"

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return self.wall

    def instant(self) -> Instant:
        return Instant(self.wall, self.ns, self.boot)

    def forward(self, seconds: float) -> None:
        self.ns += round(seconds * SECOND)
        self.wall += timedelta(seconds=seconds)

    def reboot(self, away_s: float) -> None:
        self.boot, self.ns = f"{self.boot}+", 20 * SECOND
        self.wall += timedelta(seconds=away_s)


@dataclass
class Core:
    """A ledger over a database that outlives it."""

    clock: BootClock
    db: Database
    ledger: Ledger

    async def restart(self, *cameras: CoreCamera) -> None:
        self.ledger = Ledger(self.db, self.clock, cameras or (a_camera(),), CALENDAR)
        await self.ledger.load()

    async def status(
        self,
        covered_s: float = 0,
        *,
        gap: GapReason | None = None,
        knows_from_ns: int = 990 * SECOND,
        mode: RecordingMode = RecordingMode.MOTION,
    ) -> None:
        """Hear the capture: nothing is missing up to `covered_s` seconds ago."""
        await self.ledger.capture_status(self._status(covered_s, gap, knows_from_ns, mode))
        await self.ledger.tick()

    def _status(
        self, covered_s: float, gap: GapReason | None, knows_from_ns: int, mode: RecordingMode
    ) -> CaptureStatus:
        covered_ns = self.clock.ns - round(covered_s * SECOND)
        return msgspec.structs.replace(
            a_status(mode=mode), covered_ns=covered_ns, gap=gap, accounts_from_ns=knows_from_ns
        )

    async def gap(self, from_s: float, to_s: float, cause: GapReason = GapReason.STALLED) -> None:
        """Hear of a gap that began and ended so many seconds ago."""
        ns = self.clock.ns
        message = FootageGap("door", ns - int(from_s * SECOND), ns - int(to_s * SECOND), "text", cause)
        await self.ledger.gap(message)
        await self.ledger.tick()

    async def gaps(self) -> list[tuple[str, float, float]]:
        """Return (reason, begin in seconds since noon, seconds), oldest first."""
        page = await self.ledger.list(CoverageQuery())
        return [
            (gap.reason.value, round((gap.start - NOON).total_seconds(), 1), round(gap.seconds, 1))
            for gap in reversed(page.items)
        ]

    def missing(self) -> dict[str, float]:
        [camera] = self.ledger.today().cameras
        assert camera.missing_s == round(sum(camera.by_reason.values()), 1)
        return {reason.value: seconds for reason, seconds in camera.by_reason.items()}


@contextlib.asynccontextmanager
async def core(folder: Path, *cameras: CoreCamera) -> AsyncIterator[Core]:
    clock = BootClock()
    async with database(folder) as db:
        made = Core(clock, db, Ledger(db, clock, (), CALENDAR))
        await made.restart(*cameras)
        yield made


def test_gaps_are_kept_once_and_counted_by_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            house.clock.forward(100)
            await house.status()
            for _ in range(2):
                await house.gap(60, 50)
            await house.gap(55, 45, GapReason.DISK_LATE)

            assert await house.gaps() == [("stalled", 40, 10), ("disk_late", 50, 5)]
            assert house.missing() == {"stalled": 10, "disk_late": 5}
            await house.restart()
            assert house.missing() == {"stalled": 10, "disk_late": 5}

    run(scenario())


def test_a_gap_that_lasts_grows_and_is_not_counted_again_when_it_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            house.clock.forward(30)
            await house.status()
            for away in (5, 10):
                house.clock.forward(5)
                await house.status(away, gap=GapReason.CAMERA_OFFLINE)
                assert house.missing() == {"camera_offline": away}
            [camera] = house.ledger.today().cameras
            assert camera.now is not None
            assert camera.now.since == NOON + timedelta(seconds=30)

            await house.gap(10, 0, GapReason.CAMERA_OFFLINE)
            assert house.missing() == {"camera_offline": 10}
            await house.status()
            assert house.missing() == {"camera_offline": 10}

    run(scenario())


def test_a_capture_that_is_silent_is_missed_from_its_last_footage_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            await house.status()
            house.clock.forward(SILENCE_NS / SECOND - 1)
            assert house.missing() == {}
            house.clock.forward(5)
            assert house.missing() == {"capture_down": SILENCE_NS / SECOND + 4}

    run(scenario())


def test_a_core_that_was_away_while_cameras_were_recorded_misses_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            await house.status()
            house.clock.forward(600)
            await house.restart()
            await house.status()

            assert await house.gaps() == []
            assert house.missing() == {}

    run(scenario())


def test_a_power_cut_is_a_gap_from_the_last_heartbeat_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            for _ in range(20):
                house.clock.forward(5)
                await house.status()
            last_s = (house.clock.wall - NOON).total_seconds()

            house.clock.reboot(away_s=300)
            await house.restart()
            for _ in range(2):
                house.clock.forward(5)
                await house.status(knows_from_ns=20 * SECOND)

            [(reason, start, seconds)] = await house.gaps()
            assert reason == "worker_down"
            assert last_s - HEARTBEAT_NS / SECOND <= start <= last_s
            assert start + seconds == last_s + 300

    run(scenario())


def test_time_before_a_capture_of_the_same_boot_knows_anything_counts_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            await house.status()
            await house.ledger.tick()
            house.clock.forward(HEARTBEAT_NS / SECOND)
            await house.status()
            house.clock.forward(40)  # the folder of sockets and marks was made anew
            await house.restart()
            await house.status(knows_from_ns=house.clock.ns - SECOND)

            assert await house.gaps() == [("worker_down", 10, 39)]

    run(scenario())


def test_a_wall_clock_that_is_set_makes_no_gap_and_hides_none(tmp_path: Path) -> None:
    async def scenario() -> None:
        for jump in (timedelta(hours=1), -timedelta(hours=1), timedelta(days=3650)):
            folder = tmp_path / str(jump.total_seconds())
            folder.mkdir()
            async with core(folder) as house:
                house.clock.forward(100)
                await house.status()
                await house.gap(60, 50)

                house.clock.wall += jump
                house.clock.forward(5)
                await house.status()
                await house.gap(4, 1)

                moved = jump.total_seconds()
                assert await house.gaps() == [("stalled", 40 + moved, 10), ("stalled", 101 + moved, 3)]
                assert sum(house.missing().values()) == 13
                await house.restart()
                await house.status()
                assert sum(house.missing().values()) == 13

    run(scenario())


def test_a_clock_that_was_set_while_the_core_was_away_is_followed_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            house.clock.forward(100)
            await house.status()
            await house.gap(60, 50)

            house.clock.wall += timedelta(minutes=30)
            house.clock.forward(20)
            await house.restart()
            await house.status()

            assert await house.gaps() == [("stalled", 40 + 1800, 10)]

    run(scenario())


def test_a_box_that_boots_in_1970_counts_its_power_cut_once_it_knows_the_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            house.clock.forward(100)
            await house.status()
            house.clock.forward(HEARTBEAT_NS / SECOND)
            await house.status()
            right = house.clock.wall + timedelta(seconds=60)

            house.clock.reboot(0)
            house.clock.wall = datetime(1970, 1, 1, tzinfo=UTC)
            await house.restart()
            await house.status(knows_from_ns=20 * SECOND)
            house.clock.forward(30)
            house.clock.wall = right + timedelta(seconds=30)
            await house.status(knows_from_ns=20 * SECOND)

            assert await house.gaps() == [("worker_down", 110, 60)]

    run(scenario())


def test_what_is_disabled_or_switched_off_is_not_missed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path, a_camera(enabled=False)) as house:
            # given a camera that was disabled for a while and is enabled now
            house.clock.forward(600)
            await house.ledger.tick()
            await house.restart(a_camera())

            # when its capture tells what was missing since long before
            house.clock.forward(5)
            await house.gap(500, 1, GapReason.CAPTURE_DOWN)

            # then only what was missing since it is enabled counts
            assert await house.gaps() == [("capture_down", 600, 4)]

            # and nothing counts while it is off
            await house.status(mode=RecordingMode.OFF)
            house.clock.forward(60)
            assert house.missing() == {"capture_down": 4}

    run(scenario())


def test_today_begins_at_midnight(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            house.clock.forward(12 * 3600 + 60)
            await house.status()
            await house.gap(90, 30)

            # a minute after midnight, half of it lies in the new day
            assert house.missing() == {"stalled": 30}
            assert house.ledger.today().day == "2026-03-02"
            house.clock.forward(24 * 3600)
            await house.status()
            assert house.missing() == {}
            assert (await house.gaps())[0][2] == 60

    run(scenario())


def test_old_gaps_go_only_when_the_clock_has_been_right_for_a_day(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with core(tmp_path) as house:
            house.clock.forward(100)
            await house.gap(60, 50)
            house.clock.reboot(0)
            house.clock.wall += timedelta(days=3650)
            await house.restart()
            await house.db.run(house.ledger.trim)
            assert len(await house.gaps()) == 1

            house.clock.forward(SURE_AFTER_NS / SECOND)
            await house.db.run(house.ledger.trim)
            assert await house.gaps() == []

    run(scenario())
