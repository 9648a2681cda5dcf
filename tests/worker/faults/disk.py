"""A disk that fails as told, and remembers what was done to it, so that a power cut can be played on it.

It works on the real folder, but for syncs, which it only notes: what a sync makes durable is for `medium.py`
to say.
"""

import errno
import os
from collections.abc import Buffer
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from vigilar.files.durable import DurableFiles, Operation


class Fault(StrEnum):
    """How an operation fails.

    `short`: half of a write arrives, then the disk is full. `lost`: a sync fails once, and the kernel forgets
    what it could not write; what is in memory still looks whole.
    """

    FULL = "ENOSPC"
    IO = "EIO"
    SHORT = "short write"
    LOST = "lost fsync"

    @property
    def errno(self) -> int:
        return errno.ENOSPC if self in {Fault.FULL, Fault.SHORT} else errno.EIO

    def concerns(self, operation: Operation) -> bool:
        if self is Fault.SHORT:
            return operation in {Operation.WRITE, Operation.PWRITE}
        if self is Fault.LOST:
            return operation is Operation.SYNC
        return True


@dataclass(frozen=True, slots=True)
class Made:
    path: str
    node: int


@dataclass(frozen=True, slots=True)
class MadeFolder:
    path: str


@dataclass(frozen=True, slots=True)
class Wrote:
    node: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    node: int
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    node: int
    lost: bool = False


@dataclass(frozen=True, slots=True)
class SyncedFolder:
    path: str


@dataclass(frozen=True, slots=True)
class Renamed:
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Removed:
    path: str


@dataclass(frozen=True, slots=True)
class Said:
    """No operation: something was promised to the world at this moment."""

    what: object


type Done = Made | MadeFolder | Wrote | Cut | Synced | SyncedFolder | Renamed | Removed | Said


@dataclass
class Disk(DurableFiles):
    """Fails operation number `at` (counted among those that `fault` concerns) once, in the way of `fault`.

    `log`: what was really done, in order. `hit`: whether the fault has come.
    """

    root: Path
    fault: Fault | None = None
    at: int = -1
    log: list[Done] = field(default_factory=list)
    count: int = 0
    hit: str = ""

    def __post_init__(self) -> None:
        self._nodes: dict[str, int] = {
            str(path): number for number, path in enumerate(sorted(self.root.rglob("*"))) if path.is_file()
        }
        self.start = dict(self._nodes)
        self._next = len(self._nodes) + 1_000_000
        self._open: dict[int, int] = {}
        self._under_way: tuple[Operation, str, str] | None = None
        self._short = False

    def said(self, what: object) -> None:
        self._settle()
        self.log.append(Said(what))

    def finish(self) -> "Disk":
        self._settle()
        return self

    # --- faults -------------------------------------------------------------------------------------

    def before(self, operation: Operation, target: str) -> None:
        self._settle()
        if operation in {Operation.UNLINK, Operation.MKDIR}:
            self._under_way = (operation, "", target)
        elif operation is Operation.REPLACE:
            self._under_way = (operation, self._source, target)
        if self.fault is None or not self.fault.concerns(operation):
            return
        self.count += 1
        if self.count - 1 != self.at:
            return
        self.hit = f"{operation} of {target}"
        if self.fault is Fault.SHORT:
            self._short = True
            return
        self._under_way = None
        if self.fault is Fault.LOST:
            self.log.append(Synced(self._open[int(target)], lost=True))
        raise OSError(self.fault.errno, "injected")

    def _settle(self) -> None:
        """Note the rename, removal or new folder that was under way, if it came about."""
        for name in [name for name in self._nodes if name.endswith(".tmp") and not Path(name).exists()]:
            if self._under_way is None or self._under_way[1] != name:
                del self._nodes[name]  # given up and cleaned away
                self.log.append(Removed(name))
        if self._under_way is None:
            return
        operation, source, target = self._under_way
        self._under_way = None
        if operation is Operation.REPLACE and not Path(source).exists():
            self._nodes[target] = self._nodes.pop(source)
            self.log.append(Renamed(source, target))
        elif operation is Operation.UNLINK and target in self._nodes and not Path(target).exists():
            del self._nodes[target]
            self.log.append(Removed(target))
        elif operation is Operation.MKDIR and Path(target).is_dir():
            self.log.append(MadeFolder(target))

    # --- operations ---------------------------------------------------------------------------------

    def open_exclusive(self, path: Path, mode: int = 0o600) -> int:
        return self._note_open(path, super().open_exclusive(path, mode))

    def open_or_create(self, path: Path, mode: int = 0o600) -> int:
        return self._note_open(path, super().open_or_create(path, mode))

    def open_existing(self, path: Path) -> int:
        return self._note_open(path, super().open_existing(path))

    def _note_open(self, path: Path, fd: int) -> int:
        name = str(path)
        if name not in self._nodes:
            self._next += 1
            self._nodes[name] = self._next
            self.log.append(Made(name, self._next))
        self._open[fd] = self._nodes[name]
        return fd

    def write(self, fd: int, *buffers: Buffer) -> int:
        begin = os.lseek(fd, 0, os.SEEK_CUR)
        try:
            return super().write(fd, *buffers)
        finally:
            self._wrote(fd, begin, b"".join(buffers)[: os.lseek(fd, 0, os.SEEK_CUR) - begin])

    def write_some(self, fd: int, buffers: list[memoryview]) -> int:
        if not self._short:
            return super().write_some(fd, buffers)
        self._short = False
        data = b"".join(buffers)
        os.write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "injected")

    def pwrite(self, fd: int, data: Buffer, offset: int) -> None:
        self.before(Operation.PWRITE, str(fd))
        whole = bytes(data)
        kept = whole[: len(whole) // 2] if self._short else whole
        os.pwrite(fd, kept, offset)
        self._wrote(fd, offset, kept)
        if self._short:
            self._short = False
            raise OSError(errno.ENOSPC, "injected")

    def _wrote(self, fd: int, offset: int, data: bytes) -> None:
        if data:
            self.log.append(Wrote(self._open[fd], offset, data))

    def truncate(self, fd: int, size: int) -> None:
        super().truncate(fd, size)
        self.log.append(Cut(self._open[fd], size))

    def fdatasync(self, fd: int) -> None:
        self.before(Operation.SYNC, str(fd))
        self.log.append(Synced(self._open[fd]))

    def fsync_dir(self, path: Path) -> None:
        self.before(Operation.SYNC_DIR, str(path))
        self.log.append(SyncedFolder(str(path)))

    def replace(self, source: Path, target: Path) -> None:
        self._source = str(source)
        super().replace(source, target)


class Unsynced(DurableFiles):
    """Works on the real folder and never waits for the platter: for what comes before and after a test."""

    def fdatasync(self, fd: int) -> None:
        pass

    def fsync_dir(self, path: Path) -> None:
        pass
