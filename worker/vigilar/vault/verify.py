"""Is a recording what was written? Reads every byte and answers sealed, unfinished or broken."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from vigilar.files.durable import is_locked
from vigilar.vault.entries import EntryKind
from vigilar.vault.errors import DamagedError
from vigilar.vault.header import MAGIC
from vigilar.vault.journal import JournalReading
from vigilar.vault.layout import Ending, authentic_part, read_ending, record_holds, walk
from vigilar.vault.legacy import open_legacy
from vigilar.vault.unlocking import LockedFile, Unlocked, read_locked, unlock
from vigilar.vault.wrapping import Opener


class FileStatus(StrEnum):
    """`unfinished`: being written, or torn by a crash. `unprovable`: version 1, which cannot tell."""

    SEALED = "sealed"
    UNFINISHED = "unfinished"
    BROKEN = "broken"
    UNPROVABLE = "unprovable"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What was found about one file.

    `reasons` say why it is not simply sealed. `explained`: for an unfinished file, whether the journal
    accounts for its state (being written now, or torn by a crash with all that had been durable still
    there). `size`: good plaintext bytes. `final_tag` and `previous_tag` are empty unless it has a final
    record.
    """

    path: Path
    status: FileStatus
    reasons: tuple[str, ...] = ()
    explained: bool = False
    camera: str = ""
    file_id: str = ""
    size: int = 0
    records: int = 0
    final_tag: bytes = b""
    previous_tag: bytes = b""

    @property
    def is_fine(self) -> bool:
        """Whether there is nothing to worry about: sealed, or unfinished for a known reason."""
        return self.status is FileStatus.SEALED or (self.status is FileStatus.UNFINISHED and self.explained)


@dataclass(frozen=True, slots=True, repr=False)
class _Opened:
    path: Path
    fd: int
    locked: LockedFile
    unlocked: Unlocked
    in_use: bool
    is_closed_name: bool
    """Whether the name says that it was sealed."""


def verify_file(
    path: Path, keys: Opener, journal: JournalReading | None = None, *, closed_suffix: str = ".vge"
) -> FileReport:
    """Check one file completely: both slot areas, every record, the end.

    `journal` is its camera's, for telling the end a crash tore from one that was cut off; a name that ends
    with `closed_suffix` says that the file was sealed. Raises
    WrongKeyError when no key opens it, FileNotFoundError; what is wrong with the file itself is in the
    report.
    """
    in_use = is_locked(path)
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise
    except OSError as err:
        return FileReport(path, FileStatus.BROKEN, (f"it cannot be opened: {err.strerror}",))
    try:
        if os.pread(fd, len(MAGIC), 0) != MAGIC:
            return _verify_legacy(path, fd, keys)
        locked = read_locked(fd)
        is_closed = path.name.endswith(closed_suffix)
        return _verify(_Opened(path, fd, locked, unlock(locked, keys), in_use, is_closed), journal)
    except DamagedError as err:
        return FileReport(path, FileStatus.BROKEN, (str(err),))
    except OSError as err:
        return FileReport(path, FileStatus.BROKEN, (f"it cannot be read: {err.strerror}",))
    finally:
        os.close(fd)


def _verify(opened: _Opened, journal: JournalReading | None) -> FileReport:
    problems = _slot_problems(opened)
    try:
        ending = read_ending(opened.fd, opened.unlocked.cipher, opened.locked.records_at)
    except DamagedError:
        # Of an open file a crash may tear this, too.
        ending = None
    if ending is None:
        return _verify_open_end(opened, journal, problems)
    return _verify_sealed(opened, ending, problems)


def _verify_sealed(opened: _Opened, ending: Ending, problems: tuple[str, ...]) -> FileReport:
    layout, final = ending.layout, ending.final
    bad = [
        index
        for index in range(layout.count)
        if not record_holds(opened.fd, opened.unlocked.cipher, layout, index)
    ]
    if bad:
        problems += (f"{len(bad)} of {layout.count} records are not what was written, the first is {bad[0]}",)
    if any(patch.offset + len(patch.data) > layout.size for patch in final.patches):
        problems += ("a patch lies outside the content",)
    status = FileStatus.BROKEN if problems else FileStatus.SEALED
    explained = False
    if not problems and not opened.is_closed_name:
        # Killed between the final record and the rename: recovery ends it.
        status, explained = FileStatus.UNFINISHED, True
        problems = ("it is complete, only its last rename is missing",)
    return FileReport(
        path=opened.path,
        status=status,
        reasons=problems,
        explained=explained,
        camera=opened.locked.header.camera,
        file_id=opened.locked.header.file_id.hex(),
        size=layout.size,
        records=layout.count - len(bad),
        final_tag=ending.tag,
        previous_tag=final.previous_tag,
    )


def _verify_open_end(
    opened: _Opened, journal: JournalReading | None, problems: tuple[str, ...]
) -> FileReport:
    """Judge a file without a valid end: torn by a crash, being written, or cut off."""
    good = authentic_part(opened.fd, opened.unlocked.cipher, walk(opened.fd, opened.locked.records_at))
    if opened.is_closed_name:
        problems += ("its end is missing or changed, though it was sealed once",)
    unexplained = ""
    if not opened.is_closed_name:
        loss, unexplained = _explain(opened.locked.header.file_id, good.end, journal)
        problems += loss
    left = os.fstat(opened.fd).st_size - good.end
    state = (
        "it is being written" if opened.in_use else f"torn by a crash, {left} bytes after the last fragment"
    )
    return FileReport(
        path=opened.path,
        status=FileStatus.BROKEN if problems else FileStatus.UNFINISHED,
        reasons=problems or (unexplained or state,),
        explained=not problems and not unexplained,
        camera=opened.locked.header.camera,
        file_id=opened.locked.header.file_id.hex(),
        size=good.size,
        records=good.count,
    )


def _explain(file_id: bytes, good_end: int, journal: JournalReading | None) -> tuple[tuple[str, ...], str]:
    """Return (what proves that an unfinished file was changed, why nothing is proven)."""
    if journal is None or not journal.exists:
        return (), "without its camera's journal a crash cannot be told from a cut"
    if any(entry.kind is EntryKind.SEALED and entry.file_id == file_id for entry in journal.entries):
        return ("its end is missing: the journal says it was sealed",), ""
    mark = journal.marks.get(file_id)
    if mark is None:
        return (), "the journal has no high-water mark of it"
    if good_end < mark:
        return (f"{mark - good_end} bytes that had been durable are missing or changed",), ""
    return (), ""


def _slot_problems(opened: _Opened) -> tuple[str, ...]:
    problems: list[str] = []
    generations: set[int] = set()
    for index, area in enumerate(opened.locked.areas, 1):
        if area is None or not area.is_authentic(opened.unlocked.keys.slots, opened.locked.header_hash):
            problems.append(f"key slot area {index} is not what was written; the other one opens the file")
        else:
            generations.add(area.generation)
    if len(generations) > 1:
        problems.append("its two key slot areas differ: a key rotation did not end, run it again")
    return tuple(problems)


def _verify_legacy(path: Path, fd: int, keys: Opener) -> FileReport:
    if path.name.endswith(".part"):
        return FileReport(path, FileStatus.BROKEN, ("it does not begin like a recording",))
    content = open_legacy(fd, keys.legacy_keys())
    reason = "version 1: it opens, but nothing in it can prove that it was not changed"
    return FileReport(path, FileStatus.UNPROVABLE, (reason,), file_id=content.iv.hex(), size=content.size)
