"""Making a backup: what it holds is gathered, packed, encrypted for the box and the recovery key, checked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from vigilar import __version__
from vigilar.backup import manifest as names
from vigilar.backup.errors import BackupError
from vigilar.backup.manifest import Manifest, Member, pack_head, pack_manifest
from vigilar.backup.opened import check
from vigilar.backup.places import Places
from vigilar.backup.snapshot import free_bytes, size_of, snapshot
from vigilar.domain.camera import CAMERA_ID_PATTERN
from vigilar.files.durable import DurableFiles, is_locked
from vigilar.vault.entries import ENTRY, HEADER
from vigilar.vault.errors import VaultError
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.parcel import seal_parcel
from vigilar.vault.writer import PART

SUFFIX: Final = ".vgb"
KEEP_FREE: Final = 128 << 20
"""Bytes that a backup leaves free: they are worth more to the recordings."""
MAX_JOURNAL: Final = 4 << 20
"""A longer journal (over 30 000 entries) is not packed; its head always is."""
_SMALL: Final = 1 << 20
_PIECE: Final = 1 << 20

type FreeBytes = Callable[[Path], int]


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was just made and checked."""

    path: Path
    size: int
    manifest: Manifest


@dataclass(frozen=True, slots=True, repr=False)
class _Source:
    name: str
    size: int
    content: bytes | Path


def create(
    target: Path,
    places: Places,
    *,
    keys: KeyRing,
    files: DurableFiles,
    now: datetime,
    free: FreeBytes = free_bytes,
) -> Made:
    """Make the file `target` and check it. Blocks.

    Killed at any moment, it is there completely or not at all. Raises BackupError, VaultError, OSError.
    """
    _check_room(target.parent, places, free)
    files.mkdir(target.parent)
    sweep_parts(target.parent, files)
    with snapshot(places.database, files) as (copy, revision):
        sources = [*_small(places, keys), *_journals(places), _Source(names.DATABASE, _size(copy), copy)]
        manifest = Manifest(
            created=now,
            vigilar=__version__,
            revision=revision,
            members=tuple(Member(each.name, each.size) for each in sources),
            journals=dict(_heads(places, keys, files)),
            left_out=places.left_out,
        )
        size = seal_parcel(
            target,
            _pieces(sources),
            keys=keys,
            files=files,
            start=now,
            meta=pack_head(),
            tail=pack_manifest(manifest),
        )
    try:
        check(target, keys)
    except BackupError:
        files.unlink(target)  # what cannot be read back must not be taken for a backup
        raise
    return Made(target, size, manifest)


def free_name(folder: Path, now: datetime) -> Path:
    """Return `vigilar-{UTC}.vgb`, of the first second from `now` on that has none yet."""
    while True:
        path = folder / f"vigilar-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"
        if not path.exists():
            return path
        now += timedelta(seconds=1)


def sweep_parts(folder: Path, files: DurableFiles) -> None:
    """Remove halves that a kill left behind."""
    for part in folder.glob(f"vigilar-*{SUFFIX}{PART}"):
        if not is_locked(part):
            files.unlink(part)


def _check_room(folder: Path, places: Places, free: FreeBytes) -> None:
    """Raise BackupError rather than fill a disk that recordings need."""
    needed = size_of(places.database) + _SMALL
    # The copy beside the database and the backup itself may share one disk: each must fit beside the other.
    for place, bytes_ in ((places.database.parent, 2 * needed), (folder, 2 * needed)):
        if free(place) < bytes_ + KEEP_FREE:
            raise BackupError(
                f"no room for a backup at {place}: it needs {bytes_ >> 20} MiB and leaves "
                f"{KEEP_FREE >> 20} MiB free; make room, or set backup.path to another disk"
            )


def _small(places: Places, keys: KeyRing) -> Iterator[_Source]:
    yield _required(names.CONFIG, places.config_file)
    for name, path in (
        (names.SECRETS, places.secrets_file),
        (names.SERVER_ID, places.server_id_file),
        (names.TOKENS, places.token_hash_file),
    ):
        yield from _optional(name, path)
    with keys.holding():  # no rotation changes them meanwhile
        sources = list(_keys(places.key_dir))
    yield from sources


def _keys(key_dir: Path) -> Iterator[_Source]:
    for name in names.KEY_FILES:
        yield from _optional(names.KEYS + name, key_dir / name)
    for folder in names.KEY_FOLDERS:
        for path in sorted((key_dir / folder).glob("*.key")):
            name = f"{names.KEYS}{folder}/{path.name}"
            if not names.is_allowed(name):
                raise BackupError(f"{path}: a key's name may not begin with a dot or hold odd characters")
            yield _required(name, path)


def _journals(places: Places) -> Iterator[_Source]:
    """Yield each camera's journal, cut to whole entries, with its marks; long ones are left out."""
    for path in sorted((places.storage_root / "journal").glob("*.journal")):
        if not CAMERA_ID_PATTERN.fullmatch(path.stem) or path.stat().st_size > MAX_JOURNAL:
            continue
        content = path.read_bytes()
        whole = len(content) - (len(content) - HEADER) % ENTRY if len(content) >= HEADER else 0
        if whole:
            yield _Source(f"{names.JOURNALS}{path.name}", whole, content[:whole])
            yield from _optional(f"{names.JOURNALS}{path.stem}.marks", path.with_suffix(".marks"))


def _heads(places: Places, keys: KeyRing, files: DurableFiles) -> Iterator[tuple[str, str]]:
    for path in sorted((places.storage_root / "journal").glob("*.journal")):
        try:
            head = CameraJournal.open(places.storage_root, path.stem, keys=keys, files=files).head()
        except VaultError:
            continue  # a damaged journal is the vault's to tell; the backup is worth having without
        if head is not None:
            yield path.stem, f"{head.sequence}:{head.mac.hex()}"


def _required(name: str, path: Path) -> _Source:
    content = path.read_bytes()
    return _Source(name, len(content), content)


def _optional(name: str, path: Path) -> Iterator[_Source]:
    try:
        yield _required(name, path)
    except FileNotFoundError:
        return


def _size(path: Path) -> int:
    return path.stat().st_size


def _pieces(sources: Iterable[_Source]) -> Iterator[bytes]:
    for source in sources:
        if isinstance(source.content, bytes):
            for at in range(0, source.size, _PIECE):
                yield source.content[at : at + _PIECE]
            continue
        left = source.size
        with source.content.open("rb") as file:
            while left:
                piece = file.read(min(left, _PIECE))
                if not piece:
                    raise BackupError(f"{source.content} became shorter while it was read")
                left -= len(piece)
                yield piece
