"""The folders a configuration means: of a whole one, or of one whose cameras nobody has looked at yet."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from vigilar.config.document import Document
from vigilar.config.tree import DatabaseConfig, StorageConfig
from vigilar.domain.errors import InvalidRequestError

_SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class StoragePlaces:
    """All absolute. `database` is the file."""

    root: Path
    keys: Path
    data: Path
    run: Path
    database: Path


def places_of(folder: Path, storage: StorageConfig, database: DatabaseConfig) -> StoragePlaces:
    """Return them for a configuration file that lies in `folder`, where relative paths begin."""

    def path(text: str) -> Path:
        return Path(os.path.normpath(folder / Path(text).expanduser()))

    root = path(storage.path)
    data = path(storage.data) if storage.data else root
    return StoragePlaces(
        root=root,
        keys=path(storage.keys) if storage.keys else root / "keys",
        data=data,
        run=path(storage.run) if storage.run else _run_dir(root),
        database=path(database.url.removeprefix(_SQLITE)) if database.url else data / "vigilar.db",
    )


def places_in(document: Document) -> StoragePlaces:
    """Return them for a document of which nothing else is checked. Raises InvalidRequestError."""
    try:
        return places_of(
            document.path.parent,
            StorageConfig.model_validate(_section(document, "storage")),
            DatabaseConfig.model_validate(_section(document, "database")),
        )
    except ValidationError:
        raise InvalidRequestError(
            f"{document.path.name}: its storage or database section does not say where things lie"
        ) from None


def put_places(document: Document, *, root: Path | None, keys: Path | None, data: Path | None) -> None:
    """Make the document name these folders; None leaves what it says."""
    given = {"path": root, "keys": keys, "data": data}
    for key, path in given.items():
        if path is not None:
            if not isinstance(document.root.get("storage"), CommentedMap):
                document.root["storage"] = CommentedMap()
            document.root["storage"][key] = str(path)
    if data is not None and isinstance(document.root.get("database"), CommentedMap):
        document.root["database"].pop("url", None)


def _section(document: Document, name: str) -> dict[str, object]:
    section = document.root.get(name)
    return {str(key): value for key, value in section.items()} if isinstance(section, CommentedMap) else {}


def _run_dir(root: Path) -> Path:
    # systemd makes this folder for the service, private and in memory; several are separated by colons.
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(given) if given else root / "run"
