"""A copy of the database while it is in use, checked, for the time that it takes to pack it."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from vigilar.backup.errors import BackupError
from vigilar.files.durable import DurableFiles, is_locked
from vigilar.vault.beginning import create_locked

_PREFIX: Final = ".backup-"


@contextmanager
def snapshot(database: Path, files: DurableFiles) -> Iterator[tuple[Path, str]]:
    """Yield a consistent copy (beside the database, 0600, removed afterwards) and its tables' revision.

    Recording and the database's users go on meanwhile. Raises BackupError.
    """
    if not database.exists():
        raise BackupError(f"there is no database at {database} yet: start Vigilar once, then back it up")
    sweep(database.parent, files)
    copy = database.with_name(f"{_PREFIX}{os.urandom(4).hex()}.db")
    fd = create_locked(copy, files)  # locked, so that no other sweep takes it for a leftover
    try:
        yield copy, _copied(database, copy)
    finally:
        os.close(fd)
        copy.unlink(missing_ok=True)


def sweep(folder: Path, files: DurableFiles) -> None:
    """Remove copies that a kill left behind."""
    for path in folder.glob(f"{_PREFIX}*.db*"):
        if not is_locked(path):
            files.unlink(path)


def size_of(database: Path) -> int:
    """Return how many bytes a copy may take: the file and what still stands in its log."""
    paths = (database, database.with_name(database.name + "-wal"))
    return sum(path.stat().st_size for path in paths if path.exists())


def free_bytes(path: Path) -> int:
    """Return the free bytes where `path` is, or will be once it is made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def _copied(database: Path, copy: Path) -> str:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True)) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy)) as connection:
            if (verdict := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise BackupError(f"the database {database} is damaged: {verdict}")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as err:
        raise BackupError(f"the database {database} cannot be copied: {err}") from err
    if found is None:
        raise BackupError(f"the database {database} says of no revision: start Vigilar once, then back it up")
    return str(found[0])
