"""One packet of compressed video or audio, as it walks from camera to ring, file and decoder."""

from enum import StrEnum
from typing import Final

import msgspec

VIDEO_TICKS_PER_S: Final = 90_000


class PacketKind(StrEnum):
    """What a packet carries."""

    VIDEO = "video"
    AUDIO = "audio"


class MediaPacket(msgspec.Struct, frozen=True, gc=False):
    """One compressed picture (access unit) or one piece of sound.

    `pts`, `dts` and `duration` count ticks of the session's timeline (0 = the session's first packet):
    1/90000 s for video, 1/sample_rate s for audio. Within a stream of a session `dts`
    strictly rises and `pts >= dts`.
    `data` is Annex B for H.264 and H.265. `arrival_ns` is CLOCK_MONOTONIC when it left the demuxer.

    A Struct rather than a dataclass: one is made for every packet of every camera, and this costs a tenth.
    """

    kind: PacketKind
    data: bytes
    pts: int
    dts: int
    duration: int
    keyframe: bool
    arrival_ns: int
