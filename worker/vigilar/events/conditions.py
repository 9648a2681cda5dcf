"""What is wrong with a camera's picture: from the look process's repeated states to one event each."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from vigilar.api.services import DeltaPublisher
from vigilar.bus.messages import ConditionKind, ConditionState
from vigilar.domain.clock import NANOSECONDS, Clock, Instant, wall_of
from vigilar.domain.event import Event, EventId, EventType, Severity
from vigilar.store.database import Database
from vigilar.store.events import Events
from vigilar.store.notes import natural_id

SORTS: Final = {
    ConditionKind.FROZEN: (EventType.CAMERA_FROZEN, Severity.ALERT),
    ConditionKind.COVERED: (EventType.CAMERA_COVERED, Severity.ALERT),
    ConditionKind.DEFOCUSED: (EventType.CAMERA_DEFOCUSED, Severity.WARNING),
    ConditionKind.MOVED: (EventType.CAMERA_MOVED, Severity.ALERT),
    ConditionKind.SUB_VIEW: (EventType.SUB_VIEW_DIFFERS, Severity.WARNING),
}
"""What each is as an event. What blinds a camera, or may have been done to it on purpose, is an alert."""
SEEN_BY_LOOK: Final = tuple(kind for kind in ConditionKind if kind is not ConditionKind.SUB_VIEW)
SILENCE_NS: Final = 30 * NANOSECONDS
"""Repeated every 5 s; unheard for this long, an event is over without having said so."""
KEEP_EVERY_NS: Final = 30 * NANOSECONDS
"""How often "it still lasts" is written down."""


@dataclass(slots=True)
class _Lasting:
    last_seen: Instant
    heard_ns: int
    kept_ns: int


class ConditionIntake:
    """Each state may come twice, late, or not at all: an event has one row, and one end."""

    def __init__(self, database: Database, clock: Clock, publisher: DeltaPublisher) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._lasting: dict[EventId, _Lasting] = {}

    async def load(self) -> None:
        """Take over the events that lasted when the core before this one ended."""
        now = self._clock.instant()
        types = [SORTS[kind][0] for kind in SEEN_BY_LOOK]
        open_ones = await self._database.run(lambda c: Events(c, now.wall).open_ones(types))
        for event, last_seen in open_ones.items():
            last = Instant(last_seen, 0, "")  # of a boot that is not known any more
            self._lasting[event] = _Lasting(last, now.monotonic_ns, now.monotonic_ns)

    async def state(self, message: ConditionState) -> None:
        """Take in one state. Returns after its commit, if there was anything to keep."""
        now = self._clock.instant()
        known = self._lasting.get(message.event_id)
        if known is None or not message.active:
            changed, lasts = await self._database.run(lambda c: _keep(c, message, now))
            self._lasting.pop(message.event_id, None)
            if lasts:
                last = _moment(message.last_ns, now)
                self._lasting[message.event_id] = _Lasting(last, now.monotonic_ns, now.monotonic_ns)
            self._tell(changed)
            return
        known.heard_ns, known.last_seen = now.monotonic_ns, _moment(message.last_ns, now)
        if now.monotonic_ns - known.kept_ns >= KEEP_EVERY_NS:
            known.kept_ns = now.monotonic_ns
            last = known.last_seen
            await self._database.run(lambda c: _lasts(Events(c, now.wall), message.event_id, last))

    async def sub_view(self, message: ConditionState) -> None:
        """Take in whether a camera's two streams differ, which is found out now and then."""
        now = self._clock.instant()
        kind, severity = SORTS[message.kind]

        def keep(connection: Connection) -> list[Event | None]:
            events = Events(connection, now.wall)
            lasting = events.open_of(message.camera, kind)
            if message.active and lasting is None:
                event_id = natural_id(kind, message.camera, now.boot_id, message.first_ns)
                event = Event(event_id, kind, severity, message.camera, now.wall, detail=message.detail)
                return [events.add(event, now)]
            if lasting is None or message.active:
                return []
            return [events.end(lasting.id, events.label(lasting.id, now))]

        changed = await self._database.run(keep)
        self._tell([each for each in changed if each is not None])

    async def look_restarted(self) -> None:
        """End what the look process before this one had told: it cannot say so any more."""
        await self._end_unheard(0)

    async def tick(self) -> None:
        """End what was not heard of for too long; call every few seconds."""
        await self._end_unheard(SILENCE_NS)

    async def _end_unheard(self, silence_ns: int) -> None:
        now = self._clock.instant()
        silent = {
            event: lasting.last_seen
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


def _keep(connection: Connection, message: ConditionState, now: Instant) -> tuple[list[Event], bool]:
    """Insert, reopen or end, as the row stands. Return the event after each change, and whether it lasts."""
    events = Events(connection, now.wall)
    first = wall_of(message.first_ns, now)
    kind, severity = SORTS[message.kind]
    event = Event(message.event_id, kind, severity, message.camera, first, detail=message.detail)
    before = events.get(message.event_id)
    changed = [events.add(event, Instant(first, message.first_ns, now.boot_id))]
    last = events.label(message.event_id, _moment(message.last_ns, now))
    if not message.active:
        changed.append(events.end(message.event_id, last))
    elif before is not None and before.end is not None and last > before.end:
        changed.append(events.reopen(message.event_id, last))
    kept = events.get(message.event_id)
    return [each for each in changed if each is not None], kept is not None and kept.end is None


def _moment(at_ns: int, now: Instant) -> Instant:
    return Instant(wall_of(at_ns, now), at_ns, now.boot_id)


def _lasts(events: Events, event_id: str, last: Instant) -> None:
    events.lasts(event_id, events.label(event_id, last))


def _end(events: Events, event_id: str, last: Instant) -> Event | None:
    return events.end(event_id, events.label(event_id, last))
