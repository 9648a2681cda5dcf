"""What a backup says it holds, and which names it may hold at all.

A name that is not on the list is refused before anything is written, so an archive cannot reach out of the
folders it is restored to, whatever it says.
"""

import json
import re
from datetime import datetime
from typing import Final

import msgspec

from vigilar.backup.errors import DamagedBackupError, NewerBackupError
from vigilar.domain.camera import CAMERA_ID_PATTERN

FORMAT: Final = 1
CONFIG: Final = "config/vigilar.yaml"
SECRETS: Final = "config/secrets.yaml"
DATABASE: Final = "data/vigilar.db"
SERVER_ID: Final = "data/server_id"
TOKENS: Final = "keys/api_token.hash"
KEYS: Final = "keys/"
JOURNALS: Final = "journal/"
KEY_FILES: Final = ("storage.key", "journal.key", "recovery.pub", "passphrase.pub")
"""Never `recovery.secret`: once its paper copy is confirmed it is to exist nowhere on the box."""
KEY_FOLDERS: Final = ("retired", "legacy")

_REQUIRED: Final = frozenset({CONFIG, DATABASE, *(KEYS + name for name in KEY_FILES[:3])})
_FIXED: Final = _REQUIRED | {SECRETS, SERVER_ID, TOKENS, KEYS + KEY_FILES[3]}
_KEY_FILE: Final = re.compile(r"keys/(?:retired|legacy)/[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,199}\.key")
_JOURNAL: Final = re.compile(r"journal/([^/]+)\.(?:journal|marks)")


class Member(msgspec.Struct, frozen=True):
    """One file: its name in the backup, its length in bytes."""

    name: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """The content's list, in order; all members lie one behind the other.

    `revision`: of the database's tables. `journals`: camera → the newest entry's number and MAC, as `vigilar
    vault verify --head` takes them. `left_out`: files the configuration names that are not in here.
    """

    created: datetime
    vigilar: str
    revision: str
    members: tuple[Member, ...]
    journals: dict[str, str] = {}
    left_out: tuple[str, ...] = ()


def is_allowed(name: str) -> bool:
    """Return whether a backup may hold a file of that name."""
    if name in _FIXED or _KEY_FILE.fullmatch(name):
        return True
    journal = _JOURNAL.fullmatch(name)
    return journal is not None and CAMERA_ID_PATTERN.fullmatch(journal[1]) is not None


def pack_head() -> bytes:
    """Return what stands in the clear: only which format it is."""
    return json.dumps({"vigilar_backup": FORMAT}).encode()


def check_head(head: bytes) -> None:
    """Refuse what is no backup, or one of a newer format. Raises DamagedBackupError, NewerBackupError."""
    try:
        version = json.loads(head)["vigilar_backup"]
    except (ValueError, KeyError, TypeError) as err:
        raise DamagedBackupError("it is no backup") from err
    if version != FORMAT:
        raise NewerBackupError(f"backup format {version} is not known here: restore it with a newer Vigilar")


def pack_manifest(manifest: Manifest) -> bytes:
    """Return it as JSON."""
    return msgspec.json.encode(manifest)


def unpack_manifest(tail: bytes, size: int) -> Manifest:
    """Read a manifest and hold it against the `size` bytes of content. Raises DamagedBackupError."""
    try:
        manifest = msgspec.json.decode(tail, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise DamagedBackupError("its list of content is not readable") from err
    names = [member.name for member in manifest.members]
    for name in names:
        if not is_allowed(name):
            raise DamagedBackupError(
                f"it holds {name[:80]!r}, which no backup may hold: it was not made by us"
            )
    if len(set(names)) != len(names):
        raise DamagedBackupError("it holds a file twice")
    if missing := sorted(_REQUIRED - set(names)):
        raise DamagedBackupError(f"{missing[0]} is not in it")
    if any(member.size < 0 for member in manifest.members) or size != sum(
        member.size for member in manifest.members
    ):
        raise DamagedBackupError("its list does not fit its content")
    return manifest
