"""The ring of keys that every process holds: wraps new recordings, opens all that the box may open."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import KeyMissingError
from vigilar.vault.keydir import (
    LOCK,
    RECOVERY_SECRET,
    HeldKeys,
    create_missing,
    erase,
    open_secret,
    read_keys,
    stamp_of,
)
from vigilar.vault.primitives import KEY_ID_BYTES, derive, public_key_id
from vigilar.vault.slots import Slot, SlotType
from vigilar.vault.wrapping import BoxKey, RecoveryKey, RecoveryPublic

_JOURNAL_LABEL: Final = b"vigilar camera journal "


class KeyRing:
    """The box's keys. Follows the directory: a key rotated by another process is noticed at the next file.

    Safe to share between threads.
    """

    __slots__ = ("_held", "key_dir")

    def __init__(self, key_dir: Path, held: HeldKeys) -> None:
        self.key_dir = key_dir
        self._held = held

    @classmethod
    def load(cls, key_dir: Path) -> "KeyRing":
        """Read the directory. Raises KeyMissingError, BadKeyError."""
        return cls(key_dir, read_keys(key_dir))

    @classmethod
    def load_or_create(cls, key_dir: Path, files: DurableFiles) -> "KeyRing":
        """Read the directory, making at first start what is missing; several processes may start at once.

        Raises KeyMissingError where `storage.key` is gone but other keys are there: a new key would look like
        a working box while every earlier recording stays shut.
        """
        files.mkdir(key_dir, 0o700)
        with files.locked(key_dir / LOCK):
            create_missing(key_dir, files)
        return cls.load(key_dir)

    @property
    def current(self) -> BoxKey:
        """The box's key for new recordings."""
        return self._held.box[0]

    @property
    def retired(self) -> tuple[BoxKey, ...]:
        """Earlier box keys that a rotation has not finished with."""
        return self._held.box[1:]

    @property
    def recovery_public(self) -> RecoveryPublic:
        """The recovery key's public half."""
        return self._held.recovery

    @property
    def recovery_confirmed(self) -> bool:
        """Whether the recovery secret has been saved elsewhere and erased here."""
        return not (self.key_dir / RECOVERY_SECRET).exists()

    @property
    def has_passphrase(self) -> bool:
        """Whether new recordings also open with a passphrase."""
        return self._held.passphrase is not None

    def refresh(self) -> bool:
        """Read the directory again if it changed; return whether it did."""
        if stamp_of(self.key_dir) == self._held.stamp:
            return False
        self._held = read_keys(self.key_dir)
        return True

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold off the end of a rotation while a new file is made, after noticing the newest key.

        Else a rotation could erase a key between the moment it wraps a file and the moment that file can be
        seen.
        """
        try:
            fd = os.open(self.key_dir / LOCK, os.O_RDONLY)
        except FileNotFoundError:
            self.refresh()
            yield
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            self.refresh()
            yield
        finally:
            os.close(fd)

    def slot_ids(self) -> set[tuple[int, bytes]]:
        """Return (type, key id) of the slots that `wrap` makes."""
        held = self._held
        ids = {
            (int(SlotType.BOX), held.box[0].key_id),
            (int(SlotType.RECOVERY), public_key_id(held.recovery.public)),
        }
        if held.passphrase is not None:
            ids.add((int(SlotType.PASSPHRASE), public_key_id(held.passphrase.public)))
        return ids

    def wrap(self, data_key: bytes, header_hash: bytes) -> tuple[Slot, ...]:
        """Return the slots of a new recording: box, recovery, and passphrase if there is one."""
        held = self._held
        slots = [held.box[0].wrap(data_key, header_hash), held.recovery.wrap(data_key, header_hash)]
        if held.passphrase is not None:
            slots.append(held.passphrase.wrap(data_key, header_hash))
        return tuple(slots)

    def unwrap(self, slot: Slot, header_hash: bytes) -> bytes | None:
        """Return the data key if the slot is for one of the box's keys. Raises DamagedError."""
        if slot.type != SlotType.BOX:
            return None
        data_key = self._held.unwrap(slot, header_hash)
        if data_key is None and self.refresh():
            # Another process rotated the keys since we read them.
            data_key = self._held.unwrap(slot, header_hash)
        return data_key

    def legacy_keys(self) -> tuple[bytes, ...]:
        """Return the 32-byte keys to try on version 1 files."""
        return (*self.lasting_legacy_keys(), *(key.secret for key in self.retired))

    def lasting_legacy_keys(self) -> tuple[bytes, ...]:
        """Return those of them that the end of a rotation does not erase."""
        return (*self._held.legacy, self.current.secret)

    def journal_key(self, camera: str) -> bytes:
        """Return the key that authenticates a camera's journal."""
        return derive(self._held.journal, _JOURNAL_LABEL + camera.encode())

    def recovery_key(self) -> RecoveryKey:
        """Return the recovery key while it is still here. Raises KeyMissingError once confirmed."""
        try:
            sealed = (self.key_dir / RECOVERY_SECRET).read_bytes()
        except FileNotFoundError as err:
            raise KeyMissingError(
                "the recovery key was confirmed and erased here: it exists only where it was written down"
            ) from err
        for key in self._held.box:
            if sealed[:KEY_ID_BYTES] == key.key_id:
                return RecoveryKey(open_secret(key, sealed, self._held.recovery.public))
        raise KeyMissingError("the recovery secret is wrapped under a storage key that is no longer here")

    def confirm_recovery(self, files: DurableFiles) -> None:
        """Erase the recovery secret: its paper copy was confirmed. Doing it twice is fine."""
        path = self.key_dir / RECOVERY_SECRET
        with files.locked(self.key_dir / LOCK):
            erase(path, files)
