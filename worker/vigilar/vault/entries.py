"""A journal's bytes: its header and its chained entries of 128 bytes."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from vigilar.vault.primitives import (
    MAC_BYTES,
    SEALED_KEY_BYTES,
    mac_holds,
    public_key_id,
    seal_to,
    sha256,
)
from vigilar.vault.wrapping import RecoveryPublic

ENTRY: Final = 128
HEADER: Final = 256
_MAGIC: Final = b"VGEJRNL\x01"
_ENTRY: Final = struct.Struct(">QBB6xq16sQ16s16s16s")
_HEADER: Final = struct.Struct(">8s80s16s80s40x")


class EntryKind(IntEnum):
    """What an entry says happened."""

    OPENED = 1
    SEALED = 2
    DELETED = 3
    RECOVERED = 4
    DISCARDED = 5
    CRASHED = 6
    REPAIRED = 7


CLOSING: Final = frozenset({EntryKind.SEALED, EntryKind.DELETED, EntryKind.RECOVERED, EntryKind.DISCARDED})
"""Kinds after which a recording is no longer open."""


class Reason(IntEnum):
    """Why a recording was deleted."""

    NONE = 0
    RETENTION = 1
    PERSON = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. Ids and tags are bytes; `at_us` is wall time in µs since 1970, a label.

    `size`: file bytes (sealed, deleted), good file bytes (crashed, recovered), cut bytes (repaired). `tag`:
    the final tag (sealed), the last good record's tag (recovered). `other`: the new recording's file id
    (recovered), the high-water mark in its first 8 bytes (crashed). `previous_tag`: the final tag of the
    newest sealed recording, this entry included.
    """

    sequence: int
    kind: EntryKind
    reason: Reason
    at_us: int
    file_id: bytes
    size: int
    tag: bytes
    other: bytes
    previous_tag: bytes
    mac: bytes = b""


def pack_entry(entry: Entry) -> bytes:
    """Return an entry's bytes without its MAC."""
    return _ENTRY.pack(
        entry.sequence,
        entry.kind,
        entry.reason,
        entry.at_us,
        entry.file_id,
        entry.size,
        entry.tag,
        entry.other,
        entry.previous_tag,
    )


def read_chain(header: bytes, data: bytes, key: bytes, skip: int) -> tuple[tuple[Entry, ...], str]:
    """Return the entries from number `skip` up to the first that does not hold, and what is wrong there.

    `data` begins with the 32 bytes before entry `skip`: the MAC of the one before it, or the header's end.
    """
    before = data[:MAC_BYTES] if skip else sha256(header)
    entries: list[Entry] = []
    for at in range(MAC_BYTES, len(data), ENTRY):
        raw = data[at : at + ENTRY]
        entry = unpack_entry(raw)
        sequence = skip + len(entries)
        if entry is None:
            return tuple(entries), f"journal entry {sequence} is torn or not readable"
        if entry.sequence != sequence or not mac_holds(entry.mac, key, before, raw[:-MAC_BYTES]):
            return tuple(entries), f"journal entry {sequence} was changed, removed or put in another order"
        before = entry.mac
        entries.append(entry)
    return tuple(entries), ""


def unpack_entry(raw: bytes) -> Entry | None:
    """Read an entry, MAC and all, without checking it; None for bytes that are none."""
    if len(raw) != ENTRY:
        return None
    sequence, kind, reason, at_us, file_id, size, tag, other, previous = _ENTRY.unpack(raw[: _ENTRY.size])
    try:
        return Entry(
            sequence,
            EntryKind(kind),
            Reason(reason),
            at_us,
            file_id,
            size,
            tag,
            other,
            previous,
            raw[-MAC_BYTES:],
        )
    except ValueError:
        return None


def new_header(camera: str, key: bytes, recovery: RecoveryPublic | None) -> bytes:
    """Return a new journal's header; the recovery key can read its MAC key from it."""
    key_id, sealed = bytes(16), bytes(SEALED_KEY_BYTES)
    if recovery is not None:
        key_id, sealed = public_key_id(recovery.public), seal_to(recovery.public, key, key_info(camera))
    body = _HEADER.pack(_MAGIC, camera.encode()[:80], key_id, sealed)
    return body + sha256(body)


def is_header(header: bytes, camera: str) -> bool:
    """Tell whether these are the first bytes of `camera`'s journal; the first entry's MAC proves them."""
    body, digest = header[: _HEADER.size], header[_HEADER.size : HEADER]
    if len(body) != _HEADER.size or sha256(body) != digest:
        return False
    magic, name, _, _ = _HEADER.unpack(body)
    return bool(magic == _MAGIC and name.rstrip(b"\0") == camera.encode()[:80])


def key_info(camera: str) -> bytes:
    """Return what the wrapped journal key is bound to."""
    return b"vigilar journal key " + camera.encode()


def wrapped_key(header: bytes) -> tuple[bytes, bytes]:
    """Return (recovery key id, the journal's MAC key wrapped for it)."""
    _, _, key_id, sealed = _HEADER.unpack(header[: _HEADER.size])
    return key_id, sealed
