"""What a power cut may leave: the platter and the memory before it, played from a disk's log.

Pages (4 KiB) go to the platter when their file is synced, or whenever the kernel likes: so at a cut each
file may show all, nothing, or a torn part of what was written since its last sync, and its length may be
there without its content. New names, renames and removals are there when their folder was synced; before
that each may have happened or not.
"""

import hashlib
import itertools
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from worker.faults.disk import (
    Cut,
    Disk,
    Done,
    Made,
    MadeFolder,
    Removed,
    Renamed,
    Said,
    Synced,
    SyncedFolder,
    Wrote,
)

PAGE = 4096
type Naming = Made | MadeFolder | Renamed | Removed


class Kept(Enum):
    """How much of a file's unsynced content a cut leaves. HOLLOW: its length, but zeros."""

    NOTHING = auto()
    ALL = auto()
    TORN = auto()
    HOLLOW = auto()


@dataclass
class Node:
    """One file's content: as programs see it, and as it is on the platter."""

    memory: bytearray
    platter: bytes
    dirty: set[int] = field(default_factory=set)
    resized: bool = False

    def write(self, offset: int, data: bytes) -> None:
        if len(self.memory) < offset:
            self.memory.extend(bytes(offset - len(self.memory)))
        self.memory[offset : offset + len(data)] = data
        self.dirty.update(range(offset // PAGE, (offset + len(data) - 1) // PAGE + 1))

    def cut(self, size: int) -> None:
        del self.memory[size:]
        self.dirty = {page for page in self.dirty if page * PAGE < size}
        self.resized = True

    def sync(self, *, lost: bool) -> None:
        if not lost:
            self.platter = self.whole()
        self.dirty.clear()
        self.resized = False

    @property
    def unsynced(self) -> bool:
        return bool(self.dirty) or self.resized

    def whole(self) -> bytes:
        """The platter, once all dirty pages have been written."""
        size = len(self.memory)
        made = bytearray(self.platter[:size].ljust(size, b"\0"))
        for page in self.dirty:
            made[page * PAGE : (page + 1) * PAGE] = self.memory[page * PAGE : (page + 1) * PAGE]
        return bytes(made)

    def after(self, kept: Kept) -> bytes:
        whole = self.whole()
        match kept:
            case Kept.NOTHING:
                return self.platter
            case Kept.ALL:
                return whole
            case Kept.HOLLOW:
                return self.platter[: len(whole)].ljust(len(whole), b"\0")
            case Kept.TORN:
                old = self.platter.ljust(len(whole), b"\0")
                changed = [at for at in (_first(old, whole), _last(old, whole)) if at is not None]
                middle = (sum(changed) + 1) // 2 if changed else len(whole)
                return whole[:middle] + self.platter[middle:]


def _first(left: bytes, right: bytes) -> int | None:
    return next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)


def _last(left: bytes, right: bytes) -> int | None:
    size = min(len(left), len(right))
    return next((at for at in range(size - 1, -1, -1) if left[at] != right[at]), None)


@dataclass(frozen=True)
class Wreck:
    """One state after a power cut: path → content, None for a folder; paths relative to the root."""

    entries: dict[str, bytes | None]

    @property
    def digest(self) -> bytes:
        made = hashlib.sha256()
        for path, content in sorted(self.entries.items()):
            made.update(path.encode() + b"\0" + hashlib.sha256(content or b"").digest())
        return made.digest()

    def write_to(self, folder: Path) -> None:
        """Make `folder` hold this and nothing else."""
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        for path, content in sorted(self.entries.items()):
            target = folder / path
            if content is None:
                target.mkdir(exist_ok=True)
            else:
                target.write_bytes(content)


class Medium:
    """Plays a log, one operation after the other."""

    def __init__(self, disk: Disk, start: Path) -> None:
        """`start`: a copy of the disk's folder as it was in the beginning, all of it durable."""
        self.root = disk.root
        self.nodes: dict[int, Node] = {}
        self.names: dict[str, int | None] = {}
        self.waiting: list[Naming] = []
        self.said: list[object] = []
        for path in sorted(start.rglob("*")):
            if path.is_dir():
                self.names[str(self.root / path.relative_to(start))] = None
        for name, node in disk.start.items():
            content = (start / Path(name).relative_to(self.root)).read_bytes()
            self.names[name] = node
            self.nodes[node] = Node(bytearray(content), content)

    def play(self, done: Done) -> None:
        match done:
            case Made():
                self.nodes[done.node] = Node(bytearray(), b"")
                self.waiting.append(done)
            case MadeFolder() | Renamed() | Removed():
                self.waiting.append(done)
            case Wrote():
                self.nodes[done.node].write(done.offset, done.data)
            case Cut():
                self.nodes[done.node].cut(done.size)
            case Synced():
                self.nodes[done.node].sync(lost=done.lost)
            case SyncedFolder():
                mine = [each for each in self.waiting if _folder(each) == done.path]
                for each in mine:
                    _apply(self.names, each)
                self.waiting = [each for each in self.waiting if _folder(each) != done.path]
            case Said():
                self.said.append(done.what)

    def cut(self, names: Sequence[Naming] = (), kept: dict[int, Kept] | None = None) -> Wreck:
        """Return what is left when the power goes now; without arguments, the least that may be."""
        table = dict(self.names)
        for each in names:
            _apply(table, each)
        entries: dict[str, bytes | None] = {}
        for path, node in sorted(table.items()):
            parent = str(Path(path).parent)
            if parent != str(self.root) and parent not in table:
                continue
            content = None if node is None else self.nodes[node].after((kept or {}).get(node, Kept.NOTHING))
            entries[str(Path(path).relative_to(self.root))] = content
        return Wreck(entries)

    def wrecks(self, chance: random.Random, most: int = 40) -> Iterator[Wreck]:
        """Yield what a cut may leave now: every combination, or `most` of them drawn by lot."""
        changed = [number for number, node in self.nodes.items() if node.unsynced]
        namings = list(self._namings())
        ways = len(namings) * len(Kept) ** len(changed)
        if ways <= most:
            combinations = itertools.product(namings, itertools.product(Kept, repeat=len(changed)))
        else:
            combinations = iter(
                [
                    (chance.choice(namings), tuple(chance.choice(list(Kept)) for _ in changed))
                    for _ in range(most)
                ]
            )  # type: ignore[assignment]
        for names, kept in combinations:
            yield self.cut(names, dict(zip(changed, kept, strict=True)))

    def _namings(self) -> Iterator[list[Naming]]:
        """Yield which of the names in waiting came about: the first so many, all but one, only one."""
        waiting = self.waiting
        yield from (waiting[:count] for count in range(len(waiting) + 1))
        for index in range(len(waiting) - 1):
            yield waiting[:index] + waiting[index + 1 :]
            yield [waiting[index + 1]]


def _folder(naming: Naming) -> str:
    path = naming.target if isinstance(naming, Renamed) else naming.path
    return str(Path(path).parent)


def _apply(names: dict[str, int | None], naming: Naming) -> None:
    match naming:
        case Made():
            names[naming.path] = naming.node
        case MadeFolder():
            names.setdefault(naming.path, None)
        case Renamed():
            if naming.source in names:
                names[naming.target] = names.pop(naming.source)
        case Removed():
            names.pop(naming.path, None)
