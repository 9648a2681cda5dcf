"""Changing the box's key: a new one for new recordings, and every recording's slots written again for it.

Nothing is re-encrypted: 8 KiB change per file. Killed at any point, every recording still opens (the
earlier keys stay in `retired/` until nothing needs them) and the next rotation ends the work.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import InUseError, UnsupportedError, VaultError, WrongKeyError
from vigilar.vault.header import MAGIC
from vigilar.vault.keydir import (
    LOCK,
    PASSPHRASE,
    RECOVERY_SECRET,
    RETIRED,
    STORAGE_KEY,
    erase,
    erase_leftovers,
    seal_secret,
)
from vigilar.vault.keys import KeyRing
from vigilar.vault.legacy import open_legacy
from vigilar.vault.primitives import KEY_BYTES, random_bytes
from vigilar.vault.slots import Slot, pack_area
from vigilar.vault.unlocking import LockedFile, Unlocked, read_locked, unlock
from vigilar.vault.wrapping import BoxKey, PassphrasePublic

_ROTATING: Final = ".rotating"
_PATTERNS: Final = ("*.vge", "*.vge.part", "*.vge.salvage")


class Rewrapped(StrEnum):
    """What became of one file's slots."""

    WRITTEN = "written"
    CURRENT = "current"
    LEGACY = "legacy"
    FAILED = "failed"
    UNKNOWN = "unknown"
    GONE = "gone"


@dataclass(slots=True)
class RotationReport:
    """What a rotation did. `failed`: path → reason; neither the new key nor an earlier one opens those.

    `retired`: how many earlier keys were kept, because something needs them (`legacy`: version 1 files are
    encrypted with the key itself; `unknown`: files of a newer version).
    """

    written: int = 0
    current: int = 0
    legacy: int = 0
    unknown: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    retired: int = 0

    def count(self, path: Path, outcome: Rewrapped, reason: str) -> None:
        """Add one file's outcome."""
        match outcome:
            case Rewrapped.WRITTEN:
                self.written += 1
            case Rewrapped.CURRENT:
                self.current += 1
            case Rewrapped.LEGACY:
                self.legacy += 1
            case Rewrapped.FAILED:
                self.failed[str(path)] = reason
            case Rewrapped.UNKNOWN:
                self.failed[str(path)] = reason
                self.unknown += 1
            case Rewrapped.GONE:
                pass


def rotate(root: Path, key_dir: Path, files: DurableFiles, *, new_key: bool = True) -> RotationReport:
    """Make a new box key (or, with `new_key` False, end an earlier rotation) and re-wrap all under `root`.

    Recording may go on meanwhile: other processes notice the new key at their next file. Raises InUseError
    when another rotation is running, KeyMissingError, BadKeyError, OSError when the disk refuses.
    """
    keys = KeyRing.load(key_dir)
    fd = files.open_or_create(key_dir / _ROTATING)
    try:
        if not files.lock(fd, wait=False):
            raise InUseError(f"{key_dir}: another rotation is running")
        if new_key:
            _renew(keys, files)
        return _rewrap_all(root, keys, files)
    finally:
        os.close(fd)


def set_passphrase(key_dir: Path, passphrase: PassphrasePublic | None, files: DurableFiles) -> None:
    """Let new recordings open with a passphrase too (None: no longer); `rotate` brings it to the others."""
    with files.locked(key_dir / LOCK):
        if passphrase is None:
            files.unlink(key_dir / PASSPHRASE)
        else:
            files.write_atomic(key_dir / PASSPHRASE, passphrase.to_json())


def rewrap(path: Path, keys: KeyRing, files: DurableFiles) -> tuple[Rewrapped, str]:
    """Write one file's slots for the ring's keys: idle area, sync, the other. Returns (outcome, reason).

    Needs no lock: whoever writes the recording only appends behind the slots. Raises OSError.
    """
    try:
        fd = files.open_existing(path)
    except FileNotFoundError:
        return Rewrapped.GONE, ""
    try:
        if os.pread(fd, len(MAGIC), 0) != MAGIC:
            return _legacy(fd, keys)
        locked = read_locked(fd)
        unlocked = unlock(locked, keys)
        if _is_current(locked, unlocked, keys.slot_ids()):
            return Rewrapped.CURRENT, ""
        _write_areas(fd, locked, unlocked, keys.wrap(unlocked.data_key, locked.header_hash), files)
    except UnsupportedError as err:
        return Rewrapped.UNKNOWN, str(err)
    except VaultError as err:
        return Rewrapped.FAILED, str(err)
    finally:
        os.close(fd)
    return Rewrapped.WRITTEN, ""


def _write_areas(
    fd: int, locked: LockedFile, unlocked: Unlocked, slots: tuple[Slot, ...], files: DurableFiles
) -> None:
    authentic = [
        area.generation
        if area is not None and area.is_authentic(unlocked.keys.slots, locked.header_hash)
        else -1
        for area in locked.areas
    ]
    area = pack_area(max(authentic) + 1, slots, unlocked.keys.slots, locked.header_hash)
    # The one that is damaged or older first: at any moment the other one opens the file.
    for index in sorted(range(len(authentic)), key=authentic.__getitem__):
        files.pwrite(fd, area, locked.area_offset(index))
        files.fdatasync(fd)


def _is_current(locked: LockedFile, unlocked: Unlocked, wanted: set[tuple[int, bytes]]) -> bool:
    generations = set()
    for area in locked.areas:
        if area is None or not area.is_authentic(unlocked.keys.slots, locked.header_hash):
            return False
        if {(slot.type, slot.key_id) for slot in area.slots} != wanted:
            return False
        generations.add(area.generation)
    return len(generations) == 1


def _legacy(fd: int, keys: KeyRing) -> tuple[Rewrapped, str]:
    try:
        open_legacy(fd, keys.lasting_legacy_keys())
    except WrongKeyError:
        pass
    else:
        return Rewrapped.CURRENT, ""
    try:
        open_legacy(fd, keys.legacy_keys())
    except WrongKeyError as err:
        return Rewrapped.FAILED, str(err)
    return Rewrapped.LEGACY, ""


def _renew(keys: KeyRing, files: DurableFiles) -> None:
    """Put a new `storage.key` in place of the old one, which moves to `retired/`."""
    key_dir = keys.key_dir
    with files.locked(key_dir / LOCK):
        erase_leftovers(key_dir, files)
        old, new = keys.current, BoxKey.of(random_bytes(KEY_BYTES))
        files.mkdir(key_dir / RETIRED)
        files.write_atomic(key_dir / RETIRED / f"{old.key_id.hex()}.key", old.secret)
        files.write_atomic(key_dir / STORAGE_KEY, new.secret)
        keys.refresh()
        _rewrap_secret(keys, files)


def _rewrap_secret(keys: KeyRing, files: DurableFiles) -> None:
    """Wrap the recovery secret under the current key, where it is still here."""
    if keys.recovery_confirmed:
        return
    files.write_atomic(keys.key_dir / RECOVERY_SECRET, seal_secret(keys.current, keys.recovery_key()))


def _files_under(root: Path) -> Iterator[Path]:
    for pattern in _PATTERNS:
        yield from sorted(root.rglob(pattern))


def _pass(root: Path, keys: KeyRing, files: DurableFiles, report: RotationReport, seen: set[Path]) -> None:
    for path in _files_under(root):
        if path not in seen:
            seen.add(path)
            report.count(path, *rewrap(path, keys, files))


def _rewrap_all(root: Path, keys: KeyRing, files: DurableFiles) -> RotationReport:
    report = RotationReport()
    seen: set[Path] = set()
    _pass(root, keys, files, report, seen)
    with files.locked(keys.key_dir / LOCK):
        # New files are wrapped with this lock held: what appeared since the first pass is all that is left.
        _pass(root, keys, files, report, seen)
        _rewrap_secret(keys, files)
        if not report.legacy and not report.unknown:
            for path in sorted((keys.key_dir / RETIRED).glob("*.key")):
                erase(path, files)
        keys.refresh()
    report.retired = len(keys.retired)
    return report
