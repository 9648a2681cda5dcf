"""A box with configuration, keys, database and recordings, and backups of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from vigilar.backup.create import Made, create, free_name
from vigilar.backup.places import Places
from vigilar.config.load import load
from vigilar.core.ground import database_path
from vigilar.files.durable import DurableFiles
from vigilar.store.engine import make_engine
from vigilar.store.migrate import revisions
from vigilar.vault.keys import KeyRing
from vigilar.vault.wrapping import RecoveryKey
from worker.recordings.vaulted import Root
from worker.store.fakes import make_tables

NOW = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
CONFIG = """\
# the house
cameras:
  door:
    main: !secret door_url
storage:
  path: data
"""
SECRETS = "door_url: rtsp://u:geheim@192.0.2.1/1\n"


def plenty(_: Path) -> int:
    """So many bytes are free everywhere."""
    return 1 << 40


@dataclass
class Box:
    """Given: an installation below `folder`."""

    folder: Path
    files: DurableFiles = field(default_factory=DurableFiles)
    small: bool = False
    """Whether its database is a tiny one, for tests that read the backup thousands of times."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "vigilar.yaml"
        self.config.write_text(CONFIG)
        (self.folder / "secrets.yaml").write_text(SECRETS)
        (self.folder / "secrets.yaml").chmod(0o600)
        self.root = Root.at(self.folder / "data")
        self.database = self.root.path / "vigilar.db"
        if not self.small:
            make_tables(self.database)
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("PRAGMA page_size = 512")
            connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revisions()[-1],))
        (self.root.path / "server_id").write_text("7d1c1c86-5b0f-4f0a-9a2e-0d5a1a8e2b11\n")
        (self.keys_dir / "api_token.hash").write_text("{}")

    @property
    def keys_dir(self) -> Path:
        return self.root.path / "keys"

    @property
    def backups(self) -> Path:
        return self.root.path / "backups"

    @property
    def keys(self) -> KeyRing:
        return self.root.keys

    @property
    def recovery(self) -> RecoveryKey:
        return self.keys.recovery_key()

    @property
    def places(self) -> Places:
        core = load(self.config).core
        return Places.of(core, database_path(core))

    def back_up(
        self,
        now: datetime = NOW,
        *,
        files: DurableFiles | None = None,
        free: Callable[[Path], int] = plenty,
        target: Path | None = None,
    ) -> Made:
        return create(
            target or free_name(self.backups, now),
            self.places,
            keys=self.keys,
            files=files or self.files,
            now=now,
            free=free,
        )


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    """Ask a database that nobody uses."""
    engine = make_engine(database)
    try:
        with engine.begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]
    finally:
        engine.dispose()
