"""From a file's first bytes and a key to the keys of its records."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vigilar.vault.errors import DamagedError, WrongKeyError
from vigilar.vault.header import BLOCK, Header, hash_header, header_length, unpack_header
from vigilar.vault.primitives import FileKeys, file_keys, same
from vigilar.vault.records import RecordCipher
from vigilar.vault.slots import AREA, AREAS, SlotArea, SlotType, unpack_area
from vigilar.vault.wrapping import Opener

_FIRST: Final = BLOCK + AREAS * AREA


@dataclass(frozen=True, slots=True, repr=False)
class LockedFile:
    """The clear part of a file: header, its 32-byte hash, both slot areas (None: not readable)."""

    header: Header
    header_hash: bytes
    header_bytes: int
    areas: tuple[SlotArea | None, ...]

    @property
    def records_at(self) -> int:
        """Offset of the first record."""
        return self.header_bytes + AREAS * AREA

    def area_offset(self, index: int) -> int:
        """Offset of slot area 0 or 1."""
        return self.header_bytes + index * AREA

    def newest_first(self) -> list[SlotArea]:
        """Return the readable areas, highest generation first."""
        areas = [area for area in self.areas if area is not None]
        return sorted(areas, key=lambda area: area.generation, reverse=True)


@dataclass(frozen=True, slots=True, repr=False)
class Unlocked:
    """A file's keys, proven by its commitment and by the MAC of the slot area that held them."""

    data_key: bytes
    keys: FileKeys
    cipher: RecordCipher


def read_locked(fd: int) -> LockedFile:
    """Read the clear part of a version 2 file. Raises DamagedError, UnsupportedError."""
    first = os.pread(fd, _FIRST, 0)
    length = header_length(first)
    if len(first) < length + AREAS * AREA:
        first = os.pread(fd, length + AREAS * AREA, 0)
    block, rest = first[:length], first[length:]
    if len(rest) < AREAS * AREA:
        raise DamagedError("the file is cut off within its header")
    areas = tuple(_area(rest[at : at + AREA]) for at in range(0, AREAS * AREA, AREA))
    return LockedFile(unpack_header(block), hash_header(block), length, areas)


def unlock(locked: LockedFile, opener: Opener) -> Unlocked:
    """Open a file's slots. Raises WrongKeyError when none is for `opener`, DamagedError."""
    damage: DamagedError | None = None
    for area in locked.newest_first():
        try:
            unlocked = _unlock_area(locked, area, opener)
        except DamagedError as err:
            damage = err
            continue
        if unlocked is not None:
            return unlocked
    if damage is not None:
        raise damage
    if not locked.newest_first():
        raise DamagedError("both key slot areas are not readable")
    raise WrongKeyError("none of the keys given opens this recording")


def _unlock_area(locked: LockedFile, area: SlotArea, opener: Opener) -> Unlocked | None:
    for slot in area.slots:
        data_key = opener.unwrap(slot, locked.header_hash)
        if data_key is None:
            continue
        keys = file_keys(data_key, locked.header.file_id)
        if not same(keys.commitment, locked.header.commitment):
            raise DamagedError("the header is not the one this recording was written with")
        if not area.is_authentic(keys.slots, locked.header_hash):
            raise DamagedError("a key slot area is not what was written")
        cipher = RecordCipher.of(keys.record, locked.header.nonce_prefix, locked.header_hash)
        return Unlocked(data_key, keys, cipher)
    return None


def _area(raw: bytes) -> SlotArea | None:
    try:
        return unpack_area(raw)
    except DamagedError:
        return None


def slot_kinds(path: Path) -> list[str]:
    """Return what kinds of keys open a file (box, recovery, passphrase). Raises DamagedError, OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        areas = read_locked(fd).newest_first()
    finally:
        os.close(fd)
    names = {int(kind): kind.name.lower() for kind in SlotType}
    return [names.get(slot.type, f"type {slot.type}") for slot in areas[0].slots] if areas else []
