import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.domain.event import Event, EventType
from vigilar.domain.query import EventQuery
from vigilar.events.motion import MotionIntake
from vigilar.store.cameras import Cameras
from vigilar.store.database import Database
from vigilar.store.events import Events
from vigilar.store.outbox import Outbox
from worker.cameras.house import a_motion
from worker.store.fakes import BEGIN, HandClock, Told, database, run


@dataclass
class Desk:
    clock: HandClock
    told: Told
    database: Database
    intake: MotionIntake

    async def restarted(self) -> None:
        """The core before this one is gone with all it had in memory."""
        self.intake = MotionIntake(self.database, self.clock, self.told)
        await self.intake.load()

    async def events(self) -> list[Event]:
        return list((await self.database.run(lambda c: Events(c, BEGIN).page(EventQuery()))).items)

    async def only(self) -> Event:
        [event] = await self.events()
        return event

    async def sent(self) -> list[Event]:
        messages = await self.database.run(lambda c: Outbox(c).pending(100))
        return [msgspec.json.decode(message.payload, type=Event) for message in messages]


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    clock, told = HandClock(), Told()
    async with database(folder, clock) as db:
        await db.run(lambda c: Cameras(c).configure({"door": "Door"}, BEGIN))
        yield Desk(clock, told, db, MotionIntake(db, clock, told))


def test_motion_is_one_event_from_its_first_moving_frame_to_its_last(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(a_motion(d.clock, first_s=0.4, zones=("drive",), score=0.3))
            event = await d.only()
            assert (event.type, event.start, event.end) == (
                EventType.MOTION, BEGIN - timedelta(seconds=0.4), None,
            )  # fmt: skip
            for second in range(1, 4):
                d.clock.forward(1)
                zones = ("gate",) if second == 2 else ("drive",)
                await d.intake.state(a_motion(d.clock, first_s=second + 0.4, zones=zones, score=0.3 * second))
            d.clock.forward(1)
            await d.intake.state(a_motion(d.clock, active=False, first_s=4.4, score=0.1))

            event = await d.only()
            assert event.end == BEGIN + timedelta(seconds=4)
            assert set(event.zones) == {"drive", "gate"}
            assert event.score == 0.3 * 3
            assert event == d.told.of("event")[-1] == (await d.sent())[-1]
            last = await d.database.run(lambda c: Cameras(c).last_motion())
            assert last == {"door": BEGIN + timedelta(seconds=4)}

    run(scenario())


def test_a_lasting_event_is_not_written_down_every_second(tmp_path: Path) -> None:
    async def scenario() -> int:
        async with desk(tmp_path) as d:
            for second in range(30):
                await d.intake.state(a_motion(d.clock, first_s=second))
                d.clock.forward(1)
            return len(await d.sent())

    assert run(scenario()) == 1


def test_a_change_of_light_is_an_event_of_its_own_kind(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(a_motion(d.clock, kind=MotionKind.SCENE_CHANGED))
            assert (await d.only()).type is EventType.SCENE_CHANGED
            assert await d.database.run(lambda c: Cameras(c).last_motion()) == {}

    run(scenario())


def test_what_falls_silent_ended_when_it_was_last_seen(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(a_motion(d.clock))
            d.clock.forward(3)
            await d.intake.state(a_motion(d.clock, first_s=3))
            d.clock.forward(14)
            await d.intake.tick()
            assert (await d.only()).end is None
            d.clock.forward(2)
            await d.intake.tick()
            assert (await d.only()).end == BEGIN + timedelta(seconds=3)

    run(scenario())


def test_what_was_only_late_goes_on_as_the_same_event(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(a_motion(d.clock))
            d.clock.forward(20)
            await d.intake.tick()
            assert (await d.only()).end is not None

            await d.intake.state(a_motion(d.clock, first_s=20))
            assert (await d.only()).end is None
            d.clock.forward(1)
            await d.intake.state(a_motion(d.clock, active=False, first_s=21))
            assert (await d.only()).end == BEGIN + timedelta(seconds=21)

    run(scenario())


def test_a_new_look_process_ends_what_the_old_one_had_begun(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(a_motion(d.clock))
            await d.intake.look_restarted()
            assert (await d.only()).end == BEGIN

    run(scenario())


def test_an_event_outlives_a_restart_of_the_core(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(a_motion(d.clock))
            d.clock.forward(12)
            await d.intake.state(a_motion(d.clock, first_s=12))  # kept: more than ten seconds
            await d.restarted()
            d.clock.forward(1)
            await d.intake.state(a_motion(d.clock, first_s=13))
            assert (await d.only()).end is None

            await d.restarted()  # and now the look process is gone as well
            d.clock.forward(16)
            await d.intake.tick()
            assert (await d.only()).end == BEGIN + timedelta(seconds=12)

    run(scenario())


@st.composite
def _deliveries(draw: st.DrawFn) -> tuple[list[tuple[float, bool]], set[int]]:
    """Draw states of one event (seconds, active), in order or not, repeated or not; and core restarts."""
    length = draw(st.integers(1, 6))
    states = [(float(second), True) for second in range(length)]
    states.append((float(length), False))
    extra = draw(st.lists(st.sampled_from(states), max_size=4))
    kept = [s for s in states if s[1] is False or draw(st.booleans())]
    order = draw(st.permutations([*kept, *extra]))
    restarts = draw(st.sets(st.integers(0, len(order)), max_size=2))
    return list(order), restarts


@settings(max_examples=40, deadline=None)
@given(_deliveries())
def test_repeated_disordered_and_lost_states_still_make_one_event_with_one_end(
    deliveries: tuple[list[tuple[float, bool]], set[int]],
) -> None:
    order, restarts = deliveries
    end_s = max(at for at, active in order if not active)

    async def scenario(folder: Path) -> None:
        async with desk(folder) as d:
            begun = d.clock.ns
            d.clock.forward(10)
            for n, (at, active) in enumerate(order):
                if n in restarts:
                    await d.restarted()
                last = begun + round(at * 1e9)
                await d.intake.state(
                    MotionState("door", "m1", MotionKind.MOTION, active, begun, last, 0.5, (), ())
                )
            d.clock.forward(30)
            await d.intake.tick()

            event = await d.only()
            assert event.start == BEGIN
            assert event.end is not None
            assert event.end == BEGIN + timedelta(seconds=end_s)
            ends = [sent.end for sent in await d.sent()]
            assert ends[-1] == event.end

    with tempfile.TemporaryDirectory() as folder:
        run(scenario(Path(folder)))
