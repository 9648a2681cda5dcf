"""What the recorder decides, for the writer to do."""

from dataclasses import dataclass
from datetime import datetime

from vigilar.capture.chunk import Chunk
from vigilar.domain.clip import ClipId, ClipKind, Trigger
from vigilar.domain.coverage import GapReason
from vigilar.media.stream_info import StreamInfo


@dataclass(frozen=True, slots=True)
class Name:
    """A fresh clip id and the wall time (UTC) it is made from."""

    clip_id: ClipId
    start: datetime


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Begin a file. `start_ns`, `start`: its first packet's arrival. `follows`: the file that ended before.

    `first_moving_ns` only where motion within this file began the recording.
    """

    clip_id: ClipId
    start: datetime
    kind: ClipKind
    trigger: Trigger
    info: StreamInfo
    start_ns: int
    first_moving_ns: int | None = None
    event_id: str | None = None
    follows: ClipId | None = None


@dataclass(frozen=True, slots=True)
class WriteChunks:
    """Append packets to an open file."""

    clip_id: ClipId
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class CloseFile:
    """Seal a file. `end_ns`: arrival of its last packet. `followed`: another file goes on where it ends."""

    clip_id: ClipId
    end_ns: int
    event_ids: tuple[str, ...] = ()
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Tell that nothing reached the disk in this time though it should have."""

    start_ns: int
    end_ns: int
    reason: str
    cause: GapReason


type Action = OpenFile | WriteChunks | CloseFile | Gap
