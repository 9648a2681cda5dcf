"""Motion and changes of light: from the look process's repeated states to one event each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from vigilar.api.services import DeltaPublisher
from vigilar.bus.messages import MotionKind, MotionState
from vigilar.domain.clock import NANOSECONDS, Clock, Instant, wall_of
from vigilar.domain.event import Event, EventId, EventType, Severity
from vigilar.store.cameras import Cameras
from vigilar.store.database import Database
from vigilar.store.events import Events

TYPES: Final = (EventType.MOTION, EventType.SCENE_CHANGED)
SILENCE_NS: Final = 15 * NANOSECONDS
"""Repeated at least once a second; unheard for this long, an event is over without having said so."""
KEEP_EVERY_NS: Final = 10 * NANOSECONDS
"""How often "it still lasts" is written down."""
SAME_MOMENT: Final = timedelta(milliseconds=500)


@dataclass(slots=True)
class _Lasting:
    zones: tuple[str, ...]
    score: float
    last_moving: Instant
    heard_ns: int
    kept_ns: int


class MotionIntake:
    """Each state may come twice, late, or not at all: an event has one row, and one end."""

    def __init__(self, database: Database, clock: Clock, publisher: DeltaPublisher) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._lasting: dict[EventId, _Lasting] = {}

    async def load(self) -> None:
        """Take over the events that lasted when the core before this one ended."""
        now = self._clock.instant()
        open_ones = await self._database.run(lambda c: Events(c, now.wall).open_ones(TYPES))
        for event, last_seen in open_ones.items():
            last = Instant(last_seen, 0, "")  # of a boot that is not known any more
            self._lasting[event] = _Lasting((), 0.0, last, now.monotonic_ns, now.monotonic_ns)

    async def state(self, message: MotionState) -> None:
        """Take in one state. Returns after its commit, if there was anything to keep."""
        known = self._lasting.get(message.event_id)
        if known is None or not message.active:
            await self._begin_or_end(message, known)
            return
        now = self._clock.instant()
        known.heard_ns = now.monotonic_ns
        known.last_moving = _moment(message.last_moving_ns, now)
        zones = _united(known.zones, message.zones)
        known.score = max(known.score, message.score)
        if zones != known.zones:
            known.zones = zones
            await self._touched(message.event_id, known)
        elif now.monotonic_ns - known.kept_ns >= KEEP_EVERY_NS:
            known.kept_ns = now.monotonic_ns
            last = known.last_moving
            await self._database.run(lambda c: _lasts(Events(c, now.wall), message.event_id, last))

    async def look_restarted(self) -> None:
        """End what the look process before this one had seen begin: it cannot say so any more."""
        await self._end_unheard(0)

    async def tick(self) -> None:
        """End what was not heard of for too long; call every few seconds."""
        await self._end_unheard(SILENCE_NS)

    async def _begin_or_end(self, message: MotionState, known: _Lasting | None) -> None:
        now = self._clock.instant()
        changed, lasts = await self._database.run(lambda c: _keep(c, message, known, now))
        if lasts:
            last = _moment(message.last_moving_ns, now)
            self._lasting[message.event_id] = _Lasting(
                message.zones, message.score, last, now.monotonic_ns, now.monotonic_ns
            )
        else:
            self._lasting.pop(message.event_id, None)
        self._tell(changed)

    async def _touched(self, event_id: EventId, known: _Lasting) -> None:
        now = self._clock.now()
        changed = await self._database.run(
            lambda c: Events(c, now).touched(event_id, known.zones, known.score)
        )
        self._tell([changed] if changed else [])

    async def _end_unheard(self, silence_ns: int) -> None:
        now = self._clock.instant()
        silent = {
            event: lasting.last_moving
            for event, lasting in self._lasting.items()
            if now.monotonic_ns - lasting.heard_ns >= silence_ns
        }
        if not silent:
            return
        ended = await self._database.run(
            lambda c: [_end(Events(c, now.wall), event, last) for event, last in silent.items()]
        )
        for event in silent:
            self._lasting.pop(event, None)
        self._tell([event for event in ended if event is not None])

    def _tell(self, changed: list[Event]) -> None:
        if changed:
            self._publisher.publish("event", changed[-1].id, changed[-1])


def _keep(
    connection: Connection, message: MotionState, known: _Lasting | None, now: Instant
) -> tuple[list[Event], bool]:
    """Insert, reopen or end, as the row stands. Return the event after each change, and whether it lasts."""
    events = Events(connection, now.wall)
    seen = _moment(message.first_moving_ns, now)
    changed = [events.add(_event(message, seen.wall), seen)]
    last = events.label(message.event_id, _moment(message.last_moving_ns, now))
    if message.active:
        before = events.get(message.event_id)
        if before is not None and before.end is not None and last > before.end + SAME_MOMENT:
            changed.append(events.reopen(message.event_id, last))
    else:
        if known is not None:
            zones = _united(known.zones, message.zones)
            changed.append(events.touched(message.event_id, zones, max(known.score, message.score)))
        changed.append(events.end(message.event_id, last))
    if message.kind is MotionKind.MOTION:
        Cameras(connection).moved(message.camera, last)
    kept = events.get(message.event_id)
    return [event for event in changed if event is not None], kept is not None and kept.end is None


def _moment(at_ns: int, now: Instant) -> Instant:
    return Instant(wall_of(at_ns, now), at_ns, now.boot_id)


def _lasts(events: Events, event_id: EventId, last: Instant) -> None:
    events.lasts(event_id, events.label(event_id, last))


def _end(events: Events, event_id: EventId, last: Instant) -> Event | None:
    return events.end(event_id, events.label(event_id, last))


def _event(message: MotionState, start: datetime) -> Event:
    return Event(
        id=message.event_id,
        type=EventType.MOTION if message.kind is MotionKind.MOTION else EventType.SCENE_CHANGED,
        severity=Severity.INFO,
        camera=message.camera,
        start=start,
        zones=message.zones,
        score=message.score,
    )


def _united(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))
