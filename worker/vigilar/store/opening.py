"""Opening the database: brought up to date, or, when it is damaged, moved aside and begun anew."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from vigilar.domain.clock import Clock
from vigilar.store.database import Database, is_damage
from vigilar.store.engine import make_engine
from vigilar.store.errors import DamagedDatabaseError, StoreError
from vigilar.store.migrate import is_current, migrate_in_child

log = logging.getLogger(__name__)

type Migrate = Callable[[Path], None]
type Move = Callable[[Path, Path], None]
"""Renames one file, durably."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A database ready for use. `new`: it was made just now; `set_aside`: where a damaged one was put."""

    database: Database
    new: bool
    set_aside: Path | None = None


def open_database(path: Path, *, clock: Clock, move: Move, migrate: Migrate = migrate_in_child) -> Opened:
    """Open the SQLite file `path`, making it if it is missing. Blocks.

    A damaged file is never written to or deleted: it becomes `{name}.damaged-{time}` and a new one is made.
    Raises NewerDatabaseError, StoreError when it can neither be opened nor made.
    """
    new = not path.exists()
    set_aside: Path | None = None
    try:
        _prepare(path, migrate)
    except DamagedDatabaseError as err:
        set_aside = _set_aside(path, clock, move)
        log.error("the database is damaged (%s); it was moved to %s and a new one made", err, set_aside.name)  # noqa: TRY400
        _prepare(path, migrate)
        new = True
    return Opened(Database(make_engine(path), clock), new, set_aside)


def _prepare(path: Path, migrate: Migrate) -> None:
    if not _checked(path):
        migrate(path)


def _checked(path: Path) -> bool:
    """Return whether the file is sound and current; raise DamagedDatabaseError if it is not sound."""
    try:
        engine = make_engine(path)
    except OSError as err:
        raise StoreError(f"the database {path} cannot be opened: {err.strerror}") from err
    try:
        with engine.connect() as connection:
            verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if verdict != "ok":
                raise DamagedDatabaseError(f"{path.name}: {verdict}")
            return is_current(connection)
    except DBAPIError as err:
        if is_damage(err.orig):
            raise DamagedDatabaseError(f"{path.name}: {err.orig}") from err
        raise StoreError(f"the database {path} cannot be opened: {err.orig}") from err
    finally:
        engine.dispose()


def _set_aside(path: Path, clock: Clock, move: Move) -> Path:
    stamp = clock.now().strftime("%Y%m%dT%H%M%S")
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            move(source, target.with_name(target.name + suffix))
    return target
