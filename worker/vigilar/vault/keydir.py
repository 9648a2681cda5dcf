"""The key directory: what a box holds to wrap and open recordings.

    storage.key       32 bytes, the box's key for new recordings
    retired/*.key     earlier box keys, kept until a rotation has re-wrapped every recording
    legacy/*.key      keys of version 1 files, put there by a person; never erased
    recovery.pub      the recovery key's public half
    recovery.secret   the recovery secret, wrapped under storage.key, until its paper copy is confirmed
    journal.key       32 bytes, authenticates the cameras' journals
    passphrase.pub    optional: salt, costs and public half of a passphrase

All files are 0600 in a directory of 0700.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import BadKeyError, KeyMissingError
from vigilar.vault.primitives import KEY_BYTES, KEY_ID_BYTES, derive, random_bytes
from vigilar.vault.slots import Slot
from vigilar.vault.wrapping import BoxKey, PassphrasePublic, RecoveryKey, RecoveryPublic

STORAGE_KEY: Final = "storage.key"
RETIRED: Final = "retired"
LEGACY: Final = "legacy"
RECOVERY_PUBLIC: Final = "recovery.pub"
RECOVERY_SECRET: Final = "recovery.secret"  # noqa: S105 — a file name
JOURNAL_KEY: Final = "journal.key"
PASSPHRASE: Final = "passphrase.pub"  # noqa: S105 — a file name
LOCK: Final = ".lock"
_SECRET_LABEL: Final = b"vigilar recovery secret at rest"
_NONCE: Final = 12
_ATTEMPTS: Final = 5

type Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, repr=False)
class HeldKeys:
    """One reading of the key directory. `box[0]` is the current key, the others are retired."""

    box: tuple[BoxKey, ...]
    recovery: RecoveryPublic
    journal: bytes
    passphrase: PassphrasePublic | None
    legacy: tuple[bytes, ...]
    stamp: Stamp

    def unwrap(self, slot: Slot, header_hash: bytes) -> bytes | None:
        """Try the box keys, the current one first."""
        for key in self.box:
            data_key = key.unwrap(slot, header_hash)
            if data_key is not None:
                return data_key
        return None


def create_missing(key_dir: Path, files: DurableFiles) -> None:
    """Make what is missing in a key directory; the caller holds its lock. Raises KeyMissingError."""
    erase_leftovers(key_dir, files)
    storage = key_dir / STORAGE_KEY
    if not storage.exists():
        others = [
            name for name in (RECOVERY_PUBLIC, RECOVERY_SECRET, JOURNAL_KEY) if (key_dir / name).exists()
        ]
        if others:
            raise KeyMissingError(
                f"{storage} is missing but {others[0]} is there: put the key back from a backup, "
                f"or move {key_dir} away to begin with new keys (old recordings then need the recovery key)"
            )
        files.write_atomic(storage, random_bytes(KEY_BYTES))
    # Each step can be repeated after a crash: recovery.pub comes last and makes its pair valid.
    if not (key_dir / RECOVERY_PUBLIC).exists():
        recovery = RecoveryKey.generate()
        files.write_atomic(key_dir / RECOVERY_SECRET, seal_secret(BoxKey.of(storage.read_bytes()), recovery))
        files.write_atomic(key_dir / RECOVERY_PUBLIC, recovery.public.public.hex().encode() + b"\n")
    if not (key_dir / JOURNAL_KEY).exists():
        files.write_atomic(key_dir / JOURNAL_KEY, random_bytes(KEY_BYTES))
    # A start that failed or was killed may have left names that are not durable yet; no clip before they are.
    files.fsync_dir(key_dir)


def erase(path: Path, files: DurableFiles) -> None:
    """Overwrite a small file with zeros and remove it; no promise about copies a flash drive keeps inside."""
    if not path.exists():
        return
    fd = files.open_existing(path)
    try:
        files.pwrite(fd, bytes(path.stat().st_size), 0)
        files.fdatasync(fd)
    finally:
        os.close(fd)
    files.unlink(path)


def seal_secret(key: BoxKey, recovery: RecoveryKey) -> bytes:
    """Return the recovery secret wrapped under a box key: key id ‖ nonce ‖ ciphertext ‖ tag."""
    nonce = random_bytes(_NONCE)
    aead = AESGCM(derive(key.secret, _SECRET_LABEL))
    return key.key_id + nonce + aead.encrypt(nonce, recovery.secret, recovery.public.public)


def erase_leftovers(key_dir: Path, files: DurableFiles) -> None:
    """Erase half-written key files of a process that was killed; the caller holds the directory's lock."""
    for directory in (key_dir, key_dir / RETIRED):
        for path in directory.glob(".*.tmp"):
            erase(path, files)


def open_secret(key: BoxKey, sealed: bytes, public: bytes) -> bytes:
    """Undo `seal_secret`. Raises BadKeyError."""
    nonce, body = sealed[KEY_ID_BYTES : KEY_ID_BYTES + _NONCE], sealed[KEY_ID_BYTES + _NONCE :]
    try:
        return AESGCM(derive(key.secret, _SECRET_LABEL)).decrypt(nonce, body, public)
    except (InvalidTag, ValueError) as err:
        raise BadKeyError(f"{RECOVERY_SECRET} does not belong to {RECOVERY_PUBLIC}, or was changed") from err


def read_keys(key_dir: Path) -> HeldKeys:
    """Read the directory, again if a rotation changed it meanwhile. Raises KeyMissingError, BadKeyError."""
    for _ in range(_ATTEMPTS):
        stamp = stamp_of(key_dir)
        try:
            held = _read_once(key_dir, stamp)
        except KeyMissingError:
            if stamp == stamp_of(key_dir):
                raise
            continue
        if stamp == stamp_of(key_dir):
            break
    else:
        raise KeyMissingError(f"{key_dir} keeps changing: try again when the key rotation has ended")
    return held


def _read_once(key_dir: Path, stamp: Stamp) -> HeldKeys:
    retired = sorted((key_dir / RETIRED).glob("*.key"))
    box = [BoxKey.of(_key_file(key_dir / STORAGE_KEY)), *(BoxKey.of(_key_file(path)) for path in retired)]
    return HeldKeys(
        box=tuple(box),
        recovery=RecoveryPublic(_public_file(key_dir / RECOVERY_PUBLIC)),
        journal=_key_file(key_dir / JOURNAL_KEY),
        legacy=tuple(_key_file(path) for path in sorted((key_dir / LEGACY).glob("*.key"))),
        passphrase=_passphrase_file(key_dir / PASSPHRASE),
        stamp=stamp,
    )


def stamp_of(key_dir: Path) -> Stamp:
    """Return what changes when any of the key files does."""

    def of(name: str) -> tuple[int, int, int]:
        try:
            status = (key_dir / name).stat()
        except FileNotFoundError:
            return (0, 0, 0)
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    return tuple(
        of(name) for name in (STORAGE_KEY, RETIRED, LEGACY, RECOVERY_PUBLIC, JOURNAL_KEY, PASSPHRASE)
    )


def _key_file(path: Path) -> bytes:
    data = _content(path)
    if len(data) != KEY_BYTES:
        raise BadKeyError(
            f"{path} must hold exactly {KEY_BYTES} bytes, it has {len(data)}: restore it from a backup"
        )
    return data


def _public_file(path: Path) -> bytes:
    try:
        public = bytes.fromhex(_content(path).decode("ascii"))
    except ValueError as err:
        raise BadKeyError(f"{path} is not readable: restore it from a backup") from err
    if len(public) != KEY_BYTES:
        raise BadKeyError(f"{path} must hold {KEY_BYTES} bytes in hexadecimal: restore it from a backup")
    return public


def _passphrase_file(path: Path) -> PassphrasePublic | None:
    return PassphrasePublic.from_json(_content(path)) if path.exists() else None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as err:
        raise KeyMissingError(
            f"{path} is missing: if {path.parent} is the right key folder, restore it from a backup"
        ) from err
    except OSError as err:
        raise KeyMissingError(f"{path} cannot be read: {err.strerror}") from err
