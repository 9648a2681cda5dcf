"""What the API asks of the house.

Implemented by `cameras/`, `recordings/` and `events/`, injected by `core.py`. Failures are `VigilarError`s
(`not_found`, `invalid_request`, `unavailable`); the API turns them into envelopes.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from vigilar.domain.camera import CameraId, CameraState, RecordingMode, StreamFacts
from vigilar.domain.clip import ClipId
from vigilar.domain.coverage import CoverageQuery, DayCoverage, Gap
from vigilar.domain.event import Event, EventId, Severity, SystemEvent
from vigilar.domain.query import ClipQuery, ClipView, EventQuery, Page
from vigilar.domain.settings import MotionSettings

__all__ = [
    "CameraService",
    "CameraStorage",
    "CameraView",
    "ClipMedia",
    "ClipQuery",
    "ClipService",
    "ClipView",
    "CoverageService",
    "Delta",
    "DeltaData",
    "DeltaPublisher",
    "EventQuery",
    "EventService",
    "Feed",
    "HealthItem",
    "HealthReport",
    "HealthService",
    "HealthStatus",
    "LiveService",
    "LiveTicket",
    "Page",
    "Services",
    "StorageService",
    "StorageView",
    "Subscription",
]


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera as the outside sees it: no address, no credential."""

    id: CameraId
    name: str
    state: CameraState
    mode: RecordingMode
    motion: bool
    recording: bool
    main: StreamFacts | None
    sub: StreamFacts | None
    motion_settings: MotionSettings
    last_motion: datetime | None
    last_clip: ClipId | None
    restarts: int
    reconnects: int
    problem: str = ""
    missing_today_s: float = 0.0


class ClipMedia(Protocol):
    """An opened clip, random access."""

    @property
    def size(self) -> int:
        """Size of the plaintext in bytes."""

    @property
    def etag(self) -> str:
        """Strong entity tag, quotes included."""

    @property
    def mime(self) -> str:
        """Media type of the plaintext."""

    @property
    def last_modified(self) -> datetime:
        """When the clip was sealed, timezone-aware."""

    def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield the plaintext [start, start + length); decrypts only the covering records, off the loop."""

    async def close(self) -> None:
        """Let go of the file."""


class CameraService(Protocol):
    """Cameras and what can be asked of them."""

    def all(self) -> tuple[CameraView, ...]:
        """Return every configured camera, in configuration order."""

    def get(self, camera: CameraId) -> CameraView:
        """Return one. Raises NotFoundError."""

    async def snapshot(self, camera: CameraId, width: int) -> bytes:
        """Return a JPEG at most `width` pixels wide. Raises NotFoundError, UnavailableError."""

    async def record(self, camera: CameraId, seconds: float) -> ClipId:
        """Record now. Raises NotFoundError, UnavailableError."""

    async def set_recording_mode(self, camera: CameraId, mode: RecordingMode) -> None:
        """Change the mode until the next start."""

    async def set_motion(self, camera: CameraId, motion: MotionSettings) -> None:
        """Change motion settings until the next start."""


class ClipService(Protocol):
    """Recordings: the index and the files."""

    async def list(self, query: ClipQuery) -> Page[ClipView]:
        """Return one page. Raises InvalidRequestError for a cursor that is not ours."""

    async def get(self, clip: ClipId) -> ClipView:
        """Return one. Raises NotFoundError."""

    async def open(self, clip: ClipId) -> ClipMedia:
        """Open its media. Raises NotFoundError, UnavailableError (damaged, key missing)."""

    async def star(self, clip: ClipId, starred: bool) -> ClipView:
        """Set or clear the star, a small file beside the clip."""

    async def delete(self, clip: ClipId, *, actor: str) -> None:
        """Journal, then delete. Raises NotFoundError."""


class EventService(Protocol):
    """Events and the worker's own log of what happened to it."""

    async def list(self, query: EventQuery) -> Page[Event]:
        """Return one page. Raises InvalidRequestError for a cursor that is not ours."""

    async def get(self, event: EventId) -> Event:
        """Return one. Raises NotFoundError."""

    async def acknowledge(self, event: EventId) -> Event:
        """Mark as seen (once; repeating changes nothing)."""

    async def system_events(self, limit: int) -> tuple[SystemEvent, ...]:
        """Return the newest."""


class CoverageService(Protocol):
    """The coverage ledger: when cameras were meant to be watched and were not."""

    async def list(self, query: CoverageQuery) -> Page[Gap]:
        """Return one page of gaps that are over. Raises InvalidRequestError for a cursor not ours."""

    def today(self) -> DayCoverage:
        """Return what every camera lacks of today so far."""


@dataclass(frozen=True, slots=True)
class LiveTicket:
    """A right to watch one camera, for a short while."""

    ticket: str
    camera: CameraId
    expires: datetime


class LiveService(Protocol):
    """Live view: MPEG-TS per viewer."""

    def issue(self, camera: CameraId) -> LiveTicket:
        """Return a new ticket. Raises NotFoundError."""

    def revoke(self, camera: CameraId) -> int:
        """Void a camera's tickets and end their streams; return how many."""

    async def stream(self, ticket: str) -> AsyncIterator[bytes]:
        """Open the stream (NotFoundError for a bad ticket, UnavailableError), then yield MPEG-TS."""


class HealthStatus(StrEnum):
    """The worker's overall state."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class HealthItem:
    """One thing that is not as it should be. `key` is stable; `camera` empty for the worker itself."""

    key: str
    severity: Severity
    message: str
    camera: CameraId = ""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """Overall status with what it rests on."""

    status: HealthStatus
    items: tuple[HealthItem, ...]
    uptime_s: float
    processes: Mapping[str, int]
    """process name → times it was restarted"""


class HealthService(Protocol):
    """How the worker is doing."""

    def report(self) -> HealthReport:
        """Return the current report."""

    async def diagnostics(self) -> Mapping[str, Any]:
        """Return JSON-able facts for a bug report, built from an allow-list: no secret, no address."""


@dataclass(frozen=True, slots=True)
class CameraStorage:
    """What one camera's recordings take. `bytes_per_day`, `days_left`: None while that cannot be told.

    `max_bytes`: the camera's own budget; `oldest`: start of its oldest recording, None without any.
    """

    camera: CameraId
    used_bytes: int
    clips: int
    segments: int
    starred: int
    oldest: datetime | None
    max_bytes: int | None
    bytes_per_day: float | None
    days_left: float | None


@dataclass(frozen=True, slots=True)
class StorageView:
    """What all recordings take, and how long the room lasts until the oldest have to go.

    `clock_sure`: whether the clock is believed, so that recordings go for their age. `ballast`: whether the
    file is there that is given up when the disk is full.
    """

    used_bytes: int
    disk_bytes: int
    free_bytes: int
    min_free_bytes: int
    max_bytes: int | None
    bytes_per_day: float | None
    days_left: float | None
    ballast: bool
    clock_sure: bool
    cameras: tuple[CameraStorage, ...]


class StorageService(Protocol):
    """How much room there is."""

    def latest(self) -> StorageView | None:
        """Return what was found last, None before the first look."""

    async def usage(self) -> StorageView:
        """Return what was found last, after the first look. Raises UnavailableError (no disk)."""


type DeltaData = CameraView | ClipView | Event | SystemEvent | HealthReport | StorageView | Mapping[str, Any]
"""The value, or its `msgspec.to_builtins`: the API shows it as over HTTP. Other mappings go out unchanged."""


@dataclass(frozen=True, slots=True)
class Delta:
    """One change of the state shown on the WebSocket; `seq` rises by one each."""

    seq: int
    topic: str
    """camera | event | clip | clip_deleted | health | system_event | storage"""
    key: str
    data: DeltaData


class DeltaPublisher(Protocol):
    """Where the rooms tell what changed."""

    def publish(self, topic: str, key: str, value: Any) -> None:
        """Tell that `key` of `topic` is now `value` (a dataclass or a mapping)."""


class Feed(Protocol):
    """State for WebSocket clients."""

    def snapshot(self) -> tuple[int, Mapping[str, Any]]:
        """Return (seq, {"cameras": (CameraView, …), "health": HealthReport}), or their builtins."""

    def subscribe(self, limit: int = 512) -> "Subscription":
        """Return a bounded queue of deltas that starts after the current seq."""


class Subscription(Protocol):
    """A client's queue. When it overflows, `lagged` turns true and the client must resync from a snapshot."""

    lagged: bool

    async def next(self) -> Delta:
        """Wait for the next delta."""

    def close(self) -> None:
        """End the subscription."""


@dataclass(frozen=True, slots=True)
class Services:
    """All of them, for the application factory."""

    cameras: CameraService
    clips: ClipService
    events: EventService
    live: LiveService
    health: HealthService
    feed: Feed
    storage: StorageService
    coverage: CoverageService
