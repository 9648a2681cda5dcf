"""`vigilar vault info`, `verify`, `decrypt`: what is done with recordings without changing them."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from vigilar.cli.vault_places import cameras_of, opener_of, root_of, say, say_json
from vigilar.domain.camera import CAMERA_ID_PATTERN
from vigilar.domain.errors import InvalidRequestError
from vigilar.files.durable import DurableFiles
from vigilar.vault.audit import CameraReport, verify_camera
from vigilar.vault.errors import DamagedError, VaultError
from vigilar.vault.journal import CameraJournal, JournalHead
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import RecordContent, VaultReader
from vigilar.vault.unlocking import slot_kinds
from vigilar.vault.verify import FileReport, verify_file
from vigilar.vault.wrapping import Opener, RecoveryKey

_PIECE: Final = 1 << 20
_BROKEN: Final = 1


def info(arguments: argparse.Namespace, _: DurableFiles) -> int:
    """Show a recording's header, end and key slots."""
    path: Path = arguments.file
    with closing(VaultReader.open(path, opener_of(arguments), unfinished=True)) as reader:
        found = _facts(path, reader)
    if arguments.json:
        say_json(found)
        return 0
    for name, value in found.items():
        say(f"{name + ':':<14}{_plain(value)}")
    return 0


def verify(arguments: argparse.Namespace, files: DurableFiles) -> int:
    """Check files, or whole cameras; 1 when anything is wrong."""
    keys = opener_of(arguments)
    if arguments.files:
        reports = [_verify_one(arguments, path, keys, files) for path in arguments.files]
        if arguments.json:
            say_json(
                {"ok": all(report.is_fine for report in reports), "files": [_file(each) for each in reports]}
            )
        else:
            _say_files(reports)
        return 0 if all(report.is_fine for report in reports) else _BROKEN
    root = root_of(arguments)
    head = _head_of(arguments)
    cameras = [
        verify_camera(root, camera, keys, _journal(root, camera, keys, files), expected_head=head)
        for camera in cameras_of(root, arguments.camera)
    ]
    is_fine = all(camera.is_fine for camera in cameras)
    if arguments.json:
        say_json({"ok": is_fine, "cameras": [_camera(camera) for camera in cameras]})
    else:
        for camera in cameras:
            _say_camera(camera)
    return 0 if is_fine else _BROKEN


def decrypt(arguments: argparse.Namespace, _: DurableFiles) -> int:
    """Write the MP4; 1 when a damaged recording gave only a part."""
    path: Path = arguments.file
    output: Path = arguments.output or Path(path.name.removesuffix(".part").removesuffix(".vge") + ".mp4")
    with closing(
        VaultReader.open(path, opener_of(arguments), unfinished=arguments.salvage or None)
    ) as reader:
        if str(output) == "-":
            sys.stdout.flush()
            _copy(reader, sys.stdout.fileno(), salvage=arguments.salvage)
            return 0
        if output.exists() and not arguments.force:
            raise InvalidRequestError(f"{output} exists: choose another -o, or --force")
        written = _write(reader, output, salvage=arguments.salvage)
    complete = written == reader.size and (reader.sealed or reader.facts.version == 1)
    if arguments.json:
        say_json({"ok": complete, "output": str(output), "bytes": written, "of": reader.size})
    else:
        say(f"{output}: {written} bytes" + ("" if complete else ", not the whole recording"))
    return 0 if complete or not arguments.salvage else _BROKEN


def _write(reader: VaultReader, output: Path, *, salvage: bool) -> int:
    """Write beside `output` first, so that nobody takes half a recording for a whole one."""
    partial = output.with_name(output.name + ".partial")
    partial.unlink(missing_ok=True)
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        try:
            written = _copy(reader, fd, salvage=salvage)
        finally:
            os.close(fd)
        partial.replace(output)
    except (VaultError, OSError):
        partial.unlink(missing_ok=True)
        raise
    return written


def _copy(reader: VaultReader, fd: int, *, salvage: bool) -> int:
    written = 0
    try:
        for piece in _pieces(reader):
            view = memoryview(piece)
            while view:
                view = view[os.write(fd, view) :]
            written += len(piece)
    except DamagedError:
        if not salvage:
            raise
    return written


def _pieces(reader: VaultReader) -> Iterator[bytes]:
    """Yield the content record by record, so that damage costs no more than it must."""
    content = reader.content
    if isinstance(content, RecordContent):
        starts = content.layout.starts
        for start, end in pairwise(starts):
            yield reader.read(start, end - start)
        return
    for start in range(0, reader.size, _PIECE):
        yield reader.read(start, _PIECE)


def _facts(path: Path, reader: VaultReader) -> dict[str, Any]:
    facts = reader.facts
    found: dict[str, Any] = {
        "file": str(path),
        "version": facts.version,
        "camera": facts.camera,
        "start": facts.start.isoformat(),
        "file_id": facts.file_id,
        "sealed": reader.sealed,
        "bytes": path.stat().st_size,
        "content_bytes": reader.size,
    }
    if facts.version == 1:
        return found
    content = reader.content
    found["records"] = content.layout.count if isinstance(content, RecordContent) else 0
    found["seconds"] = facts.duration_ms / 1000
    found["keys"] = slot_kinds(path)
    found["head"] = _decoded(facts.meta)
    if facts.final is not None:
        found["tail"] = _decoded(facts.final.tail)
        found["final_tag"] = facts.final_tag.hex()
        found["previous_tag"] = facts.final.previous_tag.hex()
        if any(facts.final.salvaged_id):
            found["recovered_from"] = facts.final.salvaged_id.hex()
    return found


def _decoded(data: bytes) -> Any:
    """Return the writer's words: JSON where it is that."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _verify_one(arguments: argparse.Namespace, path: Path, keys: Opener, files: DurableFiles) -> FileReport:
    if not path.is_file():
        raise InvalidRequestError(f"{path} is not a file")
    # clips/{camera}/{day}/{name}: without its place in the storage folder there is no journal to ask.
    folder = path.absolute().parent.parent
    root, camera = folder.parent.parent, folder.name
    journal = _journal(root, camera, keys, files) if CAMERA_ID_PATTERN.fullmatch(camera) else None
    return verify_file(path, keys, journal.read() if journal is not None else None)


def _journal(root: Path, camera: str, keys: Opener, files: DurableFiles) -> CameraJournal | None:
    """Return the camera's journal if these keys can check it."""
    if isinstance(keys, KeyRing):
        return CameraJournal.open(root, camera, keys=keys, files=files)
    if isinstance(keys, RecoveryKey):
        try:
            return CameraJournal.open_with(root, camera, keys, files)
        except VaultError:
            return None
    return None


def _head_of(arguments: argparse.Namespace) -> JournalHead | None:
    if arguments.head is None:
        return None
    if arguments.camera is None or len(arguments.camera) != 1:
        raise InvalidRequestError("--head belongs to one camera: give --camera, too")
    sequence, _, code = arguments.head.partition(":")
    try:
        return JournalHead(int(sequence), bytes.fromhex(code))
    except ValueError as err:
        raise InvalidRequestError("--head is the N:MAC that verify showed for this camera") from err


def _file(report: FileReport) -> dict[str, Any]:
    return {
        "file": str(report.path),
        "status": report.status.value,
        "ok": report.is_fine,
        "explained": report.explained,
        "reasons": list(report.reasons),
        "camera": report.camera,
        "file_id": report.file_id,
        "records": report.records,
        "content_bytes": report.size,
    }


def _camera(report: CameraReport) -> dict[str, Any]:
    return {
        "camera": report.camera,
        "ok": report.is_fine,
        "problems": list(report.problems),
        "notes": list(report.notes),
        "head": _head_text(report.head),
        "files": [_file(each) for each in report.files],
    }


def _say_files(reports: list[FileReport]) -> None:
    for report in reports:
        reasons = f": {'; '.join(report.reasons)}" if report.reasons else ""
        say(f"{report.status.value:<11}{report.path}{reasons}")


def _say_camera(report: CameraReport) -> None:
    counts = Counter(each.status.value for each in report.files)
    summary = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no recordings"
    say(f"{report.camera}: {summary}; {'all is well' if report.is_fine else 'NOT as it should be'}")
    _say_files([each for each in report.files if each.reasons])
    for problem in report.problems:
        say(f"problem    {problem}")
    for note in report.notes:
        say(f"note       {note}")
    if report.head is not None:
        say(f"head       {_head_text(report.head)}  (kept elsewhere, it shows removed newest ones: --head)")


def _head_text(head: JournalHead | None) -> str | None:
    return f"{head.sequence}:{head.mac.hex()}" if head is not None else None
