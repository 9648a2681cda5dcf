"""The journal of one camera: what was opened, sealed, recovered, discarded and deleted, in order.

Append-only entries of 128 bytes, each with a MAC over the one before, so that a recording which vanished
without an entry shows. Several processes append (the capture process seals, the core deletes): each append
holds the file's lock. Beside it lie the high-water marks (`marks.py`).
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag

from vigilar.files.durable import DurableFiles
from vigilar.vault.appending import Appender
from vigilar.vault.entries import (
    ENTRY,
    HEADER,
    Entry,
    EntryKind,
    Reason,
    is_header,
    key_info,
    read_chain,
    wrapped_key,
)
from vigilar.vault.errors import DamagedError, WriteFailedError, WrongKeyError
from vigilar.vault.final import NO_TAG
from vigilar.vault.keys import KeyRing
from vigilar.vault.marks import Mark, MarkTable
from vigilar.vault.primitives import MAC_BYTES, public_key_id, unseal
from vigilar.vault.wrapping import RecoveryKey, RecoveryPublic


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The newest entry's place in the chain; kept elsewhere, it shows when the newest were removed."""

    sequence: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class JournalReading:
    """A journal as read. `problems` is empty for one whose chain holds; `marks`: file id → durable bytes."""

    entries: tuple[Entry, ...]
    marks: dict[bytes, int]
    problems: tuple[str, ...]
    exists: bool


def journal_path(root: Path, camera: str) -> Path:
    """Return where a camera's journal lies under the storage root."""
    return root / "journal" / f"{camera}.journal"


class CameraJournal:
    """Appends to and reads one camera's journal. Keeps nothing in memory: may be shared."""

    __slots__ = ("_files", "_key", "_marks", "_now_us", "_recovery", "camera", "path")

    def __init__(
        self,
        path: Path,
        camera: str,
        key: bytes,
        *,
        files: DurableFiles,
        recovery: RecoveryPublic | None = None,
        now_us: Callable[[], int] | None = None,
    ) -> None:
        self.path = path
        self.camera = camera
        self._key = key
        self._files = files
        self._recovery = recovery
        self._now_us = now_us or _wall_us
        self._marks = MarkTable(path.with_suffix(".marks"), key, files)

    @classmethod
    def open(
        cls,
        root: Path,
        camera: str,
        *,
        keys: KeyRing,
        files: DurableFiles,
        now_us: Callable[[], int] | None = None,
    ) -> "CameraJournal":
        """Return the journal of `camera` under the storage root; nothing is touched until the first append.

        `now_us` returns the wall time in µs since 1970, for the entries' labels.
        """
        return cls(
            journal_path(root, camera),
            camera,
            keys.journal_key(camera),
            files=files,
            recovery=keys.recovery_public,
            now_us=now_us,
        )

    @classmethod
    def open_with(
        cls, root: Path, camera: str, recovery: RecoveryKey, files: DurableFiles
    ) -> "CameraJournal":
        """Return the journal for reading with the recovery key alone. Raises WrongKeyError, DamagedError."""
        path = journal_path(root, camera)
        try:
            header = path.read_bytes()[:HEADER]
        except OSError as err:
            raise DamagedError(f"camera {camera}: {path} cannot be read: {err.strerror}") from err
        if not is_header(header, camera):
            raise DamagedError(f"camera {camera}: {path} does not begin like its journal")
        key_id, sealed = wrapped_key(header)
        if key_id != public_key_id(recovery.public.public):
            raise WrongKeyError(f"camera {camera}: its journal was begun with another recovery key")
        try:
            return cls(path, camera, unseal(recovery.secret, sealed, key_info(camera)), files=files)
        except InvalidTag as err:
            raise DamagedError(f"camera {camera}: the key in its journal is not what was written") from err

    @contextmanager
    def appending(self) -> Iterator[Appender]:
        """Hold the journal's lock; the appender knows the previous final tag. Raises WriteFailedError."""
        try:
            self._files.mkdir(self.path.parent)
            with self._files.locked(self.path) as fd:
                yield Appender(
                    fd,
                    self.path,
                    self.camera,
                    self._key,
                    files=self._files,
                    now_us=self._now_us,
                    marks=self._marks,
                    recovery=self._recovery,
                )
        except OSError as err:
            raise WriteFailedError(
                f"camera {self.camera}: its journal cannot be written: {err.strerror}"
            ) from err

    def append(self, kind: EntryKind, file_id: bytes, *, size: int = 0, tag: bytes = NO_TAG) -> None:
        """Append one durable entry. Raises WriteFailedError."""
        with self.appending() as journal:
            journal.append(kind, file_id, size=size, tag=tag)

    def opened(self, file_id: bytes, durable_bytes: int) -> Mark:
        """Append that a recording begins; return its high-water mark, which stands at `durable_bytes`."""
        with self.appending() as journal:
            mark = self._marks.claim(file_id, durable_bytes)
            try:
                journal.append(EntryKind.OPENED, file_id)
            except OSError:
                mark.close()
                raise
        return mark

    def deleted(self, file_id: str, *, size: int = 0, reason: Reason = Reason.RETENTION) -> None:
        """Append that a recording is about to be deleted. Call this BEFORE the file is unlinked.

        Raises WriteFailedError: then the file must stay.
        """
        with self.appending() as journal:
            journal.append(EntryKind.DELETED, bytes.fromhex(file_id), size=size, reason=reason)

    def head(self) -> JournalHead | None:
        """Return the newest entry's place, None for a journal that has none."""
        entries = self.read(newest=1).entries
        return JournalHead(entries[-1].sequence, entries[-1].mac) if entries else None

    def read(self, *, newest: int | None = None) -> JournalReading:
        """Read and check the chain, or only its newest entries. What is wrong with it is in `problems`.

        Raises DamagedError where the file cannot be read at all.
        """
        try:
            header, skip, chain = self._bytes(newest)
            marks = self._marks.read()
        except FileNotFoundError:
            return JournalReading((), {}, (), exists=False)
        except OSError as err:
            raise DamagedError(f"camera {self.camera}: its journal cannot be read: {err.strerror}") from err
        problems: list[str] = []
        if not is_header(header, self.camera):
            problems.append("the journal's header is not this camera's")
        entries, problem = read_chain(header, chain, self._key, skip)
        if problem:
            problems.append(problem)
        return JournalReading(entries, marks, tuple(problems), exists=True)

    def _bytes(self, newest: int | None) -> tuple[bytes, int, bytes]:
        """Return header, number of entries skipped, and the bytes from the MAC before the first entry on."""
        with self.path.open("rb") as file:
            header = file.read(HEADER)
            count = (os.fstat(file.fileno()).st_size - HEADER) // ENTRY
            skip = max(0, count - newest) if newest is not None else 0
            file.seek(HEADER + skip * ENTRY - MAC_BYTES)
            return header, skip, file.read()


def _wall_us() -> int:
    return time.time_ns() // 1000
