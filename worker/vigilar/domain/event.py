"""Events: what a household may want to know, with a start and often an end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipId

type EventId = str
"""A UUID in text form, made by whoever saw it first; inserting it twice is once."""


class EventType(StrEnum):
    """Kinds of events."""

    MOTION = "motion"
    SCENE_CHANGED = "scene_changed"
    MANUAL_RECORDING = "manual_recording"
    CAMERA_ONLINE = "camera_online"
    CAMERA_OFFLINE = "camera_offline"
    KEY_INTERVAL_LONG = "key_interval_long"
    FOOTAGE_GAP = "footage_gap"
    CAMERA_STALLED = "camera_stalled"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_COVERED = "camera_covered"
    CAMERA_DEFOCUSED = "camera_defocused"
    CAMERA_MOVED = "camera_moved"
    SUB_VIEW_DIFFERS = "sub_view_differs"


class Severity(StrEnum):
    """How much an event matters."""

    INFO = "info"
    WARNING = "warning"
    ALERT = "alert"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one camera. `end` is None while it lasts. `zones` names the include zones it touched."""

    id: EventId
    type: EventType
    severity: Severity
    camera: CameraId
    start: datetime
    end: datetime | None = None
    clip_id: ClipId | None = None
    zones: tuple[str, ...] = ()
    score: float | None = None
    detail: str = ""
    acknowledged: datetime | None = None


@dataclass(frozen=True, slots=True)
class SystemEvent:
    """Something an operator may want to know about the worker itself (restarts, recovery, gaps)."""

    id: EventId
    component: str
    severity: Severity
    at: datetime
    message: str
