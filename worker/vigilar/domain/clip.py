"""Clips (what happened) and segments (continuous recording): sealed, self-describing files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from vigilar.domain.camera import CameraId

type ClipId = str
"""`{camera}_{YYYYmmddTHHMMSSZ}` with `_2`, `_3` … when several start in one second; also the file's stem."""

CLIP_ID_PATTERN: Final = re.compile(
    r"(?P<camera>[a-z0-9](?:[a-z0-9_]{0,46}[a-z0-9])?)_(?P<stamp>\d{8}T\d{6}Z)(?:_(?P<n>[1-9]\d*))?"
)
STAMP_FORMAT: Final = "%Y%m%dT%H%M%SZ"


class ClipKind(StrEnum):
    """`clip`: something happened. `segment`: a stretch of continuous recording."""

    CLIP = "clip"
    SEGMENT = "segment"


class Trigger(StrEnum):
    """Why a recording began."""

    MOTION = "motion"
    SCENE_CHANGED = "scene_changed"
    MANUAL = "manual"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Clip:
    """A sealed recording, as its own file tells it.

    `start`/`end` are wall-time labels (UTC) of the first and last packet; `duration_s` is media time.
    `path` is relative to the storage root. `first_moving` is the first moving frame's time, if motion began
    it.
    `recovered` marks a clip salvaged from a file torn by a crash.
    """

    id: ClipId
    camera: CameraId
    kind: ClipKind
    trigger: Trigger
    start: datetime
    end: datetime
    duration_s: float
    size_bytes: int
    path: str
    file_id: str
    video_codec: str
    width: int
    height: int
    audio_codec: str | None = None
    first_moving: datetime | None = None
    recovered: bool = False


def clip_id(camera: CameraId, start: datetime, n: int = 1) -> ClipId:
    """Return the id of the n-th recording of `camera` that starts in this UTC second."""
    stem = f"{camera}_{start.astimezone(UTC).strftime(STAMP_FORMAT)}"
    return stem if n == 1 else f"{stem}_{n}"


def day_of(start: datetime) -> str:
    """Return the UTC day folder (`2026-11-21`) of a recording."""
    return start.astimezone(UTC).strftime("%Y-%m-%d")
