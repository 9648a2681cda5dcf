"""What else happens to cameras: away and back, footage missing, key frames too far apart."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from vigilar.api.services import DeltaPublisher
from vigilar.bus.messages import CameraStateChanged, FootageGap, LookStatus
from vigilar.domain.camera import CameraId, CameraState
from vigilar.domain.clock import NANOSECONDS, Clock, Instant, wall_of
from vigilar.domain.event import Event, EventType, Severity
from vigilar.store.database import Database
from vigilar.store.events import Events
from vigilar.store.notes import natural_id

type _Change = Callable[[Events, CameraStateChanged, Instant], list[Event | None]]

GAP_EVENT_NS: Final = 2 * NANOSECONDS
KEY_INTERVAL_LONG: Final = "key_interval_long"
STALLED: Final = "stalled"
"""The cause of a connection that holds, but on which nothing comes."""


class Occurrences:
    """Ids are made from what happened, so the same message twice is one event."""

    def __init__(self, database: Database, clock: Clock, publisher: DeltaPublisher) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher
        self._silent: set[CameraId] = set()
        self._long: dict[CameraId, bool] = {}

    async def camera_state(self, message: CameraStateChanged) -> None:
        """Take in that a camera came or went; connecting is neither."""
        now = self._clock.instant()
        match message.state:
            case CameraState.OFFLINE:
                await self._keep(_away, message, now)
            case CameraState.ONLINE:
                await self._keep(_back, message, now)
            case CameraState.CONNECTING | CameraState.DISABLED:
                pass

    async def silent(self, cameras: Iterable[CameraId]) -> None:
        """Take in which cameras' processes do not answer now; call every few seconds with all of them."""
        silent = set(cameras)
        for camera in sorted(silent - self._silent):
            reason = "its recording process does not answer"
            await self.camera_state(self._supposed(camera, CameraState.OFFLINE, reason))
        self._silent |= silent

    async def heard(self, camera: CameraId, state: CameraState) -> None:
        """Take in a camera's present state: after a silence it may be online without having said so."""
        if camera in self._silent:
            self._silent.discard(camera)
            if state is CameraState.ONLINE:
                await self.camera_state(self._supposed(camera, state, ""))

    async def gap(self, message: FootageGap) -> None:
        """Take in that footage is missing. A moment without is for the ledger alone."""
        if message.end_ns - message.start_ns < GAP_EVENT_NS:
            return
        now = self._clock.instant()
        start, end = wall_of(message.start_ns, now), wall_of(message.end_ns, now)
        event = Event(
            id=natural_id(EventType.FOOTAGE_GAP, message.camera, now.boot_id, message.start_ns),
            type=EventType.FOOTAGE_GAP,
            severity=Severity.WARNING,
            camera=message.camera,
            start=start,
            end=end,
            detail=message.reason,
        )
        seen = Instant(start, message.start_ns, now.boot_id)
        kept = await self._database.run(lambda c: Events(c, now.wall).add(event, seen))
        self._tell([kept])

    async def look_status(self, status: LookStatus) -> None:
        """Take in whether a camera's key frames are too far apart to see motion in time."""
        long = status.problem == KEY_INTERVAL_LONG
        if self._long.get(status.camera) == long:
            return
        now = self._clock.instant()
        detail = f"key frames are {status.key_interval_s:.1f} s apart" if status.key_interval_s else ""

        def keep(connection: Connection) -> list[Event | None]:
            events = Events(connection, now.wall)
            lasting = events.open_of(status.camera, EventType.KEY_INTERVAL_LONG)
            if long and lasting is None:
                new = _instant_event(
                    status.camera, EventType.KEY_INTERVAL_LONG, now, detail, Severity.WARNING
                )
                return [events.add(replace(new, end=None), now)]
            if not long and lasting is not None:
                return [events.end(lasting.id, events.label(lasting.id, now))]
            return []

        self._tell(await self._database.run(keep))
        self._long[status.camera] = long

    async def _keep(self, change: _Change, message: CameraStateChanged, now: Instant) -> None:
        at = Instant(wall_of(message.at_ns, now), message.at_ns, now.boot_id)
        self._tell(await self._database.run(lambda c: change(Events(c, now.wall), message, at)))

    def _supposed(self, camera: CameraId, state: CameraState, reason: str) -> CameraStateChanged:
        return CameraStateChanged(camera, state, self._clock.monotonic_ns(), reason)

    def _tell(self, changed: Iterable[Event | None]) -> None:
        for event in changed:
            if event is not None:
                self._publisher.publish("event", event.id, event)


def _away(events: Events, message: CameraStateChanged, at: Instant) -> list[Event | None]:
    """Begin "offline" or "stalled"; who was stalled and cannot be reached at all now is offline."""
    if events.open_of(message.camera, EventType.CAMERA_OFFLINE) is not None:
        return []
    kind = EventType.CAMERA_STALLED if message.cause == STALLED else EventType.CAMERA_OFFLINE
    stalled = events.open_of(message.camera, EventType.CAMERA_STALLED)
    if stalled is not None and kind is EventType.CAMERA_STALLED:
        return []
    ended = None if stalled is None else events.end(stalled.id, events.label(stalled.id, at))
    event = _instant_event(message.camera, kind, at, message.reason, Severity.WARNING)
    return [ended, events.add(replace(event, end=None), at)]


def _back(events: Events, message: CameraStateChanged, at: Instant) -> list[Event | None]:
    ended = [
        events.end(away.id, events.label(away.id, at))
        for kind in (EventType.CAMERA_OFFLINE, EventType.CAMERA_STALLED)
        if (away := events.open_of(message.camera, kind)) is not None
    ]
    event = _instant_event(message.camera, EventType.CAMERA_ONLINE, at, message.reason, Severity.INFO)
    return [*ended, events.add(event, at)]


def _instant_event(camera: CameraId, kind: EventType, at: Instant, detail: str, severity: Severity) -> Event:
    event_id = natural_id(kind, camera, at.boot_id, at.monotonic_ns)
    return Event(event_id, kind, severity, camera, at.wall, at.wall, detail=detail)
