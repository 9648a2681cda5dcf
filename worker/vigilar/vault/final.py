"""The final record's content, and the footer that finds it from the end of the file."""

import struct
import sys
from array import array
from dataclasses import dataclass, field
from typing import Final

from vigilar.vault.errors import DamagedError
from vigilar.vault.primitives import TAG_BYTES

FOOTER: Final = struct.Struct(">QI4s")
FOOTER_MAGIC: Final = b"VGEZ"
NO_TAG: Final = bytes(TAG_BYTES)
NO_FILE: Final = bytes(16)
MAX_PATCH_BYTES: Final = 64
MAX_PATCHES: Final = 8
_FIXED: Final = struct.Struct(">HIQ16s16s16sHI")
_PATCH: Final = struct.Struct(">QH")
_FINAL_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that the muxer rewrote when it closed; the reader lays them over the plaintext at `offset`."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FinalRecord:
    """What the final record holds. `words`/`times`: one u32 each per record; `size`: plaintext bytes.

    `previous_tag`: the final tag of the recording this camera sealed before, zeros for its first.
    `salvaged_id` and `salvaged_tag` name the torn file, and the last good record in it, that a recovery
    copied from.
    """

    size: int
    words: array[int]
    times: array[int]
    previous_tag: bytes = NO_TAG
    salvaged_id: bytes = NO_FILE
    salvaged_tag: bytes = NO_TAG
    patches: tuple[Patch, ...] = ()
    tail: bytes = field(default=b"", repr=False)


def pack_final(final: FinalRecord) -> bytes:
    """Return the final record's plaintext."""
    fixed = _FIXED.pack(
        _FINAL_VERSION,
        len(final.words),
        final.size,
        final.previous_tag,
        final.salvaged_id,
        final.salvaged_tag,
        len(final.patches),
        len(final.tail),
    )
    patches = b"".join(_PATCH.pack(patch.offset, len(patch.data)) + patch.data for patch in final.patches)
    return fixed + patches + final.tail + _big_endian(final.words) + _big_endian(final.times)


def unpack_final(plain: bytes) -> FinalRecord:
    """Read an (already authenticated) final record. Raises DamagedError."""
    try:
        version, count, size, previous, salvaged_id, salvaged_tag, patch_count, tail_length = (
            _FIXED.unpack_from(plain)
        )
        at = _FIXED.size
        patches: list[Patch] = []
        for _ in range(patch_count):
            offset, length = _PATCH.unpack_from(plain, at)
            at += _PATCH.size
            patches.append(Patch(offset, plain[at : at + length]))
            at += length
    except struct.error as err:
        raise DamagedError("the final record is too short") from err
    index = at + tail_length
    if version != _FINAL_VERSION or len(plain) != index + 8 * count:
        raise DamagedError("the final record's lengths do not fit it")
    return FinalRecord(
        size=size,
        words=_from_big_endian(plain[index : index + 4 * count]),
        times=_from_big_endian(plain[index + 4 * count :]),
        previous_tag=previous,
        salvaged_id=salvaged_id,
        salvaged_tag=salvaged_tag,
        patches=tuple(patches),
        tail=plain[at:index],
    )


def pack_footer(offset: int, count: int) -> bytes:
    """Return the footer: where the final record begins, and its counter."""
    return FOOTER.pack(offset, count, FOOTER_MAGIC)


def unpack_footer(footer: bytes) -> tuple[int, int] | None:
    """Return (offset, counter), or None for bytes that are no footer."""
    if len(footer) != FOOTER.size:
        return None
    offset, count, magic = FOOTER.unpack(footer)
    return (offset, count) if magic == FOOTER_MAGIC else None


def u32s() -> array[int]:
    """Return an empty array of 32-bit unsigned integers."""
    return array("I")


def _big_endian(values: array[int]) -> bytes:
    if sys.byteorder == "little":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def _from_big_endian(data: bytes) -> array[int]:
    values = u32s()
    values.frombytes(data)
    if sys.byteorder == "little":
        values.byteswap()
    return values
