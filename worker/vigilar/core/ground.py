"""What must stand before anything else: folders, keys, database, this installation's id."""

import logging
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vigilar.domain.clock import Clock
from vigilar.domain.errors import InvalidRequestError
from vigilar.domain.settings import CoreSettings
from vigilar.files.durable import DurableFiles
from vigilar.retention.start import make_room_if_full
from vigilar.store.migrate import migrate_in_child
from vigilar.store.opening import Migrate, Opened, open_database
from vigilar.vault.keys import KeyRing

log = logging.getLogger(__name__)

DATABASE_NAME: Final = "vigilar.db"
SERVER_ID_NAME: Final = "server_id"
_SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything below the services."""

    files: DurableFiles
    keys: KeyRing
    opened: Opened
    server_id: str


def lay(
    settings: CoreSettings, clock: Clock, files: DurableFiles, migrate: Migrate = migrate_in_child
) -> Ground:
    """Make or open all of it. Blocks. Raises OSError, VaultError, StoreError, InvalidRequestError."""
    data_dir = Path(settings.data_dir)
    files.mkdir(data_dir)
    files.mkdir(Path(settings.run_dir))
    keys = KeyRing.load_or_create(Path(settings.key_dir), files)
    make_room_if_full(settings, keys, files)
    path = database_path(settings)
    files.mkdir(path.parent)
    opened = open_database(path, clock=clock, move=files.replace, migrate=migrate)
    return Ground(files, keys, opened, _server_id(data_dir / SERVER_ID_NAME, files))


def database_path(settings: CoreSettings) -> Path:
    """Return the database file. Raises InvalidRequestError for an address that is not SQLite's."""
    if not settings.database_url:
        return Path(settings.data_dir) / DATABASE_NAME
    if not settings.database_url.startswith(_SQLITE):
        raise InvalidRequestError("database.url must begin with sqlite:/// and name a file")
    return Path(settings.database_url.removeprefix(_SQLITE))


def _server_id(path: Path, files: DurableFiles) -> str:
    """Return this installation's id: beside the database rather than in it, so that it outlives it."""
    try:
        return str(uuid.UUID(path.read_text(encoding="ascii").strip()))
    except FileNotFoundError:
        pass
    except ValueError:
        log.warning("%s holds no id; a new one is made", path.name)
    made = str(uuid.uuid4())
    files.write_atomic(path, f"{made}\n".encode())
    return made
