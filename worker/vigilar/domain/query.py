"""What is asked of the index of clips and events, and the pages that answer it."""

from dataclasses import dataclass
from datetime import datetime

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import Clip, ClipKind, Trigger
from vigilar.domain.event import EventType, Severity


@dataclass(frozen=True, slots=True)
class ClipView:
    """A clip with what is kept beside it."""

    clip: Clip
    starred: bool


@dataclass(frozen=True, slots=True)
class Page[T]:
    """One page of a keyset-paged list, newest first. `next_cursor` is opaque; None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ClipQuery:
    """Filters of a clip list; None means any. `after`/`before` bound the start, half-open [after, before)."""

    cameras: tuple[CameraId, ...] = ()
    kind: ClipKind | None = None
    trigger: Trigger | None = None
    starred: bool | None = None
    after: datetime | None = None
    before: datetime | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Filters of an event list; None or empty means any."""

    cameras: tuple[CameraId, ...] = ()
    types: tuple[EventType, ...] = ()
    min_severity: Severity | None = None
    acknowledged: bool | None = None
    after: datetime | None = None
    before: datetime | None = None
    limit: int = 50
    cursor: str | None = None
