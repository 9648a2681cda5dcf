"""The immutable header: written once, hashed into every record."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from vigilar.vault.errors import DamagedError, UnsupportedError
from vigilar.vault.primitives import sha256

MAGIC: Final = b"\x89VGE2\r\n\x1a"
VERSION: Final = 2
SUITE: Final = 1
BLOCK: Final = 4096
MAX_META: Final = 60_000
MAX_CAMERA: Final = 200
_FIXED: Final = struct.Struct(">8sHHI16s7sB32sqHI")
_MAX_BYTES: Final = 1 << 16
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself, in the clear but authenticated by every record.

    `file_id` 16 bytes, `nonce_prefix` 7, `commitment` 32; `start` aware, kept to the microsecond; `meta` is
    the writer's own (up to 60 000 bytes) and not looked into.
    """

    file_id: bytes
    nonce_prefix: bytes
    commitment: bytes
    camera: str
    start: datetime
    meta: bytes


def pack_header(header: Header) -> bytes:
    """Return the header block: a multiple of 4096 bytes, zero-padded. Raises UnsupportedError."""
    camera = header.camera.encode()
    if len(camera) > MAX_CAMERA or len(header.meta) > MAX_META:
        raise UnsupportedError(
            f"camera {header.camera[:40]}: its name or description is too long for a recording file"
        )
    length = -(-(_FIXED.size + len(camera) + len(header.meta)) // BLOCK) * BLOCK
    start_us = (header.start - _EPOCH) // timedelta(microseconds=1)
    fixed = _FIXED.pack(
        MAGIC,
        VERSION,
        SUITE,
        length,
        header.file_id,
        header.nonce_prefix,
        0,
        header.commitment,
        start_us,
        len(camera),
        len(header.meta),
    )
    return (fixed + camera + header.meta).ljust(length, b"\0")


def header_length(first: bytes) -> int:
    """Return the header block's length from the file's first bytes (at least 16).

    Raises DamagedError for what is not a version 2 file, UnsupportedError for a newer one.
    """
    if len(first) < 16 or first[:8] != MAGIC:
        raise DamagedError("not a version 2 recording: it does not begin like one")
    version, suite, length = struct.unpack_from(">HHI", first, 8)
    if version != VERSION or suite != SUITE:
        raise UnsupportedError(
            f"recording version {version}, suite {suite}: not known here, use a newer Vigilar"
        )
    if length % BLOCK or not BLOCK <= length <= _MAX_BYTES:
        raise DamagedError("the header's length is not possible")
    return int(length)


def unpack_header(block: bytes) -> Header:
    """Read a whole header block. Raises DamagedError. Nothing is authenticated yet: the records do that."""
    if len(block) != header_length(block):
        raise DamagedError("the header is cut off")
    fields = _FIXED.unpack_from(block)
    file_id, nonce_prefix, _, commitment, start_us, camera_length, meta_length = fields[4:]
    end = _FIXED.size + camera_length + meta_length
    if end > len(block):
        raise DamagedError("the header's lengths do not fit it")
    camera = block[_FIXED.size : _FIXED.size + camera_length]
    try:
        return Header(
            file_id=file_id,
            nonce_prefix=nonce_prefix,
            commitment=commitment,
            camera=camera.decode(),
            start=_EPOCH + timedelta(microseconds=start_us),
            meta=block[_FIXED.size + camera_length : end],
        )
    except (UnicodeDecodeError, OverflowError) as err:
        raise DamagedError("the header's camera or start is not readable") from err


def hash_header(block: bytes) -> bytes:
    """Return the 32-byte hash every record and slot is bound to."""
    return sha256(block)
