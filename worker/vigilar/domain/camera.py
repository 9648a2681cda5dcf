"""Cameras: how they are named, recorded and doing."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

type CameraId = str
"""A slug: lower-case letters, digits and underscores; part of file names and topics."""

CAMERA_ID_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9_]{0,46}[a-z0-9])?")


class RecordingMode(StrEnum):
    """When a camera is recorded."""

    MOTION = "motion"
    CONTINUOUS = "continuous"
    OFF = "off"


class CameraState(StrEnum):
    """How a camera's main stream is doing."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream was found to carry. `fps` and `key_interval_s` are measured, 0 while unknown."""

    video_codec: str
    width: int
    height: int
    fps: float = 0.0
    key_interval_s: float = 0.0
    audio_codec: str | None = None
    bit_rate: int = 0
