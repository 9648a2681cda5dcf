import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from vigilar.bus.messages import CameraStateChanged, FootageGap
from vigilar.domain.camera import CameraState
from vigilar.domain.event import Event, EventType, Severity
from vigilar.domain.query import EventQuery
from vigilar.events.occurrences import Occurrences
from vigilar.store.database import Database
from vigilar.store.events import Events
from worker.cameras.house import a_look
from worker.store.fakes import BEGIN, HandClock, Told, database, run


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[HandClock, Database, Occurrences]]:
    clock = HandClock()
    async with database(folder, clock) as db:
        yield clock, db, Occurrences(db, clock, Told())


async def events(db: Database) -> list[Event]:
    """Return them oldest first."""
    return list(reversed((await db.run(lambda c: Events(c, BEGIN).page(EventQuery()))).items))


def changed(clock: HandClock, state: CameraState, reason: str = "", cause: str = "") -> CameraStateChanged:
    return CameraStateChanged("door", state, clock.ns, reason, cause)


def test_a_camera_that_goes_and_comes_back_is_an_event_with_an_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as (clock, db, occurrences):
            await occurrences.camera_state(changed(clock, CameraState.CONNECTING))
            away = changed(clock, CameraState.OFFLINE, "camera door: no route to host")
            for message in (away, away):
                await occurrences.camera_state(message)
            clock.forward(5)
            await occurrences.camera_state(changed(clock, CameraState.OFFLINE, "still"))
            clock.forward(5)
            back = changed(clock, CameraState.ONLINE)
            for message in (back, back):
                await occurrences.camera_state(message)

            offline, online = await events(db)
            assert (offline.type, offline.severity) == (EventType.CAMERA_OFFLINE, Severity.WARNING)
            assert (offline.start, offline.end) == (BEGIN, BEGIN + timedelta(seconds=10))
            assert offline.detail == "camera door: no route to host"
            assert (online.type, online.start, online.end) == (
                EventType.CAMERA_ONLINE, BEGIN + timedelta(seconds=10), BEGIN + timedelta(seconds=10),
            )  # fmt: skip

    run(scenario())


def test_a_silent_process_is_a_camera_away_and_its_next_word_brings_it_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as (clock, db, occurrences):
            for _ in range(2):
                await occurrences.silent(["door"])
                clock.forward(5)
            [offline] = await events(db)
            assert offline.end is None

            for _ in range(2):
                await occurrences.heard("door", CameraState.ONLINE)
            assert [e.type for e in await events(db)] == [EventType.CAMERA_OFFLINE, EventType.CAMERA_ONLINE]
            assert (await events(db))[0].end is not None

    run(scenario())


def test_missing_footage_is_an_event_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as (clock, db, occurrences):
            gap = FootageGap("door", clock.ns - 3_000_000_000, clock.ns, "the disk was too slow")
            for _ in range(2):
                await occurrences.gap(gap)
            [event] = await events(db)
            assert (event.type, event.start, event.end) == (
                EventType.FOOTAGE_GAP, BEGIN - timedelta(seconds=3), BEGIN,
            )  # fmt: skip

    run(scenario())


def test_a_moment_without_footage_is_for_the_ledger_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as (clock, db, occurrences):
            await occurrences.gap(FootageGap("door", clock.ns - 1_500_000_000, clock.ns, "hung up"))
            assert await events(db) == []

    run(scenario())


def test_a_long_key_interval_is_an_event_while_it_lasts_across_restarts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as (clock, db, occurrences):
            for _ in range(3):
                await occurrences.look_status(a_look(problem="key_interval_long"))
                clock.forward(5)
            again = Occurrences(db, clock, Told())  # after a restart of the core
            await again.look_status(a_look(problem="key_interval_long"))
            [event] = await events(db)
            assert (event.type, event.end) == (EventType.KEY_INTERVAL_LONG, None)

            await again.look_status(a_look())
            [event] = await events(db)
            assert event.end == BEGIN + timedelta(seconds=15)

    run(scenario())


def test_a_stalled_camera_is_its_own_event_and_becomes_one_away_when_it_cannot_be_reached(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as (clock, db, occurrences):
            stalls = changed(clock, CameraState.OFFLINE, "sends nothing", "stalled")
            for message in (stalls, stalls):
                await occurrences.camera_state(message)
            [stalled] = await events(db)
            assert (stalled.type, stalled.severity, stalled.end) == (
                EventType.CAMERA_STALLED, Severity.WARNING, None,
            )  # fmt: skip
            clock.forward(10)
            await occurrences.camera_state(changed(clock, CameraState.OFFLINE, "no route", "unreachable"))
            clock.forward(10)
            await occurrences.camera_state(changed(clock, CameraState.OFFLINE, "sends nothing", "stalled"))
            clock.forward(10)
            await occurrences.camera_state(changed(clock, CameraState.ONLINE))

            stalled, offline, online = await events(db)
            assert (stalled.start, stalled.end) == (BEGIN, BEGIN + timedelta(seconds=10))
            assert (offline.type, offline.start) == (EventType.CAMERA_OFFLINE, BEGIN + timedelta(seconds=10))
            assert offline.end == online.start == BEGIN + timedelta(seconds=30)

    run(scenario())
