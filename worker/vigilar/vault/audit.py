"""Is everything there that a camera ever sealed? Holds its files against its journal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vigilar.vault.entries import CLOSING, Entry, EntryKind
from vigilar.vault.errors import WrongKeyError
from vigilar.vault.final import NO_TAG
from vigilar.vault.journal import CameraJournal, JournalHead, JournalReading
from vigilar.vault.verify import FileReport, FileStatus, verify_file
from vigilar.vault.wrapping import Opener

_KINDS: Final = ("clips", "segments")
_SUFFIXES: Final = ("*.vge", "*.vge.part")
_PASSES: Final = 4


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What was found about a camera. `problems` are about the set of files, `notes` harmless remarks.

    `head` is the journal's newest entry: kept elsewhere and given to a later check, it shows that the newest
    recordings and the journal's end were not removed together.
    """

    camera: str
    files: tuple[FileReport, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    head: JournalHead | None

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong with any file, nor with the set of them."""
        return not self.problems and all(report.is_fine for report in self.files)


@dataclass(slots=True)
class _Findings:
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify_camera(
    root: Path,
    camera: str,
    keys: Opener,
    journal: CameraJournal | None,
    *,
    expected_head: JournalHead | None = None,
) -> CameraReport:
    """Check all of a camera's files and that none is missing. Recording may go on meanwhile."""
    before = journal.read() if journal is not None else None
    files = _verify_files(root, camera, keys, before)
    findings = _Findings()
    _judge_files(camera, files, findings)
    if journal is None or before is None or not before.exists:
        if files:
            findings.problems.append("it has recordings but no journal that could tell whether all are there")
        return CameraReport(camera, files, tuple(findings.problems), tuple(findings.notes), None)
    after = journal.read()
    _judge_journal(after, expected_head, findings)
    _judge_set(files, after, findings)
    newest = after.entries[-1] if after.entries else None
    head = JournalHead(newest.sequence, newest.mac) if newest is not None else None
    return CameraReport(camera, files, tuple(findings.problems), tuple(findings.notes), head)


def camera_files(root: Path, camera: str) -> Iterator[Path]:
    """Yield a camera's recordings, sealed and open, oldest first within each kind."""
    for kind in _KINDS:
        folder = root / kind / camera
        yield from sorted(path for suffix in _SUFFIXES for path in folder.glob(f"*/{suffix}"))


def _verify_files(
    root: Path, camera: str, keys: Opener, journal: JournalReading | None
) -> tuple[FileReport, ...]:
    """Verify all, looking again for what was sealed under its final name meanwhile."""
    reports: dict[Path, FileReport] = {}
    for _ in range(_PASSES):
        new = [path for path in camera_files(root, camera) if path not in reports]
        if not new:
            break
        for path in new:
            try:
                reports[path] = verify_file(path, keys, journal)
            except FileNotFoundError:
                continue
            except WrongKeyError as err:
                reports[path] = FileReport(path, FileStatus.BROKEN, (str(err),))
    gone = [path for path in reports if path.name.endswith(".part") and not path.exists()]
    for path in gone:
        del reports[path]
    return tuple(reports[path] for path in sorted(reports))


def _judge_files(camera: str, files: tuple[FileReport, ...], findings: _Findings) -> None:
    seen: dict[str, Path] = {}
    for report in files:
        if report.camera and report.camera != camera:
            findings.problems.append(f"{report.path.name} is a recording of camera {report.camera}")
        if report.file_id and report.file_id in seen:
            findings.problems.append(f"{report.path.name} is a copy of {seen[report.file_id].name}")
        seen[report.file_id] = report.path


def _judge_journal(journal: JournalReading, expected: JournalHead | None, findings: _Findings) -> None:
    findings.problems.extend(journal.problems)
    for entry in journal.entries:
        if entry.kind is EntryKind.REPAIRED:
            findings.notes.append(
                f"journal entry {entry.sequence}: {entry.size} torn or unreadable bytes were cut from its end"
            )
        elif entry.kind is EntryKind.CRASHED and entry.size < int.from_bytes(entry.other[:8]):
            findings.problems.append(
                f"recording {entry.file_id.hex()} had lost durable bytes when it was recovered from a crash"
            )
    if expected is not None:
        kept = next((entry for entry in journal.entries if entry.sequence == expected.sequence), None)
        if kept is None or kept.mac != expected.mac:
            findings.problems.append(
                f"the journal does not reach the head that was kept ({expected.sequence})"
            )


def _judge_set(files: tuple[FileReport, ...], journal: JournalReading, findings: _Findings) -> None:
    """Find what is missing, replaced, or back from the dead."""
    present = {report.file_id: report for report in files if report.file_id}
    states = _states(journal.entries)
    tags = {entry.tag for entry in journal.entries if entry.kind is EntryKind.SEALED}
    tags |= {report.final_tag for report in files if report.final_tag}
    for file_id, entry in states.items():
        report = present.get(file_id)
        if entry.kind in {EntryKind.OPENED, EntryKind.SEALED} and report is None:
            findings.problems.append(
                f"recording {file_id} was {entry.kind.name.lower()}, then removed without entry"
            )
        elif (
            entry.kind is EntryKind.SEALED and report is not None and report.final_tag not in {b"", entry.tag}
        ):
            findings.problems.append(
                f"{report.path.name} is not the recording that the journal says was sealed"
            )
        elif entry.kind in CLOSING - {EntryKind.SEALED} and report is not None:
            findings.notes.append(
                f"{report.path.name} is there, though journalled as {entry.kind.name.lower()}"
            )
    for report in files:
        if report.previous_tag not in {b"", NO_TAG} and report.previous_tag not in tags:
            findings.problems.append(
                f"the recording sealed before {report.path.name} is missing, and not journalled"
            )
        if report.status is FileStatus.SEALED and report.file_id not in states:
            findings.notes.append(f"{report.path.name} is sealed, but the journal does not know it")


def _states(entries: tuple[Entry, ...]) -> dict[str, Entry]:
    """Return file id → the newest entry that changes whether it should be there."""
    states: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind is EntryKind.OPENED or entry.kind in CLOSING:
            states[entry.file_id.hex()] = entry
    return states
