"""The SQLite engine, set up so that a commit that returned is on the disk."""

import os
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

BUSY_TIMEOUT_MS: Final = 5000
WAL_LIMIT_BYTES: Final = 16 << 20


def make_engine(path: Path) -> Engine:
    """Return an engine on the SQLite file `path`, made with mode 0600 if it is not there yet.

    One connection, for one thread at a time. Raises OSError when the file cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    engine = create_engine(
        f"sqlite+pysqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    # pysqlite would open transactions by its own rules; SQLAlchemy's "begin" says when instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"journal_size_limit={WAL_LIMIT_BYTES}",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # IMMEDIATE: a transaction that reads first and writes then cannot fail half-way for a lock.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
