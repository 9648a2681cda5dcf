import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from vigilar.bus.messages import ConditionKind, ConditionState
from vigilar.domain.event import Event, EventType, Severity
from vigilar.domain.query import EventQuery
from vigilar.events.conditions import ConditionIntake
from vigilar.store.database import Database
from vigilar.store.events import Events
from vigilar.store.outbox import Outbox
from worker.store.fakes import BEGIN, HandClock, Told, database, run


@dataclass
class Desk:
    clock: HandClock
    told: Told
    database: Database
    intake: ConditionIntake

    async def restarted(self) -> None:
        """The core before this one is gone with all it had in memory."""
        self.intake = ConditionIntake(self.database, self.clock, self.told)
        await self.intake.load()

    async def events(self) -> list[Event]:
        return list((await self.database.run(lambda c: Events(c, BEGIN).page(EventQuery()))).items)

    async def only(self) -> Event:
        [event] = await self.events()
        return event

    async def sent(self) -> list[Event]:
        messages = await self.database.run(lambda c: Outbox(c).pending(100))
        return [msgspec.json.decode(message.payload, type=Event) for message in messages]

    def state(
        self,
        event_id: str = "c1",
        kind: ConditionKind = ConditionKind.COVERED,
        *,
        active: bool = True,
        first_s: float = 6.0,
    ) -> ConditionState:
        """Something seen now that began `first_s` seconds ago."""
        now = self.clock.ns
        return ConditionState("door", event_id, kind, active, now - round(first_s * 1e9), now, "covered")


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    clock, told = HandClock(), Told()
    async with database(folder, clock) as db:
        yield Desk(clock, told, db, ConditionIntake(db, clock, told))


@pytest.mark.parametrize(
    ("kind", "type_", "severity"),
    [
        (ConditionKind.FROZEN, EventType.CAMERA_FROZEN, Severity.ALERT),
        (ConditionKind.COVERED, EventType.CAMERA_COVERED, Severity.ALERT),
        (ConditionKind.DEFOCUSED, EventType.CAMERA_DEFOCUSED, Severity.WARNING),
        (ConditionKind.MOVED, EventType.CAMERA_MOVED, Severity.ALERT),
    ],
)
def test_a_condition_is_one_event_from_beginning_to_end(
    tmp_path: Path, kind: ConditionKind, type_: EventType, severity: Severity
) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            for _ in range(2):  # the same message twice is one event
                await d.intake.state(d.state(kind=kind))
            event = await d.only()
            assert (event.type, event.severity, event.detail) == (type_, severity, "covered")
            assert (event.start, event.end) == (BEGIN - timedelta(seconds=6), None)
            d.clock.forward(5)
            await d.intake.state(d.state(kind=kind, first_s=11))
            d.clock.forward(5)
            over = d.state(kind=kind, active=False, first_s=16)
            for _ in range(2):
                await d.intake.state(over)

            event = await d.only()
            assert event.end == BEGIN + timedelta(seconds=10)
            assert event == d.told.of("event")[-1] == (await d.sent())[-1]
            assert len(await d.sent()) == 2

    run(scenario())


def test_it_goes_on_over_a_restart_of_the_core(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(d.state())
            await d.restarted()
            d.clock.forward(5)
            await d.intake.state(d.state(first_s=11))
            await d.intake.tick()
            assert (await d.only()).end is None

    run(scenario())


def test_what_is_never_said_to_be_over_ends_when_nothing_is_heard_and_begins_again_when_it_is(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(d.state())
            await d.restarted()
            d.clock.forward(31)
            await d.intake.tick()
            assert (await d.only()).end == BEGIN - timedelta(seconds=6)  # the last that was written down
            await d.intake.state(d.state(first_s=37))
            assert (await d.only()).end is None

    run(scenario())


def test_a_look_process_that_starts_anew_ends_what_the_one_before_had_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            await d.intake.state(d.state())
            await d.intake.look_restarted()
            assert (await d.only()).end is not None

    run(scenario())


def test_two_views_that_differ_are_one_event_until_they_are_the_same(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with desk(tmp_path) as d:
            differ = d.state("", ConditionKind.SUB_VIEW)
            await d.intake.sub_view(differ)
            d.clock.forward(3600)
            await d.restarted()
            await d.intake.sub_view(d.state("", ConditionKind.SUB_VIEW))
            await d.intake.tick()
            event = await d.only()
            assert (event.type, event.severity, event.end) == (
                EventType.SUB_VIEW_DIFFERS, Severity.WARNING, None,
            )  # fmt: skip
            d.clock.forward(60)
            for _ in range(2):
                await d.intake.sub_view(d.state("", ConditionKind.SUB_VIEW, active=False))
            assert (await d.only()).end == BEGIN + timedelta(seconds=3660)

    run(scenario())


def test_an_event_lasts_as_long_as_it_did_whatever_the_wall_clock_does(tmp_path: Path) -> None:
    class SetClock(HandClock):
        """Its wall time can be set, as by a time server that was reached late."""

        ahead = timedelta()

        def now(self) -> datetime:
            return super().now() + self.ahead

    async def scenario() -> None:
        clock, told = SetClock(), Told()
        async with database(tmp_path, clock) as db:
            d = Desk(clock, told, db, ConditionIntake(db, clock, told))
            began_ns = clock.ns - 6_000_000_000
            await d.intake.state(d.state())

            clock.forward(20)
            clock.ahead = timedelta(days=-3650)
            await d.intake.state(d.state(active=False, first_s=(clock.ns - began_ns) / 1e9))

            event = await d.only()
            assert event.end is not None
            assert event.end - event.start == timedelta(seconds=26)

    run(scenario())
