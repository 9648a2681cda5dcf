"""Writing a recording: a sink for the MP4 muxer, sealed record by record while it grows."""

import logging
import os
import time
from collections.abc import Buffer, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.vault.appending import Appender
from vigilar.vault.beginning import NewFile, begin_file, create_file
from vigilar.vault.entries import EntryKind
from vigilar.vault.errors import InUseError, VaultError, WriteFailedError
from vigilar.vault.final import NO_FILE, NO_TAG, FinalRecord, pack_final, pack_footer, u32s
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.marks import Mark
from vigilar.vault.muxed import MuxedBytes
from vigilar.vault.primitives import TAG_BYTES
from vigilar.vault.records import CONTINUES, FINAL, LENGTH, MAX_PLAIN, MAX_RECORDS, OVERHEAD, RecordCipher

PART: Final = ".part"
_log = logging.getLogger(__name__)
_MAX_PENDING: Final = 32 << 20
_MAX_TIME: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A sealed recording: durable under `path`, `size` bytes on disk, `file_id` in hexadecimal."""

    path: Path
    file_id: str
    size: int
    final_tag: bytes


@dataclass(frozen=True, slots=True)
class Salvage:
    """Where a recovered recording's content comes from: the torn file's id and its last good record's tag."""

    file_id: bytes = NO_FILE
    last_tag: bytes = NO_TAG


class VaultWriter:
    """A recording being written, and the binary sink its muxer writes into. For one thread.

    After any error the writer is dead: `abandon` it, what was recorded can be recovered. `bytes_written` and
    `durable_bytes` count bytes of the file on disk. Methods raise WriteFailedError when the disk refuses.
    """

    def __init__(
        self,
        part: Path,
        path: Path,
        *,
        fd: int,
        cipher: RecordCipher,
        file_id: bytes,
        header_bytes: int,
        files: DurableFiles,
        journal: CameraJournal,
        mark: Mark,
        elapsed_ms: Callable[[], int],
    ) -> None:
        self.part, self.path = part, path
        self.file_id = file_id.hex()
        self.bytes_written = header_bytes
        self.durable_bytes = header_bytes
        self._fd = fd
        self._cipher = cipher
        self._id = file_id
        self._files, self._journal, self._mark = files, journal, mark
        self._elapsed_ms = elapsed_ms
        self._muxed = MuxedBytes()
        self._words, self._times = u32s(), u32s()
        self._out = bytearray(OVERHEAD)
        self._last_tag = NO_TAG
        self._is_open = True

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        keys: KeyRing,
        files: DurableFiles,
        camera: str,
        start: datetime,
        meta: bytes,
        journal: CameraJournal,
        part: Path | None = None,
        new: NewFile | None = None,
        elapsed_ms: Callable[[], int] | None = None,
    ) -> "VaultWriter":
        """Begin `{path}.part` (or `part`), locked, its header durable and its opening in the journal.

        `elapsed_ms` returns the time a record is labelled with: milliseconds of media since `start`;
        without it, milliseconds since now. Raises InUseError where the recording exists, WriteFailedError.
        """
        part = part or path.with_name(path.name + PART)
        if path.exists():
            raise InUseError(f"camera {camera}: the recording {path.name} exists already")
        new = new or NewFile()
        with keys.holding():
            begun = begin_file(new, keys, camera, start, meta)
            fd = create_file(part, begun.block, camera, files)
        try:
            mark = journal.opened(new.file_id, len(begun.block))
        except VaultError:
            os.close(fd)
            raise
        return cls(
            part,
            path,
            fd=fd,
            cipher=begun.cipher,
            file_id=new.file_id,
            header_bytes=len(begun.block),
            files=files,
            journal=journal,
            mark=mark,
            elapsed_ms=elapsed_ms or _since_now(),
        )

    def write(self, data: Buffer) -> int:
        """Take what the muxer wrote; nothing reaches the disk before `flush_record`."""
        self._check_open()
        written = self._muxed.write(data)
        if self._muxed.pending > _MAX_PENDING:
            self.flush_record()
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the muxer's position."""
        return self._muxed.seek(offset, whence)

    def tell(self) -> int:
        """Return the muxer's position."""
        return self._muxed.tell()

    def flush_record(self) -> None:
        """Write what the muxer wrote since the last record (a fragment) as one record, or several of ≤ 1 MiB.

        Does nothing when there is nothing, so it may be called after every packet.
        """
        self._check_open()
        if not self._muxed.pending:
            return
        data = self._muxed.take()
        time_ms = min(max(self._elapsed_ms(), 0), _MAX_TIME)
        for at in range(0, len(data), MAX_PLAIN):
            piece = data[at : at + MAX_PLAIN] if len(data) > MAX_PLAIN else data
            self.put_record(piece, time_ms, continues=at + MAX_PLAIN < len(data))

    def put_record(self, plain: bytes, time_ms: int, *, continues: bool) -> None:
        """Append one record as given (recovery copies records whole); `plain` at most 1 MiB."""
        self._check_open()
        if len(self._words) >= MAX_RECORDS:
            raise self._dead(f"{self.part} has too many records")
        word = len(plain) | (CONTINUES if continues else 0)
        self._put(plain, word, time_ms)
        self._words.append(word)
        self._times.append(time_ms)

    def sync(self) -> None:
        """Make what was recorded durable, and say so in the camera's high-water mark. The caller paces it."""
        self._check_open()
        if self.durable_bytes == self.bytes_written:
            return
        try:
            self._files.fdatasync(self._fd)
        except OSError as err:
            raise self._dead(f"{self.part} cannot be synced: {err.strerror}") from err
        self.durable_bytes = self.bytes_written
        try:
            self._mark.put(self.bytes_written)
        except OSError as err:
            # The footage is safe; only less of it could be proven if it were cut off after a crash.
            _log.warning("%s: its high-water mark could not be written: %s", self.part, err.strerror)

    def seal(self, tail: bytes, *, salvage: Salvage | None = None) -> SealedFile:
        """Write the final record, sync, rename to the final name, note it in the journal, close.

        The journal stays locked meanwhile, so that recordings sealed at once still form one chain.
        """
        self.flush_record()
        try:
            with self._journal.appending() as journal:
                before_final = self.bytes_written
                self._put_final(tail, journal.previous_tag, salvage or Salvage())
                self._sync_final(before_final)
                self._files.replace(self.part, self.path)
                self._note_sealed(journal)
        except (OSError, VaultError) as err:
            detail = err.strerror if isinstance(err, OSError) else err
            raise self._dead(f"{self.part} cannot be sealed: {detail}") from err
        self.durable_bytes = self.bytes_written
        self.abandon()
        return SealedFile(self.path, self.file_id, self.bytes_written, self._last_tag)

    def abandon(self) -> None:
        """Close and unlock; an unsealed file stays for recovery. Doing it twice is fine."""
        if self._is_open:
            self._is_open = False
            self._mark.close()
            os.close(self._fd)

    def _sync_final(self, before_final: int) -> None:
        """Make the whole file durable. Where that fails its end is taken off again.

        The kernel may have dropped what it could not write and still show it: what looks complete would
        be renamed by the next recovery, and be broken after a power cut. One without an end is copied.
        """
        try:
            self._files.fdatasync(self._fd)
        except OSError:
            with suppress(OSError):
                self._files.truncate(self._fd, before_final)
            raise

    def _note_sealed(self, journal: Appender) -> None:
        try:
            journal.append(EntryKind.SEALED, self._id, size=self.bytes_written, tag=self._last_tag)
        except OSError as err:
            # The recording is complete and durable; the next recovery adds the missing entry.
            _log.warning("%s is sealed, but its journal could not be told: %s", self.path, err.strerror)

    def _put_final(self, tail: bytes, previous_tag: bytes, salvage: Salvage) -> None:
        offset, count = self.bytes_written, len(self._words)
        plain = pack_final(
            FinalRecord(
                size=sum_lengths(self._words),
                words=self._words,
                times=self._times,
                previous_tag=previous_tag,
                salvaged_id=salvage.file_id,
                salvaged_tag=salvage.last_tag,
                patches=tuple(self._muxed.patches),
                tail=tail,
            )
        )
        self._put(
            plain, FINAL | len(plain), self._times[-1] if self._times else 0, pack_footer(offset, count)
        )

    def _put(self, plain: bytes, word: int, time_ms: int, footer: bytes = b"") -> None:
        needed = OVERHEAD + len(plain)
        if len(self._out) < needed:
            self._out = bytearray(needed)
        out = memoryview(self._out)
        size = self._cipher.seal_into(len(self._words), word, time_ms, plain, out)
        try:
            self._files.write(self._fd, out[:size], footer)
        except OSError as err:
            raise self._dead(f"{self.part} cannot be written: {err.strerror}") from err
        self.bytes_written += size + len(footer)
        self._last_tag = bytes(out[size - TAG_BYTES : size])

    def _dead(self, text: str) -> WriteFailedError:
        """Close after an error: a nonce that may be half on disk must not be used for anything else."""
        self.abandon()
        return WriteFailedError(text)

    def _check_open(self) -> None:
        if not self._is_open:
            raise WriteFailedError(f"{self.part} is closed")


def sum_lengths(words: Iterable[int]) -> int:
    """Return the plaintext bytes of records with these words."""
    return sum(word & LENGTH for word in words)


def _since_now() -> Callable[[], int]:
    begun = time.monotonic_ns()
    return lambda: (time.monotonic_ns() - begun) // 1_000_000
