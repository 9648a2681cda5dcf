"""What a recording file says of itself: the head is written when it opens, the tail when it is sealed.

Together they make a `Clip`, so the clip index can be rebuilt from the files alone. The vault authenticates
both (the head as the header's `meta`, the tail in the final record) and does not look inside.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import Clip, ClipId, ClipKind, Trigger
from vigilar.domain.errors import VigilarError


class UnreadableRecordingError(VigilarError):
    """A recording's head or tail is not what we write: another program's file, or a newer version's."""

    code = "unreadable_recording"


@dataclass(frozen=True, slots=True)
class RecordingHead:
    """Known when the file opens. `start_ns` is CLOCK_MONOTONIC of boot `boot_id`."""

    clip_id: ClipId
    camera: CameraId
    kind: ClipKind
    trigger: Trigger
    start: datetime
    start_ns: int
    boot_id: str
    video_codec: str
    width: int
    height: int
    audio_codec: str | None = None
    first_moving: datetime | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingTail:
    """Known when the file is sealed. `recovered_from`: file id of the torn file whose records these are."""

    end: datetime
    duration_s: float
    event_ids: tuple[str, ...] = ()
    recovered_from: str | None = None


def clip_of(head: RecordingHead, tail: RecordingTail, *, path: str, size_bytes: int, file_id: str) -> Clip:
    """Return the clip that a sealed file holds. `path` is relative to the storage root."""
    return Clip(
        id=head.clip_id,
        camera=head.camera,
        kind=head.kind,
        trigger=head.trigger,
        start=head.start,
        end=tail.end,
        duration_s=tail.duration_s,
        size_bytes=size_bytes,
        path=path,
        file_id=file_id,
        video_codec=head.video_codec,
        width=head.width,
        height=head.height,
        audio_codec=head.audio_codec,
        first_moving=head.first_moving,
        recovered=tail.recovered_from is not None,
    )


_HEAD: Final = msgspec.json.Decoder(RecordingHead)
_TAIL: Final = msgspec.json.Decoder(RecordingTail)


def encode_head(head: RecordingHead) -> bytes:
    """Return the head as the vault stores it (JSON)."""
    return msgspec.json.encode(head)


def decode_head(data: bytes) -> RecordingHead:
    """Read a head. Unknown fields are ignored. Raises UnreadableRecordingError."""
    try:
        return _HEAD.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError) as err:
        raise UnreadableRecordingError(f"the recording's head cannot be read: {err}") from err


def encode_tail(tail: RecordingTail) -> bytes:
    """Return the tail as the vault stores it (JSON)."""
    return msgspec.json.encode(tail)


def decode_tail(data: bytes) -> RecordingTail:
    """Read a tail. Unknown fields are ignored. Raises UnreadableRecordingError."""
    try:
        return _TAIL.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError) as err:
        raise UnreadableRecordingError(f"the recording's tail cannot be read: {err}") from err
