"""Bringing a database to the present tables. Run as a program: `python -m vigilar.store.migrate FILE`.

Alembic is imported only when there is something to do, and by the worker only in a short-lived child: its
memory would otherwise stay with the core for good.
"""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from vigilar.store.engine import make_engine
from vigilar.store.errors import NewerDatabaseError, StoreError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
CHILD_TIMEOUT_S: Final = 120


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions this version knows, oldest first, as their files are named."""
    return tuple(sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def is_current(connection: Connection) -> bool:
    """Return whether the tables are the present ones. Raises NewerDatabaseError."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is not None and revision not in revisions():
        raise NewerDatabaseError(
            f"the database has revision {revision}, this version knows up to {revisions()[-1]}: "
            "install the version that wrote it, or move the database away to start a new one"
        )
    return revision == revisions()[-1]


def migrate(path: Path) -> None:
    """Bring the SQLite file to the present tables, in one transaction."""
    from alembic import command  # noqa: PLC0415 - heavy, and rarely needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = make_engine(path)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def migrate_in_child(path: Path) -> None:
    """Do the same in a process of its own. Raises StoreError."""
    command = [sys.executable, "-P", "-m", "vigilar.store.migrate", str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, text=True, timeout=CHILD_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise StoreError(f"the database {path} could not be brought up to date: {err}") from err
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise StoreError(f"the database {path} could not be brought up to date: {last}")


if __name__ == "__main__":
    migrate(Path(sys.argv[1]))
