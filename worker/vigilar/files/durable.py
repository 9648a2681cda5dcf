"""Every durable file operation of the worker, in one place, in the right order: file, rename, directory.

A test subclasses `DurableFiles` and overrides `before` (fail or die at the N-th operation) or `write_some`
(short writes). A failed fsync is never tried again: the kernel may have dropped the pages it could not
write.
"""

import errno
import fcntl
import os
from collections.abc import Buffer, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
"""macOS: its fsync stops at the drive's cache."""
_PRIVATE_DIR: Final = 0o700
_PRIVATE_FILE: Final = 0o600


class Operation(StrEnum):
    """Kinds of durable operations, as `DurableFiles.before` is told them."""

    OPEN = "open"
    WRITE = "write"
    PWRITE = "pwrite"
    TRUNCATE = "truncate"
    ALLOCATE = "allocate"
    SYNC = "sync"
    SYNC_DIR = "sync_dir"
    REPLACE = "replace"
    UNLINK = "unlink"
    MKDIR = "mkdir"


class DurableFiles:
    """Durable operations on the real file system. Stateless and safe to share between threads.

    All methods raise OSError as the system reports it.
    """

    def before(self, operation: Operation, target: str) -> None:
        """Run before each operation; a test fails it here. `target`: path, or descriptor as text."""

    def write_some(self, fd: int, buffers: list[memoryview]) -> int:
        """Write what the system takes at once and return the number of bytes; a test may shorten it."""
        return os.writev(fd, buffers)

    def open_exclusive(self, path: Path, mode: int = _PRIVATE_FILE) -> int:
        """Create `path` (it must not exist) for reading and writing; return its descriptor."""
        self.before(Operation.OPEN, str(path))
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)

    def open_or_create(self, path: Path, mode: int = _PRIVATE_FILE) -> int:
        """Open `path` for reading and writing, creating it empty where it is missing."""
        self.before(Operation.OPEN, str(path))
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, mode)

    def open_existing(self, path: Path) -> int:
        """Open an existing `path` for reading and writing."""
        self.before(Operation.OPEN, str(path))
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW)

    def write(self, fd: int, *buffers: Buffer) -> int:
        """Write all of `buffers` at the descriptor's position; return the byte count."""
        self.before(Operation.WRITE, str(fd))
        left = [memoryview(buffer).cast("B") for buffer in buffers if memoryview(buffer).nbytes]
        total = 0
        while left:
            written = self.write_some(fd, left)
            if written == 0:
                raise OSError(errno.EIO, "the file system took no bytes")
            total += written
            left = _after(left, written)
        return total

    def pwrite(self, fd: int, data: Buffer, offset: int) -> None:
        """Write all of `data` at `offset`."""
        self.before(Operation.PWRITE, str(fd))
        view = memoryview(data).cast("B")
        while view:
            written = os.pwrite(fd, view, offset)
            if written == 0:
                raise OSError(errno.EIO, "the file system took no bytes")
            view, offset = view[written:], offset + written

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file to `size` bytes."""
        self.before(Operation.TRUNCATE, str(fd))
        os.ftruncate(fd, size)

    def allocate(self, fd: int, size: int) -> None:
        """Make the file `size` bytes long, with its space on the disk taken at once."""
        self.before(Operation.ALLOCATE, str(fd))
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)
            return
        block = bytes(1 << 20)  # macOS: what was written is there
        for offset in range(0, size, len(block)):
            self.pwrite(fd, block[: size - offset], offset)

    def fdatasync(self, fd: int) -> None:
        """Make the file's content (and size) durable."""
        self.before(Operation.SYNC, str(fd))
        if _FULL_SYNC is not None:
            fcntl.fcntl(fd, _FULL_SYNC)
        else:
            os.fdatasync(fd)

    def fsync_dir(self, path: Path) -> None:
        """Make the directory's entries durable."""
        self.before(Operation.SYNC_DIR, str(path))
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        except OSError as err:
            # Some network and FUSE file systems cannot sync a directory; they order entries themselves.
            if err.errno not in {errno.EINVAL, errno.ENOTSUP}:
                raise
        finally:
            os.close(fd)

    def replace(self, source: Path, target: Path) -> None:
        """Rename `source` (already synced by the caller) over `target` and make the rename durable."""
        self.before(Operation.REPLACE, str(target))
        source.replace(target)
        self.fsync_dir(target.parent)
        if source.parent != target.parent:
            self.fsync_dir(source.parent)

    def unlink(self, path: Path) -> None:
        """Remove `path` and make the removal durable. A path that is already gone is fine."""
        self.before(Operation.UNLINK, str(path))
        path.unlink(missing_ok=True)
        self.fsync_dir(path.parent)

    def mkdir(self, path: Path, mode: int = _PRIVATE_DIR) -> None:
        """Create `path` and its missing parents, each durable in its own parent."""
        if path.is_dir():
            return
        if path.parent != path:
            self.mkdir(path.parent, mode)
        self.before(Operation.MKDIR, str(path))
        path.mkdir(mode=mode, exist_ok=True)
        try:
            self.fsync_dir(path.parent)
        except OSError:
            # Else the next try would find it and take it for durable, with all that is put into it.
            with suppress(OSError):
                path.rmdir()
            raise

    def write_atomic(self, path: Path, data: bytes, mode: int = _PRIVATE_FILE) -> None:
        """Give `path` the content `data`: a reader, or a power cut, sees the old or the new, never a mix."""
        temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
        fd = self.open_exclusive(temporary, mode)
        try:
            try:
                self.write(fd, data)
                self.fdatasync(fd)
            finally:
                os.close(fd)
            self.replace(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def lock(self, fd: int, *, wait: bool = True) -> bool:
        """Take the exclusive `flock` of an open file, held until it is closed.

        Returns False when `wait` is False and somebody else holds it.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def locked(self, path: Path, mode: int = _PRIVATE_FILE) -> Iterator[int]:
        """Open (or create) `path`, hold its lock, yield its descriptor, close it."""
        fd = self.open_or_create(path, mode)
        try:
            self.lock(fd)
            yield fd
        finally:
            os.close(fd)


def is_locked(path: Path) -> bool:
    """Tell whether a live process holds `path`'s lock (False for a path that does not exist)."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _after(buffers: list[memoryview], written: int) -> list[memoryview]:
    """Return what is left of `buffers` once their first `written` bytes are gone."""
    left: list[memoryview] = []
    for view in buffers:
        if written >= len(view):
            written -= len(view)
            continue
        left.append(view[written:])
        written = 0
    return left
