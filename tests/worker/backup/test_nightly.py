"""When the nightly backup is made, whatever the clock does, and what is said when it is not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from vigilar.backup.copies import Copy, Survey
from vigilar.backup.errors import BackupError
from vigilar.backup.nightly import Nightly
from vigilar.backup.schedule import is_due, last_hour
from vigilar.domain.clock import Instant
from vigilar.domain.event import Severity
from worker.store.fakes import run

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


class LooseClock:
    """Wall and monotonic time: the wall can be set."""

    def __init__(self, wall: datetime) -> None:
        self.ns, self.wall = 10**12, wall

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return self.wall

    def instant(self) -> Instant:
        return Instant(self.wall, self.ns, "boot")

    def forward(self, step: timedelta) -> None:
        self.wall += step
        self.ns += int(step.total_seconds()) * 10**9


@dataclass
class Copies:
    """Backups that cost nothing."""

    made: list[datetime] = field(default_factory=list)
    there: datetime | None = None
    damaged: tuple[str, ...] = ()
    trouble: Exception | None = None

    def survey(self, now: datetime) -> Survey:
        return Survey(Copy(Path("old.vgb"), self.there) if self.there else None, self.damaged)

    def make(self, now: datetime) -> Copy:
        if self.trouble is not None:
            raise self.trouble
        self.made.append(now)
        return Copy(Path("new.vgb"), now)


@dataclass
class Night:
    """A nightly task over fakes, in Berlin, at three."""

    clock: LooseClock
    copies: Copies = field(default_factory=Copies)
    hour: int = 3
    notes: list[tuple[Severity, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        async def note(severity: Severity, message: str) -> None:
            self.notes.append((severity, message))

        self.task = Nightly(self.copies, self.clock, note, hour=self.hour, zone=BERLIN)

    async def passes(self, span: timedelta, step: timedelta = timedelta(minutes=10)) -> None:
        for _ in range(int(span / step)):
            await self.task.tick()
            self.clock.forward(step)

    @property
    def problems(self) -> list[str]:
        return [item.key for item in self.task.items()]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[misc,arg-type]


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited ten seconds")


@pytest.mark.parametrize("hour", [0, 2, 3, 23])
@pytest.mark.parametrize("begin", [at(2026, 3, 25, 12), at(2026, 10, 21, 12)])
def test_one_a_day_over_both_changes_of_the_clocks(begin: datetime, hour: int) -> None:
    async def scenario() -> None:
        night = Night(LooseClock(begin), Copies(there=begin - timedelta(hours=1)), hour)
        await night.passes(8 * DAY)
        local = [made.astimezone(BERLIN) for made in night.copies.made]
        days = [f"{moment:%m-%d}" for moment in local]
        assert len(days) == len(set(days)) == 8
        # In spring the hour from two to three does not exist: three it is.
        assert {moment.hour for moment in local} <= {hour, 3 if hour == 2 else hour}

    run(scenario())


def test_the_last_hour_is_the_newest_one_that_was() -> None:
    assert last_hour(at(2026, 11, 24, 2, 59), 3, BERLIN) == at(2026, 11, 23, 3)
    assert last_hour(at(2026, 11, 24, 3), 3, BERLIN) == at(2026, 11, 24, 3)
    # two o'clock comes twice: once is enough
    assert last_hour(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 2, BERLIN) == datetime(
        2026, 10, 25, 0, tzinfo=UTC
    )
    assert last_hour(datetime(2026, 11, 24, 12, tzinfo=UTC), 3).astimezone().hour == 3  # the machine's zone
    assert is_due(at(2026, 11, 24, 3, 1), [at(2026, 11, 23, 3, 1)], 3, BERLIN)
    assert not is_due(at(2026, 11, 24, 3, 1), [at(2026, 11, 24, 3, 0, 30)], 3, BERLIN)


def test_soon_after_a_start_when_the_newest_is_old_or_there_is_none() -> None:
    async def scenario() -> None:
        now = at(2026, 11, 24, 12)
        for there, due in [(None, 1), (now - 2 * DAY, 1), (now - timedelta(hours=8), 0)]:
            night = Night(LooseClock(now), Copies(there=there))
            await night.passes(timedelta(hours=2))
            assert len(night.copies.made) == due

    run(scenario())


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=3650)])
def test_a_clock_that_jumps_there_and_back_makes_few(jump: timedelta) -> None:
    async def scenario() -> None:
        night = Night(LooseClock(at(2026, 11, 24, 2, 30)), Copies(there=at(2026, 11, 23, 3, 5)))
        await night.task.tick()
        night.clock.wall += jump
        await night.passes(timedelta(minutes=20))
        night.clock.wall -= jump
        await night.passes(DAY - timedelta(minutes=30))
        assert 1 <= len(night.copies.made) <= 2
        await night.passes(2 * DAY)
        assert 3 <= len(night.copies.made) <= 4
        assert night.problems == []

    run(scenario())


def test_a_clock_gone_mad_makes_no_more_than_one_an_hour() -> None:
    async def scenario() -> None:
        night = Night(LooseClock(at(2026, 11, 24, 12)))
        for n in range(600):
            night.clock.wall += DAY * (400 if n % 2 else -399)
            await night.task.tick()
            night.clock.forward(timedelta(seconds=30))
        assert len(night.copies.made) <= 6

    run(scenario())


def test_a_box_that_boots_in_1970_backs_up_and_goes_on_when_it_learns_the_time() -> None:
    async def scenario() -> None:
        night = Night(LooseClock(at(1970, 1, 2, 0, 5)), Copies(there=at(2026, 11, 23, 3)))
        await night.passes(timedelta(minutes=30))
        assert [made.year for made in night.copies.made] == [1970]
        night.clock.wall = at(2026, 11, 24, 12)
        await night.passes(timedelta(hours=2))
        assert [made.year for made in night.copies.made] == [1970, 2026]
        assert night.problems == []

    run(scenario())


def test_a_failure_is_told_once_tried_again_each_hour_and_its_end_told() -> None:
    async def scenario() -> None:
        night = Night(LooseClock(at(2026, 11, 24, 12)), Copies(trouble=BackupError("no room")))
        await night.passes(timedelta(hours=5))
        assert night.notes == [(Severity.WARNING, "the nightly backup failed: no room")]
        assert night.problems == ["backup_failed"]
        assert night.task.facts()["result"] == "failed"
        night.copies.trouble = None
        await night.passes(timedelta(hours=1))
        assert len(night.copies.made) == 1
        assert night.notes[1:] == [(Severity.INFO, "backups are made again")]
        assert night.problems == []
        assert night.task.facts()["result"] == "ok"

    run(scenario())


def test_without_a_good_one_for_two_days_an_alert_is_raised_whatever_the_wall_clock_says() -> None:
    async def scenario() -> None:
        now = at(2026, 11, 24, 12)
        night = Night(LooseClock(now), Copies(there=now - 1.5 * DAY, trouble=OSError(28, "No space", "/b")))
        await night.task.tick()
        night.clock.wall += 3650 * DAY
        assert night.problems == ["backup_failed"]
        await night.passes(0.6 * DAY)
        assert night.problems == ["backup_failed", "backup_old"]
        assert "/b: No space" in night.task.items()[0].message
        assert night.task.facts()["age_hours"] >= 48

    run(scenario())


def test_a_damaged_one_is_told_and_another_made() -> None:
    async def scenario() -> None:
        night = Night(LooseClock(at(2026, 11, 24, 12)), Copies(damaged=("x.vgb is damaged: cut off",)))
        await night.passes(timedelta(hours=1))
        assert night.notes == [(Severity.WARNING, "x.vgb is damaged: cut off")]
        assert len(night.copies.made) == 1

    run(scenario())


def test_what_nobody_foresaw_is_shown_too_and_the_task_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigilar.backup.nightly.START_DELAY_S", 0)
    monkeypatch.setattr("vigilar.backup.nightly.EVERY_S", 0.01)

    async def scenario() -> None:
        night = Night(LooseClock(at(2026, 11, 24, 12)), Copies(trouble=RuntimeError("surprise")))
        task = asyncio.create_task(night.task.run())
        await until(lambda: night.problems == ["backup_failed"])
        night.copies.trouble = None
        night.clock.forward(timedelta(hours=1))
        await until(lambda: night.problems == [])
        task.cancel()

    run(scenario())
