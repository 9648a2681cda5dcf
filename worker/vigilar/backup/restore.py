"""Putting a backup back. Everything is checked first; what stands in the way is set aside, never lost.

The new files are written under temporary names and moved into place at the end, the configuration last:
killed at any moment, a second restore does it all again.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vigilar.backup import manifest as names
from vigilar.backup.create import FreeBytes
from vigilar.backup.errors import BackupError
from vigilar.backup.opened import OpenBackup
from vigilar.backup.places import Places
from vigilar.backup.snapshot import free_bytes
from vigilar.files.durable import DurableFiles
from vigilar.store.migrate import revisions
from vigilar.vault.keydir import JOURNAL_KEY, RECOVERY_PUBLIC, RECOVERY_SECRET, RETIRED, STORAGE_KEY
from vigilar.vault.primitives import KEY_BYTES

_SPARE: Final = 16 << 20
_TEMPORARY: Final = ".restoring"
_OLD_LOG: Final = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Target:
    """One file to be written: the member's name, where it goes."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `set_aside`: earlier files, by their new names."""

    written: tuple[Path, ...]
    set_aside: tuple[Path, ...]
    skipped_journals: tuple[str, ...]


class Restore:
    """One restore of an opened backup, with the configuration's text as it shall be written."""

    def __init__(self, backup: OpenBackup, places: Places, config: bytes, files: DurableFiles) -> None:
        self._backup, self._places, self._config, self._files = backup, places, config, files
        targets = [Target(member.name, self._place(member.name)) for member in backup.manifest.members]
        journals = [each for each in targets if each.name.startswith(names.JOURNALS)]
        # Recordings that are there already bring newer journals: those of the backup would call them unknown.
        there = {each.path.stem for each in journals if each.path.exists()}
        self.skipped_journals = tuple(sorted(there))
        self.targets = [each for each in targets if each not in journals or each.path.stem not in there]
        self.targets.sort(key=lambda each: (each.name == names.CONFIG, each.name != names.DATABASE))

    def in_the_way(self) -> list[Path]:
        """Return the files that would be replaced, or would spoil what is restored beside them."""
        beside = [self._places.database.with_name(self._places.database.name + end) for end in _OLD_LOG]
        if not self._is_same(RECOVERY_PUBLIC):
            beside.append(self._places.key_dir / RECOVERY_SECRET)  # it belongs to the other recovery key
        paths = [*(each.path for each in self.targets), *beside]
        return [path for path in paths if path.exists() or path.is_symlink()]

    def check(self, free: FreeBytes = free_bytes) -> None:
        """Raise BackupError for what cannot be restored here, before anything is written."""
        manifest = self._backup.manifest
        if manifest.revision not in revisions():
            raise BackupError(
                f"{self._backup.path}: its database is of a newer Vigilar ({manifest.vigilar}): "
                "install that first"
            )
        for name in (STORAGE_KEY, JOURNAL_KEY):
            if len(self._backup.read(names.KEYS + name)) != KEY_BYTES:
                raise BackupError(f"{self._backup.path}: its {name} is no key")
        try:
            bytes.fromhex(self._backup.read(names.KEYS + RECOVERY_PUBLIC).decode("ascii"))
        except ValueError as err:
            raise BackupError(f"{self._backup.path}: its {RECOVERY_PUBLIC} is no key") from err
        self._check_room(free)

    def write(self, now: datetime) -> Restored:
        """Write everything. Raises OSError, BackupError; then nothing that was there before has changed.

        (A failure while the finished files are moved into place is the exception: restore again with force.)
        """
        self._files.mkdir(self._places.key_dir, 0o700)
        try:
            for target in self.targets:
                self._write_beside(target)
        except (OSError, BackupError):
            for target in self.targets:
                _beside(target).unlink(missing_ok=True)
            raise
        set_aside = tuple(self._set_aside(now))
        for target in self.targets:
            self._files.replace(_beside(target), target.path)
        return Restored(tuple(each.path for each in self.targets), set_aside, self.skipped_journals)

    def _is_same(self, key_file: str) -> bool:
        try:
            there = (self._places.key_dir / key_file).read_bytes()
        except OSError:
            return False
        return there == self._backup.read(names.KEYS + key_file)

    def _place(self, name: str) -> Path:
        places = self._places
        fixed = {
            names.CONFIG: places.config_file,
            names.SECRETS: places.secrets_file,
            names.DATABASE: places.database,
            names.SERVER_ID: places.server_id_file,
            names.TOKENS: places.token_hash_file,
        }
        if name in fixed:
            return fixed[name]
        if name.startswith(names.JOURNALS):
            return places.storage_root / name
        return places.key_dir / name.removeprefix(names.KEYS)

    def _check_room(self, free: FreeBytes) -> None:
        needed = sum(member.size for member in self._backup.manifest.members) + _SPARE
        for folder in {self._places.database.parent, self._places.key_dir}:
            if free(folder) < needed:
                raise BackupError(f"no room at {folder}: {needed >> 20} MiB are needed")

    def _write_beside(self, target: Target) -> None:
        files, temporary = self._files, _beside(target)
        files.mkdir(temporary.parent)
        files.unlink(temporary)
        fd = files.open_exclusive(temporary)
        try:
            for piece in self._content(target):
                files.write(fd, piece)
            files.fdatasync(fd)
        finally:
            os.close(fd)

    def _content(self, target: Target) -> Iterator[bytes]:
        if target.name == names.CONFIG:
            return iter((self._config,))
        return self._backup.pieces(target.name)

    def _set_aside(self, now: datetime) -> Iterator[Path]:
        key = self._places.key_dir / STORAGE_KEY
        stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        for path in self.in_the_way():
            aside = path.with_name(f"{path.name}.before-restore-{stamp}")
            if path == key and not self._is_same(STORAGE_KEY):
                # What was recorded since the backup was made goes on opening.
                self._files.mkdir(key.parent / RETIRED, 0o700)
                aside = key.parent / RETIRED / f"before-restore-{stamp}.key"
            aside = _unused(aside)
            self._files.replace(path, aside)
            yield aside


def _unused(path: Path) -> Path:
    """Return `path`, or one like it that is not there yet: what was set aside before must not be lost now."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))
    return next(each for each in itertools.chain((path,), numbered) if not each.exists())


def _beside(target: Target) -> Path:
    return target.path.with_name(f".{target.path.name}{_TEMPORARY}")
