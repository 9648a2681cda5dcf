"""A crash between a recording's last rename and its journal entry: the entry is added at the next start."""

from itertools import islice
from pathlib import Path
from typing import Final

from vigilar.vault.entries import CLOSING, EntryKind
from vigilar.vault.errors import VaultError
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader

_RECENT_ENTRIES: Final = 4096
_RECENT_FILES: Final = 64


def note_unjournalled(root: Path, camera: str, keys: KeyRing, journal: CameraJournal) -> int:
    """Add the missing `sealed` entries of the newest recordings; return how many. Raises VaultError."""
    open_ids = still_open(journal)
    noted = 0
    if open_ids:
        for path in islice(_newest_sealed(root, camera), _RECENT_FILES):
            noted += _note(path, keys, journal, open_ids)
    with journal.appending() as appender:
        appender.retain_marks(still_open(journal))
    return noted


def still_open(journal: CameraJournal) -> set[bytes]:
    """Return the ids of recordings that were opened and neither sealed, recovered, discarded nor deleted."""
    open_ids: set[bytes] = set()
    for entry in journal.read(newest=_RECENT_ENTRIES).entries:
        if entry.kind is EntryKind.OPENED:
            open_ids.add(entry.file_id)
        elif entry.kind in CLOSING:
            open_ids.discard(entry.file_id)
    return open_ids


def _newest_sealed(root: Path, camera: str) -> list[Path]:
    found = [path for kind in ("clips", "segments") for path in (root / kind / camera).glob("*/*.vge")]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _note(path: Path, keys: KeyRing, journal: CameraJournal, open_ids: set[bytes]) -> bool:
    try:
        with VaultReader.open(path, keys) as reader:
            file_id, tag, sealed = bytes.fromhex(reader.file_id), reader.facts.final_tag, reader.sealed
    except VaultError:
        return False
    if not sealed or file_id not in open_ids:
        return False
    journal.append(EntryKind.SEALED, file_id, size=path.stat().st_size, tag=tag)
    open_ids.discard(file_id)
    return True
