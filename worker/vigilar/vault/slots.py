"""Key slots: the data key, wrapped once for each key that may open the file.

They stand outside the immutable hash so that they can be rewritten, in two areas of 4096 bytes each with a
generation and a MAC: a rotation writes the idle area, syncs, then the other. Either area alone opens the
file.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from vigilar.vault.errors import DamagedError, UnsupportedError
from vigilar.vault.primitives import MAC_BYTES, mac, mac_holds

AREA: Final = 4096
AREAS: Final = 2
_MAGIC: Final = b"VGES"
_FIXED: Final = struct.Struct(">4sHHQ")
_SLOT: Final = struct.Struct(">B16sH")
_AREA_VERSION: Final = 1
_BODY: Final = AREA - MAC_BYTES


class SlotType(IntEnum):
    """What kind of key a slot is for."""

    BOX = 1
    RECOVERY = 2
    PASSPHRASE = 3


@dataclass(frozen=True, slots=True, repr=False)
class Slot:
    """The data key, wrapped. `key_id` is 16 bytes; `body` depends on the type."""

    type: int
    key_id: bytes
    body: bytes

    def binding(self, header_hash: bytes) -> bytes:
        """Return what the wrapping authenticates: immutable hash ‖ slot type ‖ key id."""
        return slot_binding(header_hash, self.type, self.key_id)


@dataclass(frozen=True, slots=True)
class SlotArea:
    """One area as read: not yet authenticated, for that needs the data key it holds."""

    generation: int
    slots: tuple[Slot, ...]
    raw: bytes

    def is_authentic(self, mac_key: bytes, header_hash: bytes) -> bool:
        """Check the area's MAC."""
        return mac_holds(self.raw[_BODY:], mac_key, header_hash, self.raw[:_BODY])


def slot_binding(header_hash: bytes, slot_type: int, key_id: bytes) -> bytes:
    """Return immutable hash ‖ slot type ‖ key id, after a label."""
    return b"vigilar vge2 slot" + header_hash + bytes((slot_type,)) + key_id


def pack_area(generation: int, slots: tuple[Slot, ...], mac_key: bytes, header_hash: bytes) -> bytes:
    """Return the 4096 bytes of an area. Raises UnsupportedError for more slots than fit."""
    body = _FIXED.pack(_MAGIC, _AREA_VERSION, len(slots), generation)
    for slot in slots:
        body += _SLOT.pack(slot.type, slot.key_id, len(slot.body)) + slot.body
    if len(body) > _BODY:
        raise UnsupportedError("too many keys for one recording")
    body = body.ljust(_BODY, b"\0")
    return body + mac(mac_key, header_hash, body)


def unpack_area(raw: bytes) -> SlotArea:
    """Read an area's structure. Raises DamagedError."""
    try:
        magic, version, count, generation = _FIXED.unpack_from(raw)
        if len(raw) != AREA or magic != _MAGIC or version != _AREA_VERSION:
            raise DamagedError("a key slot area is not readable")
        slots: list[Slot] = []
        at = _FIXED.size
        for _ in range(count):
            slot_type, key_id, length = _SLOT.unpack_from(raw, at)
            at += _SLOT.size
            if at + length > _BODY:
                raise DamagedError("a key slot runs over its area")
            slots.append(Slot(slot_type, key_id, raw[at : at + length]))
            at += length
    except struct.error as err:
        raise DamagedError("a key slot area is cut off") from err
    return SlotArea(generation, tuple(slots), raw)
