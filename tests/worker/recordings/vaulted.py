"""A storage root with real sealed recordings (of bytes that stand for film), and an archive over it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from vigilar.domain.clip import Clip
from vigilar.domain.recording import RecordingHead, RecordingTail, encode_head, encode_tail
from vigilar.files.durable import DurableFiles
from vigilar.recordings.archive import Archive
from vigilar.recordings.describe import Described, describe
from vigilar.recordings.places import Places
from vigilar.store.database import Database
from vigilar.store.notes import Notes
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.writer import VaultWriter
from worker.store.fakes import HandClock, Told, database

FILM = bytes(n * n % 251 for n in range(40_000))


@dataclass
class Root:
    """A storage root. Its methods block."""

    path: Path
    keys: KeyRing
    files: DurableFiles = field(default_factory=DurableFiles)

    @classmethod
    def at(cls, path: Path) -> "Root":
        return cls(path, KeyRing.load_or_create(path / "keys", DurableFiles()))

    @property
    def places(self) -> Places:
        return Places(self.path)

    def file(self, clip: Clip) -> Path:
        return self.path / clip.path

    def journal(self, camera: str) -> CameraJournal:
        return CameraJournal.open(self.path, camera, keys=self.keys, files=self.files)

    def open(self, clip: Clip, *, event_id: str | None = None, film: bytes = FILM) -> VaultWriter:
        """Begin the recording of `clip` and write its film, in records of 10 000 bytes."""
        head = RecordingHead(
            clip_id=clip.id, camera=clip.camera, kind=clip.kind, trigger=clip.trigger, start=clip.start,
            start_ns=0, boot_id="boot", video_codec=clip.video_codec, width=clip.width, height=clip.height,
            audio_codec=clip.audio_codec, first_moving=clip.first_moving, event_id=event_id,
        )  # fmt: skip
        self.files.mkdir(self.file(clip).parent)
        writer = VaultWriter.create(
            self.file(clip), keys=self.keys, files=self.files, camera=clip.camera, start=clip.start,
            meta=encode_head(head), journal=self.journal(clip.camera),
        )  # fmt: skip
        for at in range(0, len(film), 10_000):
            writer.write(film[at : at + 10_000])
            writer.flush_record()
        return writer

    def seal(
        self,
        clip: Clip,
        *,
        event_id: str | None = None,
        events: tuple[str, ...] = (),
        film: bytes = FILM,
        recovered_from: str | None = None,
    ) -> Described:
        """Make the sealed recording of `clip`; return what it says of itself."""
        tail = RecordingTail(clip.end, clip.duration_s, events, recovered_from)
        self.open(clip, event_id=event_id, film=film).seal(encode_tail(tail))
        return describe(self.places, clip.path, self.keys)


@dataclass
class Desk:
    """An archive with what it told."""

    archive: Archive
    told: Told
    clock: HandClock
    changed: list[str]

    @property
    def database(self) -> Database:
        return self.archive.database


@contextlib.asynccontextmanager
async def archive(root: Root, files: DurableFiles | None = None) -> AsyncIterator[Desk]:
    """Yield an archive over `root` and the database in it."""
    clock, told = HandClock(), Told()
    changed: list[str] = []
    pool = ThreadPoolExecutor(2)
    async with database(root.path, clock) as db:
        notes = Notes(db, clock, lambda event: told.publish("system_event", event.id, event))
        yield Desk(
            Archive(
                database=db,
                places=root.places,
                keys=root.keys,
                files=files or DurableFiles(),
                pool=pool,
                clock=clock,
                publisher=told,
                notes=notes,
                clips_changed=changed.append,
            ),
            told,
            clock,
            changed,
        )
    await asyncio.to_thread(pool.shutdown)
