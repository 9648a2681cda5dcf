"""A storage root with keys and one camera's journal, and recordings made in it."""

import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from vigilar.files.durable import DurableFiles
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader
from vigilar.vault.recovery import Recovered, recover_parts
from vigilar.vault.wrapping import Opener
from vigilar.vault.writer import SealedFile, VaultWriter

CAMERA = "front_door"
SAME_PATH = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
"""Environment for child processes that import what the tests import."""
START = datetime(2026, 11, 21, 8, 30, 15, 123456, tzinfo=UTC)
FRAGMENTS = (b"ftyp-and-moov", b"fragment one", b"fragment number two", b"3")


@dataclass
class Storage:
    """Given: a box with keys, a camera and its journal."""

    root: Path
    files: DurableFiles = field(default_factory=DurableFiles)

    def __post_init__(self) -> None:
        self.key_dir = self.root / "keys"
        self.keys = KeyRing.load_or_create(self.key_dir, DurableFiles())

    @property
    def journal(self) -> CameraJournal:
        ticks = itertools.count(1_795_000_000_000_000)
        return CameraJournal.open(
            self.root, CAMERA, keys=self.keys, files=self.files, now_us=lambda: next(ticks)
        )

    def path(self, name: str = "a", kind: str = "clips") -> Path:
        return self.root / kind / CAMERA / "2026-11-21" / f"{name}.vge"

    def begin(self, name: str = "a", *, kind: str = "clips", meta: bytes = b"head") -> VaultWriter:
        times = itertools.count(0, 500)
        return VaultWriter.create(
            self.path(name, kind),
            keys=self.keys,
            files=self.files,
            camera=CAMERA,
            start=START,
            meta=meta,
            journal=self.journal,
            elapsed_ms=lambda: next(times),
        )

    def record(
        self,
        name: str = "a",
        fragments: Sequence[bytes] = FRAGMENTS,
        *,
        kind: str = "clips",
        tail: bytes = b"tail",
    ) -> SealedFile:
        writer = self.begin(name, kind=kind)
        put(writer, fragments)
        return writer.seal(tail)

    def tear(self, name: str = "a", fragments: Sequence[bytes] = FRAGMENTS, *, synced: bool = True) -> Path:
        """Leave a torn recording, as a kill would."""
        writer = self.begin(name)
        put(writer, fragments)
        if synced:
            writer.sync()
        writer.abandon()
        return writer.part

    def recover(self, files: DurableFiles | None = None) -> list[Recovered]:
        return recover_parts(
            self.root,
            CAMERA,
            keys=self.keys,
            files=files or self.files,
            journal=CameraJournal.open(self.root, CAMERA, keys=self.keys, files=files or self.files),
            tail_of=recovered_tail,
        )


def put(writer: VaultWriter, fragments: Sequence[bytes]) -> None:
    for fragment in fragments:
        writer.write(fragment)
        writer.flush_record()


def recovered_tail(meta: bytes, last_ms: int, torn_id: str) -> bytes:
    return b"recovered:%s:%d:%s" % (meta, last_ms, torn_id.encode())


def content_of(path: Path, keys: Opener) -> bytes:
    with VaultReader.open(path, keys) as reader:
        return reader.read(0, reader.size)


@cache
def small_file() -> tuple[Storage, SealedFile, bytes]:
    """A sealed recording of four records that nobody changes in place, and its bytes."""
    storage = Storage(Path(mkdtemp(prefix="vault-test-")))
    sealed = storage.record("small")
    return storage, sealed, sealed.path.read_bytes()
