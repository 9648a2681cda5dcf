"""After a crash: what torn recordings hold becomes sealed recordings again, beside the running recording."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.vault.entries import EntryKind
from vigilar.vault.errors import DamagedError, VaultError
from vigilar.vault.final import NO_TAG
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.layout import Ending, Layout, authentic_part, read_ending, read_record, tag_of, walk
from vigilar.vault.primitives import sha256_of
from vigilar.vault.reader import RecordContent, VaultReader
from vigilar.vault.reconcile import note_unjournalled
from vigilar.vault.records import split_word
from vigilar.vault.unlocking import LockedFile, Unlocked, read_locked, unlock
from vigilar.vault.writer import PART, Salvage, SealedFile, VaultWriter

KINDS: Final = ("clips", "segments")
SALVAGE: Final = ".salvage"
_BARREN: Final = 3 * 4096

type TailOf = Callable[[bytes, int, str], bytes]
"""(meta, milliseconds of the last record, torn file's id) → the tail of the recovered recording."""


class Outcome(StrEnum):
    """What became of a torn file. `left`: nothing was done, see the reason."""

    RECOVERED = "recovered"
    COMPLETED = "completed"
    DISCARDED = "discarded"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Recovered:
    """One torn file's fate. `sealed`, `meta` and `tail` are set for `recovered` and `completed`.

    `part` is the torn file's path, `torn_id` its file id ("" where its header was torn, too). `reason` says
    what is to be said: why it was left, or that bytes which had been durable are gone.
    """

    outcome: Outcome
    part: Path
    torn_id: str = ""
    sealed: SealedFile | None = None
    meta: bytes = b""
    tail: bytes = b""
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class _Torn:
    """An unlocked part, opened and locked by us."""

    part: Path
    path: Path
    fd: int
    locked: LockedFile
    unlocked: Unlocked

    @property
    def file_id(self) -> bytes:
        return self.locked.header.file_id


def recover_parts(
    root: Path,
    camera: str,
    *,
    keys: KeyRing,
    files: DurableFiles,
    journal: CameraJournal,
    tail_of: TailOf,
) -> list[Recovered]:
    """Recover a camera's torn recordings under `root`; parts that somebody is writing are not touched.

    The content of each is copied into a new sealed recording at its final path, read back and compared;
    only then is the torn file removed. Killed at any point, the next run ends the work. One bad file, or
    one that `tail_of` raises for, does not stop the others: see `Recovered.reason`. Raises WriteFailedError.
    """
    recovery = _Recovery(camera, keys, files, journal, tail_of)
    for leftover in _found(root, camera, SALVAGE):
        recovery.drop_leftover(leftover)
    recovered = [fate for part in _found(root, camera, PART) if (fate := recovery.attempt(part)) is not None]
    note_unjournalled(root, camera, keys, journal)
    return recovered


def _found(root: Path, camera: str, suffix: str) -> Iterator[Path]:
    for kind in KINDS:
        yield from sorted((root / kind / camera).glob(f"*/*.vge{suffix}"))


@dataclass(frozen=True, slots=True)
class _Recovery:
    camera: str
    keys: KeyRing
    files: DurableFiles
    journal: CameraJournal
    tail_of: TailOf

    def drop_leftover(self, path: Path) -> None:
        """Remove the copy that a killed recovery left; its source is still there."""
        fd = self._take(path)
        if fd is None:
            return
        try:
            file_id = read_locked(fd).header.file_id
        except VaultError:
            file_id = None
        finally:
            os.close(fd)
        if file_id is not None:
            self.journal.append(EntryKind.DISCARDED, file_id)
        self.files.unlink(path)

    def attempt(self, part: Path) -> Recovered | None:
        """Recover one part; None when it is in use."""
        fd = self._take(part)
        if fd is None:
            return None
        try:
            return self._recover(part, fd)
        except VaultError as err:
            return Recovered(Outcome.LEFT, part, reason=str(err))
        except OSError as err:
            return Recovered(Outcome.LEFT, part, reason=f"{part}: {err.strerror}")
        finally:
            os.close(fd)

    def _take(self, path: Path) -> int | None:
        """Open and lock a file nobody writes. None: in use, sealed meanwhile, or not to be opened at all."""
        try:
            fd = self.files.open_existing(path)
        except OSError:
            return None
        try:
            if self.files.lock(fd, wait=False) and path.stat().st_ino == os.fstat(fd).st_ino:
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)
        return None

    def _recover(self, part: Path, fd: int) -> Recovered:
        try:
            locked = read_locked(fd)
        except DamagedError as err:
            if not _is_barren(fd):
                raise DamagedError(f"{part}: {err}") from err
            # The header was not durable yet, so no record can follow it.
            self.files.unlink(part)
            return Recovered(Outcome.DISCARDED, part, reason="it was torn before anything was recorded")
        torn = _Torn(
            part, part.with_name(part.name.removesuffix(PART)), fd, locked, unlock(locked, self.keys)
        )
        ending = _ending(torn)
        if ending is not None:
            return self._complete(torn, ending)
        layout = authentic_part(fd, torn.unlocked.cipher, walk(fd, locked.records_at))
        loss = self._note_crash(torn, layout)
        if not layout.size:
            self.journal.append(EntryKind.DISCARDED, torn.file_id, size=layout.end)
            self.files.unlink(part)
            return Recovered(
                Outcome.DISCARDED, part, torn.file_id.hex(), reason=loss or "it held nothing yet"
            )
        return self._copy(torn, layout, loss)

    def _complete(self, torn: _Torn, ending: Ending) -> Recovered:
        """Only the rename was missing: the file is sealed."""
        if torn.path.exists():
            raise DamagedError(f"{torn.part}: complete, but {torn.path.name} exists already")
        size = os.fstat(torn.fd).st_size
        with self.journal.appending() as journal:
            self.files.fdatasync(torn.fd)
            self.files.replace(torn.part, torn.path)
            journal.append(EntryKind.SEALED, torn.file_id, size=size, tag=ending.tag)
        sealed = SealedFile(torn.path, torn.file_id.hex(), size, ending.tag)
        return Recovered(
            Outcome.COMPLETED,
            torn.part,
            torn.file_id.hex(),
            sealed,
            torn.locked.header.meta,
            ending.final.tail,
        )

    def _note_crash(self, torn: _Torn, layout: Layout) -> str:
        """Log the crash with what survived it; return what is wrong if that is less than was durable."""
        mark = self.journal.read(newest=1).marks.get(torn.file_id, 0)
        with self.journal.appending() as journal:
            journal.append(
                EntryKind.CRASHED, torn.file_id, size=layout.end, other=mark.to_bytes(8).ljust(16, b"\0")
            )
        if layout.end >= mark:
            return ""
        return f"{mark - layout.end} bytes that were on disk before the crash are gone or changed"

    def _copy(self, torn: _Torn, layout: Layout, loss: str) -> Recovered:
        header = torn.locked.header
        tail = self._tail(torn, layout)
        last_tag = tag_of(torn.fd, layout, layout.count - 1)
        sealed = self._already_copied(torn, layout, last_tag)
        if sealed is None:
            sealed = self._seal_copy(torn, layout, tail, Salvage(torn.file_id, last_tag))
        if _digest_of(sealed.path, self.keys) != _digest(torn.fd, torn.unlocked, layout):
            raise DamagedError(f"{torn.part}: its copy {sealed.path.name} differs; both are kept")
        with self.journal.appending() as journal:
            journal.append(
                EntryKind.RECOVERED,
                torn.file_id,
                size=layout.end,
                tag=last_tag,
                other=bytes.fromhex(sealed.file_id),
            )
        self.files.unlink(torn.part)
        return Recovered(Outcome.RECOVERED, torn.part, torn.file_id.hex(), sealed, header.meta, tail, loss)

    def _tail(self, torn: _Torn, layout: Layout) -> bytes:
        try:
            return self.tail_of(torn.locked.header.meta, layout.times[-1], torn.file_id.hex())
        except Exception as err:
            raise DamagedError(f"{torn.part}: its description cannot be read: {err}") from err

    def _seal_copy(self, torn: _Torn, layout: Layout, tail: bytes, salvage: Salvage) -> SealedFile:
        header = torn.locked.header
        writer = VaultWriter.create(
            torn.path,
            keys=self.keys,
            files=self.files,
            camera=header.camera,
            start=header.start,
            meta=header.meta,
            journal=self.journal,
            part=torn.path.with_name(torn.path.name + SALVAGE),
        )
        try:
            for index in range(layout.count):
                plain = read_record(torn.fd, torn.unlocked.cipher, layout, index)
                _, _, continues = split_word(layout.words[index])
                writer.put_record(plain, layout.times[index], continues=continues)
            return writer.seal(tail, salvage=salvage)
        finally:
            writer.abandon()

    def _already_copied(self, torn: _Torn, layout: Layout, last_tag: bytes) -> SealedFile | None:
        """Find the copy of a recovery that was killed before it could remove its source."""
        if not torn.path.exists():
            return None
        with VaultReader.open(torn.path, self.keys) as reader:
            final = reader.facts.final
            if final is None or final.salvaged_id != torn.file_id or final.salvaged_tag != last_tag:
                raise DamagedError(f"{torn.part}: {torn.path.name} exists already and is another recording")
            return SealedFile(torn.path, reader.file_id, torn.path.stat().st_size, reader.facts.final_tag)


def _is_barren(fd: int) -> bool:
    """Tell whether a part without a readable header can hold no record: too short, or all zeros."""
    size = os.fstat(fd).st_size
    return size <= _BARREN or not any(os.pread(fd, _BARREN, 0))


def _ending(torn: _Torn) -> Ending | None:
    try:
        return read_ending(torn.fd, torn.unlocked.cipher, torn.locked.records_at)
    except DamagedError:
        return None


def _digest(fd: int, unlocked: Unlocked, layout: Layout) -> bytes:
    return sha256_of(read_record(fd, unlocked.cipher, layout, index) for index in range(layout.count))


def _digest_of(path: Path, keys: KeyRing) -> bytes:
    with VaultReader.open(path, keys) as reader:
        content = reader.content
        if not isinstance(content, RecordContent) or not reader.sealed:
            return NO_TAG
        return sha256_of(map(content.record, range(content.layout.count)))
