"""The services the API asks, in memory: they keep the contracts of `vigilar.api.services`, nothing else."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vigilar.api.services import (
    CameraStorage,
    CameraView,
    ClipQuery,
    ClipView,
    Delta,
    EventQuery,
    HealthItem,
    HealthReport,
    HealthStatus,
    LiveTicket,
    Page,
    Services,
    StorageView,
)
from vigilar.domain.camera import CameraState, RecordingMode, StreamFacts
from vigilar.domain.clip import Clip, ClipKind, Trigger, clip_id
from vigilar.domain.clock import Instant
from vigilar.domain.coverage import (
    CameraCoverage,
    CoverageQuery,
    DayCoverage,
    Gap,
    GapReason,
    OpenGap,
)
from vigilar.domain.errors import InvalidRequestError, NotFoundError, UnavailableError
from vigilar.domain.event import Event, EventType, Severity, SystemEvent
from vigilar.domain.settings import MotionSettings

START = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
FILM = bytes(range(256)) * 40
JPEG = b"\xff\xd8\xff\xe0 a picture"
TICKET = "ticket-for-the-yard-0"


@dataclass
class FakeClock:
    """A clock that stands until it is moved."""

    ns: int = 10**12
    wall: datetime = START

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return self.wall

    def instant(self) -> Instant:
        return Instant(self.wall, self.ns, "boot")

    def advance(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)
        self.wall += timedelta(seconds=seconds)


def camera(name: str = "yard", **changes: Any) -> CameraView:
    view = CameraView(
        id=name,
        name=name.title(),
        state=CameraState.ONLINE,
        mode=RecordingMode.MOTION,
        motion=False,
        recording=False,
        main=StreamFacts("h264", 1920, 1080, 15.0, 1.0, "aac", 2_000_000),
        sub=None,
        motion_settings=MotionSettings(),
        last_motion=START,
        last_clip=None,
        restarts=0,
        reconnects=2,
    )
    return replace(view, **changes)


def clip(minute: int = 0, name: str = "yard") -> Clip:
    start = START + timedelta(minutes=minute)
    identity = clip_id(name, start)
    return Clip(
        id=identity,
        camera=name,
        kind=ClipKind.CLIP,
        trigger=Trigger.MOTION,
        start=start,
        end=start + timedelta(seconds=20),
        duration_s=20.0,
        size_bytes=12345,
        path=f"clips/{name}/2026-11-21/{identity}.vge",
        file_id=f"{minute:032x}",
        video_codec="h264",
        width=1920,
        height=1080,
        audio_codec="flac",
        first_moving=start + timedelta(seconds=5),
    )


def event(n: int = 0, **changes: Any) -> Event:
    identity = f"00000000-0000-4000-8000-{n:012d}"
    start = START + timedelta(minutes=n)
    return replace(
        Event(identity, EventType.MOTION, Severity.INFO, "yard", start, zones=("gate",)), **changes
    )


def page_of[T](items: list[T], limit: int, cursor: str | None) -> Page[T]:
    """Page by position; the real ones page by key."""
    if cursor is not None and not cursor.isdecimal():
        raise InvalidRequestError("this cursor is not one of ours")
    first = int(cursor[:9]) if cursor else 0
    after = first + limit
    return Page(tuple(items[first:after]), str(after) if after < len(items) else None)


@dataclass
class FakeCameras:
    views: dict[str, CameraView] = field(default_factory=lambda: {"yard": camera(), "door": camera("door")})
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    hold: asyncio.Event | None = None

    def all(self) -> tuple[CameraView, ...]:
        return tuple(self.views.values())

    def get(self, camera: str) -> CameraView:
        if camera not in self.views:
            raise NotFoundError(f"there is no camera {camera!r}")
        return self.views[camera]

    def _present(self, camera: str) -> CameraView:
        view = self.get(camera)
        if camera in self.away:
            raise UnavailableError(f"camera {camera!r} does not answer just now")
        return view

    async def snapshot(self, camera: str, width: int) -> bytes:
        self._present(camera)
        self.asked.append(("snapshot", camera, width))
        return JPEG

    async def record(self, camera: str, seconds: float) -> str:
        self._present(camera)
        self.asked.append(("record", camera, seconds))
        if self.hold is not None:
            await self.hold.wait()
        return clip_id(camera, START)

    async def set_recording_mode(self, camera: str, mode: RecordingMode) -> None:
        self.views[camera] = replace(self._present(camera), mode=mode)

    async def set_motion(self, camera: str, motion: MotionSettings) -> None:
        self.views[camera] = replace(self._present(camera), motion_settings=motion)


@dataclass
class FakeMedia:
    """A film in memory, handed out 1000 bytes at a time. `fails_after`: damaged from this byte on."""

    film: bytes = FILM
    etag: str = '"f1lm"'
    mime: str = "video/mp4"
    last_modified: datetime = START
    fails_after: int | None = None
    closed: int = 0
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.film)

    async def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        self.reads.append((start, length))
        for at in range(start, start + length, 1000):
            if self.fails_after is not None and at >= self.fails_after:
                raise UnavailableError("the clip is damaged here")
            yield self.film[at : min(at + 1000, start + length)]

    async def close(self) -> None:
        self.closed += 1


@dataclass
class FakeClips:
    kept: dict[str, ClipView] = field(default_factory=dict)
    media: FakeMedia = field(default_factory=FakeMedia)
    opened: int = 0
    queries: list[ClipQuery] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)

    async def list(self, query: ClipQuery) -> Page[ClipView]:
        self.queries.append(query)
        return page_of([*reversed(self.kept.values())], query.limit, query.cursor)

    async def get(self, clip: str) -> ClipView:
        if clip not in self.kept:
            raise NotFoundError(f"there is no clip {clip!r}")
        return self.kept[clip]

    async def open(self, clip: str) -> FakeMedia:
        await self.get(clip)
        self.opened += 1
        return self.media

    async def star(self, clip: str, starred: bool) -> ClipView:
        self.kept[clip] = replace(await self.get(clip), starred=starred)
        return self.kept[clip]

    async def delete(self, clip: str, *, actor: str) -> None:
        await self.get(clip)
        del self.kept[clip]
        self.deleted.append((clip, actor))


@dataclass
class FakeEvents:
    kept: dict[str, Event] = field(default_factory=dict)
    queries: list[EventQuery] = field(default_factory=list)

    async def list(self, query: EventQuery) -> Page[Event]:
        self.queries.append(query)
        return page_of([*reversed(self.kept.values())], query.limit, query.cursor)

    async def get(self, event: str) -> Event:
        if event not in self.kept:
            raise NotFoundError(f"there is no event {event!r}")
        return self.kept[event]

    async def acknowledge(self, event: str) -> Event:
        known = await self.get(event)
        self.kept[event] = replace(known, acknowledged=known.acknowledged or START)
        return self.kept[event]

    async def system_events(self, limit: int) -> tuple[SystemEvent, ...]:
        events = [SystemEvent(f"{n}", "core", Severity.INFO, START, "started") for n in range(3)]
        return tuple(events[:limit])


def gap(n: int = 0, name: str = "yard") -> Gap:
    start = START + timedelta(minutes=n)
    return Gap(f"g{n}", name, start, start + timedelta(seconds=7.5), GapReason.STALLED, "nothing comes")


@dataclass
class FakeCoverage:
    kept: list[Gap] = field(default_factory=lambda: [gap(n) for n in range(5)])
    queries: list[CoverageQuery] = field(default_factory=list)

    async def list(self, query: CoverageQuery) -> Page[Gap]:
        self.queries.append(query)
        return page_of([*reversed(self.kept)], query.limit, query.cursor)

    def today(self) -> DayCoverage:
        lasting = OpenGap("yard", START, GapReason.CAMERA_OFFLINE)
        by_reason = {GapReason.STALLED: 7.5, GapReason.CAMERA_OFFLINE: 30.0}
        yard = CameraCoverage("yard", 37.5, by_reason, lasting)
        return DayCoverage("2026-11-21", "Europe/Vienna", START, START, (yard,))


@dataclass
class FakeLive:
    """One ticket that works; its stream sends three chunks and then waits until it is closed."""

    tickets: dict[str, str] = field(default_factory=lambda: {TICKET: "yard"})
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    endless: bool = True

    def issue(self, camera: str) -> LiveTicket:
        if camera not in {"yard", "door"}:
            raise NotFoundError(f"there is no camera {camera!r}")
        return LiveTicket(TICKET, camera, START + timedelta(minutes=5))

    def revoke(self, camera: str) -> int:
        return len([self.tickets.pop(ticket) for ticket, of in [*self.tickets.items()] if of == camera])

    async def stream(self, ticket: str) -> AsyncIterator[bytes]:
        if ticket not in self.tickets:
            raise NotFoundError("this live ticket is not valid (any more)")
        return self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        try:
            for n in range(3):
                yield b"G" + bytes([n]) * 187
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.ended.set()


@dataclass
class FakeHealth:
    status: HealthStatus = HealthStatus.HEALTHY
    items: tuple[HealthItem, ...] = (HealthItem("recovery_key", Severity.WARNING, "save the recovery key"),)

    def report(self) -> HealthReport:
        return HealthReport(self.status, self.items, 12.5, {"look": 1, "capture:yard": 0})

    async def diagnostics(self) -> Mapping[str, Any]:
        return {"version": "0.1.0", "python": "3.13"}


def storage_view(**changes: Any) -> StorageView:
    own = CameraStorage("yard", 4000, 3, 1, 1, START, 9000, 1000.0, 5.0)
    new = CameraStorage("door", 0, 0, 0, 0, None, None, None, 2.5)
    view = StorageView(4000, 10_000, 3000, 500, None, 1000.0, 2.5, True, True, (own, new))
    return replace(view, **changes)


@dataclass
class FakeStorage:
    view: StorageView | None = field(default_factory=storage_view)

    def latest(self) -> StorageView | None:
        return self.view

    async def usage(self) -> StorageView:
        if self.view is None:
            raise UnavailableError("the disk of the recordings does not answer")
        return self.view


class FakeSubscription:
    def __init__(self, limit: int) -> None:
        self.lagged = False
        self.closed = False
        self._limit = limit
        self._waiting: deque[Delta] = deque()
        self._more = asyncio.Event()

    def put(self, delta: Delta) -> None:
        self.lagged = self.lagged or len(self._waiting) >= self._limit
        if not self.lagged:
            self._waiting.append(delta)
        self._more.set()

    async def next(self) -> Delta:
        while not self._waiting:
            self._more.clear()
            await self._more.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        self.closed = True


class FakeFeed:
    def __init__(self, cameras: FakeCameras) -> None:
        self.seq = 7
        self.subscriptions: list[FakeSubscription] = []
        self._cameras = cameras

    def snapshot(self) -> tuple[int, Mapping[str, Any]]:
        return self.seq, {"cameras": list(self._cameras.all()), "health": FakeHealth().report()}

    def subscribe(self, limit: int = 512) -> FakeSubscription:
        self.subscriptions.append(FakeSubscription(limit))
        return self.subscriptions[-1]

    def publish(self, topic: str, key: str, data: Any) -> None:
        self.seq += 1
        for subscription in self.subscriptions:
            if not subscription.closed:
                subscription.put(Delta(self.seq, topic, key, data))


@dataclass
class FakeHouse:
    """All of them, with handles for the tests."""

    cameras: FakeCameras = field(default_factory=FakeCameras)
    clips: FakeClips = field(default_factory=FakeClips)
    events: FakeEvents = field(default_factory=FakeEvents)
    live: FakeLive = field(default_factory=FakeLive)
    health: FakeHealth = field(default_factory=FakeHealth)
    storage: FakeStorage = field(default_factory=FakeStorage)
    coverage: FakeCoverage = field(default_factory=FakeCoverage)

    def __post_init__(self) -> None:
        self.feed = FakeFeed(self.cameras)
        for n in range(5):
            view = ClipView(clip(n), starred=False)
            self.clips.kept[view.clip.id] = view
            self.events.kept[event(n).id] = event(n)

    def services(self) -> Services:
        return Services(
            self.cameras,
            self.clips,
            self.events,
            self.live,
            self.health,
            self.feed,
            self.storage,
            self.coverage,
        )
