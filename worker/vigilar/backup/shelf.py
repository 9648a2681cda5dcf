"""The folder of nightly backups: which there are, which is good, which goes when a new one is there."""

import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vigilar.backup.copies import AHEAD, Copy, Survey
from vigilar.backup.create import SUFFIX, FreeBytes, create, free_name
from vigilar.backup.errors import BackupError, WrongBackupKeyError
from vigilar.backup.opened import check
from vigilar.backup.places import Places
from vigilar.backup.snapshot import free_bytes
from vigilar.files.durable import DurableFiles
from vigilar.vault.keys import KeyRing

log = logging.getLogger(__name__)

_NAME: Final = re.compile(r"vigilar-(\d{8}T\d{6}Z)" + re.escape(SUFFIX))


class Shelf:
    """Blocks in all its methods; one thread at a time."""

    def __init__(
        self,
        folder: Path,
        keep: int,
        places: Places,
        *,
        keys: KeyRing,
        files: DurableFiles,
        free: FreeBytes = free_bytes,
    ) -> None:
        self._folder, self._keep, self._places = folder, keep, places
        self._keys, self._files, self._free = keys, files, free

    def survey(self, now: datetime) -> Survey:
        """Find the newest whole backup; reads those that it looks at to their end."""
        damaged: list[str] = []
        for copy in reversed(in_order(copies_in(self._folder), now)):
            try:
                check(copy.path, self._keys)
            except WrongBackupKeyError:
                continue  # made before a rotation of the keys: whole or not, only the recovery key can tell
            except BackupError as err:
                damaged.append(str(err))
                continue
            return Survey(copy, tuple(damaged))
        return Survey(None, tuple(damaged))

    def make(self, now: datetime) -> Copy:
        """Make a backup, check it, and only then remove those beyond the number kept.

        Raises BackupError, VaultError, OSError.
        """
        made = create(
            free_name(self._folder, now),
            self._places,
            keys=self._keys,
            files=self._files,
            now=now,
            free=self._free,
        )
        self._prune(made.path, now)
        return Copy(made.path, now)

    def _prune(self, newest: Path, now: datetime) -> None:
        others = [copy for copy in in_order(copies_in(self._folder), now) if copy.path != newest]
        for copy in others[: max(0, len(others) - self._keep + 1)]:
            try:
                self._files.unlink(copy.path)
            except OSError as err:
                log.warning("the backup %s cannot be removed: %s", copy.path, err.strerror)


def copies_in(folder: Path) -> list[Copy]:
    """Return the backups of a folder by their names; other files do not count."""
    found = (
        Copy(path, at)
        for path in folder.glob(f"vigilar-*{SUFFIX}")
        if (name := _NAME.fullmatch(path.name)) and (at := _time(name[1])) is not None
    )
    return sorted(found, key=lambda copy: copy.at)


def in_order(copies: list[Copy], now: datetime) -> list[Copy]:
    """Return the first to go first: labels of a future that a wrong clock saw, then the oldest."""
    return sorted(copies, key=lambda copy: (copy.at <= now + AHEAD, copy.at))


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
