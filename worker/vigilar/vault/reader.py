"""Reading a recording: random access to its plaintext; only the records that a read covers are decrypted."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from vigilar.vault.errors import DamagedError, FileMissingError, VaultError
from vigilar.vault.final import NO_TAG, FinalRecord, Patch
from vigilar.vault.header import MAGIC
from vigilar.vault.layout import Layout, good_part, read_ending, read_record, walk
from vigilar.vault.legacy import open_legacy
from vigilar.vault.records import RecordCipher
from vigilar.vault.unlocking import read_locked, unlock
from vigilar.vault.wrapping import Opener
from vigilar.vault.writer import PART


class Content(Protocol):
    """Plaintext of known size, read anywhere."""

    size: int

    def read(self, start: int, length: int) -> bytes:
        """Return [start, start + length), cut at the end."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a recording says of itself. `final` and `final_tag` are None and zeros for an unfinished one."""

    version: int
    camera: str
    start: datetime
    file_id: str
    meta: bytes
    final: FinalRecord | None
    final_tag: bytes = NO_TAG
    duration_ms: int = 0
    """Label of the last record: milliseconds since `start`."""


class RecordContent:
    """The content of a version 2 file. Keeps the last record, so small reads in a row decrypt it once."""

    __slots__ = ("_cached", "_cipher", "_fd", "_patches", "layout", "size")

    def __init__(
        self, fd: int, cipher: RecordCipher, layout: Layout, patches: tuple[Patch, ...] = ()
    ) -> None:
        self._fd, self._cipher, self._patches = fd, cipher, patches
        self.layout, self.size = layout, layout.size
        self._cached: tuple[int, bytes] = (-1, b"")

    def record(self, index: int) -> bytes:
        """Return record `index` as written, without patches. Raises DamagedError."""
        at, plain = self._cached
        if at != index:
            plain = read_record(self._fd, self._cipher, self.layout, index)
            self._cached = (index, plain)
        return plain

    def read(self, start: int, length: int) -> bytes:
        """Return [start, start + length), cut at the end, patches laid over. Raises DamagedError."""
        end = min(start + length, self.size)
        pieces: list[bytes] = []
        position = start
        while position < end:
            index = self.layout.covering(position)
            inside = position - self.layout.starts[index]
            piece = self.record(index)[inside : inside + end - position]
            pieces.append(piece)
            position += len(piece)
        data = b"".join(pieces)
        return self._patched(start, data) if self._patches else data

    def _patched(self, start: int, data: bytes) -> bytes:
        end = start + len(data)
        if all(end <= patch.offset or patch.offset + len(patch.data) <= start for patch in self._patches):
            return data
        patched = bytearray(data)
        for patch in self._patches:
            first, last = max(start, patch.offset), min(end, patch.offset + len(patch.data))
            if first < last:
                patched[first - start : last - start] = patch.data[first - patch.offset : last - patch.offset]
        return bytes(patched)


class VaultReader:
    """An open recording. Several threads may read at once; `close` when they are done."""

    __slots__ = ("_content", "_fd", "facts", "path")

    def __init__(self, path: Path, fd: int, facts: FileFacts, content: Content) -> None:
        self.path, self.facts = path, facts
        self._fd, self._content = fd, content

    @classmethod
    def open(cls, path: Path, keys: Opener, *, unfinished: bool | None = None) -> "VaultReader":
        """Open a sealed, unfinished or version 1 file; no more than its header and end are read.

        `unfinished`: whether a file without an end is accepted; by default only one named `.part`.
        Raises FileMissingError, WrongKeyError, DamagedError, UnsupportedError.
        """
        accept = path.name.endswith(PART) if unfinished is None else unfinished
        fd = _open(path)
        try:
            if os.pread(fd, len(MAGIC), 0) == MAGIC:
                facts, content = _open_records(fd, keys, accept)
            else:
                facts, content = _open_legacy(fd, keys)
        except VaultError as err:
            os.close(fd)
            raise type(err)(f"{path}: {err}") from err
        except OSError as err:
            os.close(fd)
            raise DamagedError(f"{path} cannot be read: {err.strerror}") from err
        return cls(path, fd, facts, content)

    @property
    def camera(self) -> str:
        """Camera id ("" in a version 1 file)."""
        return self.facts.camera

    @property
    def start(self) -> datetime:
        """Wall-time label of the beginning, UTC."""
        return self.facts.start

    @property
    def file_id(self) -> str:
        """Unique id, hexadecimal."""
        return self.facts.file_id

    @property
    def meta(self) -> bytes:
        """What the writer said when it opened the file."""
        return self.facts.meta

    @property
    def tail(self) -> bytes | None:
        """What the writer said when it sealed the file, None for an unfinished or version 1 file."""
        return self.facts.final.tail if self.facts.final is not None else None

    @property
    def sealed(self) -> bool:
        """Whether the file is complete and proves it."""
        return self.facts.final is not None

    @property
    def size(self) -> int:
        """Plaintext bytes."""
        return self._content.size

    @property
    def content(self) -> Content:
        """The plaintext."""
        return self._content

    def read(self, start: int, length: int) -> bytes:
        """Return plaintext [start, start + length), cut at the end. Raises DamagedError, ValueError."""
        if start < 0 or length < 0:
            raise ValueError("a read begins at 0 or later and is not negative")
        try:
            return self._content.read(start, length)
        except DamagedError as err:
            raise DamagedError(f"{self.path}: {err}") from err
        except OSError as err:
            raise DamagedError(f"{self.path} cannot be read: {err.strerror}") from err

    def close(self) -> None:
        """Let go of the file. Doing it twice is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "VaultReader":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def file_id_of(path: Path) -> str:
    """Return the id in a version 2 file's header; needs no key, so nothing of it is proven.

    Raises FileMissingError, DamagedError, UnsupportedError.
    """
    fd = _open(path)
    try:
        return read_locked(fd).header.file_id.hex()
    except OSError as err:
        raise DamagedError(f"{path} cannot be read: {err.strerror}") from err
    finally:
        os.close(fd)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as err:
        raise FileMissingError(f"{path} does not exist") from err
    except OSError as err:
        raise DamagedError(f"{path} cannot be opened: {err.strerror}") from err


def _open_records(fd: int, keys: Opener, accept_unfinished: bool) -> tuple[FileFacts, Content]:
    locked = read_locked(fd)
    cipher = unlock(locked, keys).cipher
    ending = read_ending(fd, cipher, locked.records_at)
    if ending is not None:
        layout, final, tag = ending.layout, ending.final, ending.tag
        patches = final.patches
    elif accept_unfinished:
        layout, final, tag, patches = good_part(fd, cipher, walk(fd, locked.records_at)), None, NO_TAG, ()
    else:
        raise DamagedError("its end is missing: it was cut off after it was sealed")
    header = locked.header
    facts = FileFacts(
        version=2,
        camera=header.camera,
        start=header.start,
        file_id=header.file_id.hex(),
        meta=header.meta,
        final=final,
        final_tag=tag,
        duration_ms=layout.times[-1] if layout.count else 0,
    )
    return facts, RecordContent(fd, cipher, layout, patches)


def _open_legacy(fd: int, keys: Opener) -> tuple[FileFacts, Content]:
    content = open_legacy(fd, keys.legacy_keys())
    start = datetime.fromtimestamp(os.fstat(fd).st_mtime, UTC)
    facts = FileFacts(version=1, camera="", start=start, file_id=content.iv.hex(), meta=b"", final=None)
    return facts, content
