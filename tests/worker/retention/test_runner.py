"""When room is made, and what follows: with a database, without one, and whatever the clock says."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from vigilar.bus.messages import ClipSealed
from vigilar.domain.clip import ClipKind
from vigilar.domain.errors import UnavailableError
from vigilar.domain.event import Severity
from vigilar.domain.query import ClipQuery
from vigilar.domain.settings import RetentionSettings
from vigilar.recordings.reconcile import Reconciler
from vigilar.retention import evictor as evicting
from vigilar.retention.holdings import Disk
from vigilar.store.clips import Clips
from vigilar.store.system_events import SystemEvents
from worker.recordings.vaulted import Root, archive
from worker.retention.keeping import keeping
from worker.retention.shelf import evictor, lying, only, sealed
from worker.store.fakes import BEGIN, run

DAY = 24 * 3600.0


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


def size_of(root: Root) -> int:
    return sum(path.stat().st_size for path in root.path.rglob("*.vge"))


def test_over_budget_the_oldest_goes_from_disk_and_index_and_people_hear_of_it(root: Root) -> None:
    old, new = sealed(root, -2), sealed(root, -1)
    segment = sealed(root, 0, kind=ClipKind.SEGMENT)

    async def scenario() -> None:
        async with keeping(root, only(max_bytes=size_of(root) // 2)) as house:
            await house.turn()

            assert await house.indexed() == {new.id}
            told = {gone["id"] for gone in house.desk.told.of("clip_deleted")}
            assert told == {old.id, segment.id}
            assert house.desk.changed[-1] == "door"
            [(severity, message)] = await house.notes()
            assert severity is Severity.ALERT
            assert "1 clips" in message
            assert "budget" in message

    run(scenario())
    assert lying(root, old, new, segment) == [new.id]


def test_very_many_go_in_pieces(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evicting, "BATCH", 4)
    clips = [sealed(root, n / 60) for n in range(11)]

    async def scenario() -> None:
        async with keeping(root, only(max_bytes=size_of(root) // 11)) as house:
            left = []
            for _ in range(4):
                await house.turn()
                left.append(len(lying(root, *clips)))
                assert len(await house.indexed()) == left[-1]
            assert left == [7, 3, 1, 1]

    run(scenario())


def test_segments_alone_are_no_alarm(root: Root) -> None:
    sealed(root, -1, kind=ClipKind.SEGMENT)

    async def scenario() -> None:
        async with keeping(root, only(max_bytes=1)) as house:
            await house.turn()
            assert await house.indexed() == set()
            assert await house.notes() == []

    run(scenario())


def test_many_lost_clips_are_told_in_sums(root: Root) -> None:
    async def scenario() -> None:
        async with keeping(root, only(max_bytes=1)) as house:
            for hour in range(14):
                clip = await asyncio.to_thread(sealed, root, float(hour))
                await house.retention.arrived(ClipSealed(clip, ()))
                await house.turn(1800)
            told = [message for _, message in await house.notes()]
            assert len(told) == 2
            assert any(message.startswith("12 clips") for message in told)

    run(scenario())


def test_an_arrival_makes_room_and_several_at_once_are_counted_once(root: Root) -> None:
    first = sealed(root, 0)

    async def scenario() -> None:
        async with keeping(root, only(max_bytes=size_of(root))) as house:
            await house.turn()
            second = await asyncio.to_thread(sealed, root, 1.0)
            await house.turn()
            assert lying(root, first, second) == [first.id, second.id]  # nobody said so yet

            await house.retention.arrived(ClipSealed(second, ()))
            await house.turn(30)
            assert lying(root, first, second) == [second.id]

    run(scenario())


def test_without_a_database_the_file_goes_and_the_row_follows_in_silence(root: Root) -> None:
    clip = sealed(root, 0)

    async def scenario() -> None:
        async with keeping(root, only(max_bytes=1)) as house:
            await house.desk.database.run(lambda c: c.execute(text("ALTER TABLE clips RENAME TO away")))
            await house.turn()
            assert not await asyncio.to_thread(root.file(clip).exists)
            assert house.desk.told.of("clip_deleted") == []

            await house.desk.database.run(lambda c: c.execute(text("ALTER TABLE away RENAME TO clips")))
            await house.turn()
            assert await house.indexed() == set()
            assert [gone["id"] for gone in house.desk.told.of("clip_deleted")] == [clip.id]
            # nobody is told that files vanished: the journal says who took them
            assert all("nobody deleted" not in message for _, message in await house.notes())

    run(scenario())


def test_a_crash_between_file_and_row_raises_no_alarm_at_the_next_start(root: Root) -> None:
    clip = sealed(root, 0)

    async def scenario() -> None:
        async with archive(root) as desk:
            await Reconciler(desk.archive).everything(())
            maker = evictor(root, only(max_bytes=1))
            await asyncio.to_thread(lambda: maker.round(maker.look()))
        async with archive(root) as desk:
            await Reconciler(desk.archive).everything(())
            page = await desk.database.run(lambda c: Clips(c).page(ClipQuery()))
            assert page.items == ()
            assert await desk.database.run(lambda c: SystemEvents(c).newest(5)) == ()

    run(scenario())
    assert lying(root, clip) == []


AGED = only(clip_age_s=30 * DAY, segment_age_s=7 * DAY)


def test_old_clips_go_slowly_and_only_for_their_age(root: Root) -> None:
    clips = [*(sealed(root, -24.0 * 40 + n) for n in range(39)), sealed(root, 0)]

    async def scenario() -> None:
        async with keeping(root, AGED) as house:
            await house.turn()
            assert len(lying(root, *clips)) == 40
            await house.hours(3)
            assert 33 <= len(lying(root, *clips)) <= 36
            assert [severity for severity, _ in await house.notes()] == [Severity.INFO]

    run(scenario())


@pytest.mark.parametrize(
    "off", [timedelta(days=3652), timedelta(days=-3652), timedelta(hours=1.5), timedelta(hours=-1.5)]
)
def test_a_jump_of_the_clock_deletes_nothing(root: Root, off: timedelta) -> None:
    clips = [*(sealed(root, -24.0 * 25 + n) for n in range(19)), sealed(root, -0.1)]

    async def scenario() -> None:
        async with keeping(root, AGED) as house:
            await house.hours(2)
            assert "clock_unsure" not in house.items()
            house.clock.off = off
            await house.turn()
            assert "clock_unsure" in house.items()
            await house.hours(12 if abs(off) > timedelta(days=1) else 0.5)
            assert len(lying(root, *clips)) == 20

            house.clock.off = timedelta(0)
            await house.turn()
            assert "clock_unsure" not in house.items()

    run(scenario())


@pytest.mark.parametrize("off", [timedelta(hours=0.99), timedelta(hours=-0.99)])
def test_an_hour_of_difference_is_none(root: Root, off: timedelta) -> None:
    sealed(root, 0)

    async def scenario() -> None:
        async with keeping(root, AGED) as house:
            await house.turn()
            house.clock.off = off
            await house.turn()
            assert "clock_unsure" not in house.items()

    run(scenario())


@pytest.mark.parametrize("years", [-56, 10])
def test_a_start_with_a_wrong_clock_deletes_nothing(root: Root, years: int) -> None:
    clips = [*(sealed(root, -24.0 * 25 + n) for n in range(19)), sealed(root, -0.1)]

    async def scenario() -> None:
        async with keeping(root, AGED) as house:
            await house.turn()
        for memory in ("kept", "lost"):
            if memory == "lost":
                await asyncio.to_thread((root.path / "clock_trust.json").unlink)
            async with keeping(root, AGED) as house:
                house.clock.off = timedelta(days=365.25 * years)
                house.clock.boot = f"boot with memory {memory}"
                await house.hours(8)
                assert "clock_unsure" in house.items()
                assert len(lying(root, *clips)) == 20

    run(scenario())


def test_a_clip_made_while_the_clock_was_ten_years_back_is_not_the_oldest(root: Root) -> None:
    old = sealed(root, 0)

    async def scenario() -> None:
        async with keeping(root, only(max_bytes=int(size_of(root) * 2.5))) as house:
            await house.turn()
            house.clock.off = timedelta(days=-3652)
            await house.turn()
            at = (house.clock.now() - BEGIN) / timedelta(hours=1)
            strange = await asyncio.to_thread(sealed, root, at + 0.01)
            house.clock.off = timedelta(0)
            await house.turn(60)
            newest = await asyncio.to_thread(sealed, root, 1.0)
            await house.retention.arrived(ClipSealed(newest, ()))
            await house.turn(60)
            assert lying(root, old, strange, newest) == [strange.id, newest.id]

    run(scenario())


def test_under_pressure_what_is_missing_goes_and_then_it_waits_for_the_disk(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [sealed(root, n / 60 - 1) for n in range(6)]
    size = size_of(root) // 6
    # a file system that gives nothing back for a while
    free = [10_000_000]
    monkeypatch.setattr(evicting, "disk_of", lambda _root: Disk(100_000_000, free[0]))

    async def scenario() -> None:
        async with keeping(root, RetentionSettings(min_free=10_000_000)) as house:
            await house.turn()
            assert len(lying(root, *clips)) == 6
            free[0] -= size + 1
            await house.turn(30)
            assert lying(root, *clips) == [clip.id for clip in clips[2:]]
            await house.turn(25)
            assert len(lying(root, *clips)) == 4
            free[0] += 3 * size
            await house.turn(60)
            assert len(lying(root, *clips)) == 4
            # a disk kept at its limit is how things should be
            assert "disk_pressure" not in house.items()

    run(scenario())


def test_a_disk_that_others_fill_is_told_when_nothing_can_go(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [10_000_000]
    monkeypatch.setattr(evicting, "disk_of", lambda _root: Disk(100_000_000, free[0]))

    async def scenario() -> None:
        async with keeping(root, RetentionSettings(min_free=10_000_000)) as house:
            await house.turn()
            assert "disk_pressure" not in house.items()
            free[0] = 5_000_000
            await house.turn(30)
            assert "disk_pressure" in house.items()
            free[0] = 1_000_000
            await house.turn(30)
            assert "disk_full" in house.items()
            free[0] = 11_000_000
            await house.turn(700)
            assert not house.items() & {"disk_full", "disk_pressure"}

    run(scenario())


def test_a_full_disk_does_not_wait_for_the_rest_to_be_over(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [sealed(root, n / 60 - 1) for n in range(3)]
    free = [10_000_000]
    monkeypatch.setattr(evicting, "disk_of", lambda _root: Disk(100_000_000, free[0]))

    async def scenario() -> None:
        async with keeping(root, RetentionSettings(min_free=10_000_000)) as house:
            await house.turn()
            free[0] -= 1
            await house.turn(1)
            assert len(lying(root, *clips)) == 3
            free[0] = 0
            await house.turn(1)
            assert lying(root, *clips) == []

    run(scenario())


def test_a_disk_that_does_not_answer_is_told_and_not_asked_twice_at_once(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_root: Path) -> Disk:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(evicting, "disk_of", gone)
    monkeypatch.setattr("vigilar.retention.runner.FIRST_LOOK_S", 0.05)

    async def scenario() -> None:
        async with keeping(root, AGED) as house:
            house.retention.tick()
            first = house.retention._task
            house.retention.tick()
            assert house.retention._task is first
            assert first is not None
            await first
            assert "retention_failing" in house.items()
            assert house.retention.latest() is None
            with pytest.raises(UnavailableError):
                await house.retention.usage()

            monkeypatch.setattr(evicting, "disk_of", lambda _root: Disk(1000, 900))
            await house.turn()
            assert "retention_failing" not in house.items()

    run(scenario())


def test_what_is_used_and_how_long_it_lasts_is_known_after_the_first_look(root: Root) -> None:
    clip = sealed(root, -12.0)
    sealed(root, -1.0, "yard", kind=ClipKind.SEGMENT)

    async def scenario() -> None:
        async with keeping(root, RetentionSettings(max_bytes=10 * size_of(root))) as house:
            house.retention.tick()
            view = await house.retention.usage()
            assert view.used_bytes == size_of(root)
            assert house.desk.told.of("storage") == [view]
            [door, _yard] = view.cameras
            assert (door.used_bytes, door.clips, door.oldest) == (clip.size_bytes, 1, clip.start)
            assert door.bytes_per_day == pytest.approx(2 * clip.size_bytes, rel=0.01)
            assert view.ballast
            assert view.clock_sure

    run(scenario())
