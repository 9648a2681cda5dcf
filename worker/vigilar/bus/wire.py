"""The frames of a message: kind, id (16 bytes), msgpack payload, blob."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import uuid4

import msgspec

from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.messages import AnyMessage

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[AnyMessage]] = msgspec.msgpack.Decoder(AnyMessage)


class Kind(StrEnum):
    """What a set of frames is."""

    MATTERS = "m"
    STATE = "s"
    COMMAND = "c"
    REPLY = "r"
    ACK = "a"


_KINDS: Final = {kind.value.encode(): kind for kind in Kind}
_BYTES: Final = {kind: kind.value.encode() for kind in Kind}


@dataclass(frozen=True, slots=True)
class Received:
    """From a peer. `kind` says what is owed: an ack (MATTERS), a reply (COMMAND), nothing (STATE)."""

    message: AnyMessage
    blob: bytes
    peer: str
    id: bytes
    kind: Kind


def new_id() -> bytes:
    """Return a fresh message id."""
    return uuid4().bytes


def pack(kind: Kind, message_id: bytes, message: AnyMessage | None = None, blob: bytes = b"") -> list[bytes]:
    """Return the frames; an ACK has no message."""
    payload = b"" if message is None else _ENCODER.encode(message)
    return [_BYTES[kind], message_id, payload, blob]


def split(frames: list[bytes]) -> tuple[Kind, bytes, bytes, bytes]:
    """Return (kind, id, payload, blob). Raises MalformedMessageError."""
    if len(frames) != 4 or len(frames[1]) != 16:
        raise MalformedMessageError(
            f"a message of {len(frames)} frames came over the bus; four were expected"
        )
    kind = _KINDS.get(frames[0])
    if kind is None:
        raise MalformedMessageError(f"a message of unknown kind {frames[0][:8]!r} came over the bus")
    return kind, frames[1], frames[2], frames[3]


def decode(payload: bytes) -> AnyMessage:
    """Return the message. Raises MalformedMessageError."""
    try:
        return _DECODER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as err:
        raise MalformedMessageError(f"a message over the bus cannot be read: {err}") from err
