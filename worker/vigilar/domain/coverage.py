"""Coverage: time in which a camera was meant to be watched and was not, and how such times add up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from vigilar.domain.camera import CameraId


class GapReason(StrEnum):
    """Why nothing of a camera was kept, or could have been."""

    CAMERA_OFFLINE = "camera_offline"
    CAMERA_REFUSED = "camera_refused"
    STALLED = "stalled"
    STARTING = "starting"
    CAPTURE_DOWN = "capture_down"
    WORKER_DOWN = "worker_down"
    DISK_LATE = "disk_late"
    DISK_FAILED = "disk_failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Gap:
    """One stretch of time of one camera, [start, end). `detail` is for people and free of credentials.

    Two boots: that of the clock `start` was read from and that of `end`; they differ when the machine was
    started anew in between. `start_ns`: CLOCK_MONOTONIC at the start.
    """

    id: str
    camera: CameraId
    start: datetime
    end: datetime
    reason: GapReason
    detail: str = ""
    boot_id: str = ""
    start_ns: int = 0
    end_boot_id: str = ""

    @property
    def seconds(self) -> float:
        """How long it is; 0 for one whose end was read from a clock that is wrong."""
        return max(0.0, (self.end - self.start).total_seconds())


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A gap that lasts."""

    camera: CameraId
    since: datetime
    reason: GapReason


@dataclass(frozen=True, slots=True)
class CoverageQuery:
    """Filters of the list of gaps. `after`, `before`: those that touch [after, before)."""

    cameras: tuple[CameraId, ...] = ()
    reasons: tuple[GapReason, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CameraCoverage:
    """What one camera lacks of a day so far, in seconds, by reason; and what it lacks just now."""

    camera: CameraId
    missing_s: float
    by_reason: dict[GapReason, float]
    now: OpenGap | None


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """A day of the household's zone, [start, end), and what every camera lacks of it so far."""

    day: str
    time_zone: str
    start: datetime
    end: datetime
    cameras: tuple[CameraCoverage, ...]


class Span(NamedTuple):
    """Some time, [start, end)."""

    start: datetime
    end: datetime


def without(span: Span, taken: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of `span` outside all of `taken`, in order of time."""
    start = span.start
    for other in sorted(taken):
        if other.end <= start:
            continue
        if other.start >= span.end:
            break
        if other.start > start:
            yield Span(start, other.start)
        start = other.end
    if start < span.end:
        yield Span(start, span.end)


def seconds_by_reason(gaps: Iterable[Gap], window: Span) -> dict[GapReason, float]:
    """Return the seconds of one camera's gaps within `window`, by reason; none is counted twice.

    Where gaps overlap, the one that began first counts.
    """
    found: dict[GapReason, float] = {}
    counted_to = window.start
    for gap in sorted(gaps, key=lambda gap: (gap.start, gap.end, gap.reason)):
        start, end = max(gap.start, counted_to), min(gap.end, window.end)
        if end > start:
            found[gap.reason] = found.get(gap.reason, 0.0) + (end - start).total_seconds()
            counted_to = end
    return found


def joined(some: Gap, more: Iterable[Gap]) -> Gap:
    """Return one gap for all of these, which touch each other: the earliest's, up to the last end."""
    gaps = [some, *more]
    last = max(gaps, key=lambda gap: gap.end)
    return replace(min(gaps, key=lambda gap: gap.start), end=last.end, end_boot_id=last.end_boot_id)
