"""Bringing the index in line with the files: the files are right."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from vigilar.api.services import ClipView
from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipId
from vigilar.domain.clock import Instant
from vigilar.domain.event import Severity
from vigilar.domain.recording import UnreadableRecordingError
from vigilar.recordings.archive import Archive
from vigilar.recordings.describe import Described, describe
from vigilar.recordings.keeping import Kept, keep_sealed
from vigilar.recordings.places import SEALED, Found
from vigilar.recordings.vanished import drop_vanished
from vigilar.store.clips import Clips, KnownFile
from vigilar.store.events import Events
from vigilar.vault.entries import EntryKind
from vigilar.vault.errors import VaultError
from vigilar.vault.journal import CameraJournal

log = logging.getLogger(__name__)

BATCH: Final = 100
JOURNALLED: Final = 65_536
NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were added and removed, and files that could not be read."""

    added: int = 0
    removed: int = 0
    unreadable: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.added + other.added, self.removed + other.removed, self.unreadable + other.unreadable
        )


class Reconciler:
    """One camera at a time. Files still being written are no concern of it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._turn = asyncio.Lock()
        self.storage_missing = False
        """Whether the folders of recordings are away although the index knows some."""
        self.unreadable: dict[CameraId, frozenset[str]] = {}
        """Files that could not be read, per camera: looked at again at every run."""

    async def everything(self, configured: Iterable[CameraId]) -> Outcome:
        """Reconcile every camera that is configured, has a folder or has rows."""
        on_disk = await self._archive.off_loop(self._archive.places.cameras)
        in_rows = await self._archive.database.run(lambda connection: Clips(connection).cameras())
        total = Outcome()
        for camera in sorted({*configured, *on_disk, *in_rows}):
            total += await self.camera(camera)
        return total

    async def camera(self, camera: CameraId) -> Outcome:
        """Reconcile one camera. Raises StoreError."""
        async with self._turn:
            known = await self._archive.database.run(lambda connection: Clips(connection).known(camera))
            present = await self._archive.off_loop(self._archive.places.present)
            if known and not present:
                await self._storage_is_missing()
                return Outcome()
            self.storage_missing = self.storage_missing and not present
            found = await self._archive.off_loop(self._archive.places.found, camera)
            removed = await self._drop_lost(camera, known, found)
            await self._correct_stars(known, found)
            fresh = sorted(stem for stem in found.recordings if stem + SEALED not in known)
            added, unreadable = await self._take_in(camera, fresh, found)
            if added or removed:
                log.info("%s: %d recordings indexed, %d dropped", camera, added, removed)
                self._archive.clips_changed(camera)
            return Outcome(added, removed, unreadable)

    async def _storage_is_missing(self) -> None:
        if not self.storage_missing:
            message = "the folders of recordings are gone (is the disk mounted?); the index is left as it is"
            await self._archive.notes.add("recordings", Severity.CRITICAL, message)
        self.storage_missing = True

    async def _drop_lost(self, camera: CameraId, known: dict[str, KnownFile], found: Found) -> int:
        gone = [path for path in known if path.removesuffix(SEALED) not in found.recordings]
        gone = await self._archive.off_loop(
            lambda: [path for path in gone if not self._archive.places.file_of(path).exists()]
        )
        if not gone:
            return 0
        lost = {known[path].id: path for path in gone}
        now = self._archive.clock.now()

        def drop(connection: Connection) -> list[tuple[ClipId, Kept]]:
            clips, events = Clips(connection), Events(connection, now)
            return [
                (clip, Kept(True, tuple(events.unlink(clip))))
                for clip, path in lost.items()
                if clips.remove_lost(clip, path)
            ]

        dropped = await self._archive.database.run(drop)
        for clip, kept in dropped:
            self._archive.publisher.publish("clip_deleted", clip, {"id": clip, "camera": camera})
            self._tell_events(kept)
        deleted_here = await self._archive.off_loop(self._journalled, camera)
        missing = [clip for clip, _ in dropped if known[lost[clip]].file_id not in deleted_here]
        if missing:
            names = _named(missing)
            message = f"camera {camera}: files that nobody deleted here are gone from the disk: {names}"
            await self._archive.notes.add("recordings", Severity.ALERT, message)
        return len(dropped)

    def _journalled(self, camera: CameraId) -> set[str]:
        """Return the file ids that the journal says were deleted here: their rows only follow late."""
        root, keys, files = self._archive.places.root, self._archive.keys, self._archive.files
        try:
            entries = CameraJournal.open(root, camera, keys=keys, files=files).read(newest=JOURNALLED).entries
        except VaultError:
            return set()
        return {entry.file_id.hex() for entry in entries if entry.kind is EntryKind.DELETED}

    async def _correct_stars(self, known: dict[str, KnownFile], found: Found) -> None:
        wrong = {
            file.id: not file.starred
            for path, file in known.items()
            if file.starred != (path.removesuffix(SEALED) in found.stars)
        }
        if wrong:
            await self._archive.database.run(
                lambda connection: [Clips(connection).star(clip, starred=on) for clip, on in wrong.items()]
            )

    async def _take_in(self, camera: CameraId, fresh: list[str], found: Found) -> tuple[int, int]:
        added = 0
        unreadable: dict[str, str] = {}
        for first in range(0, len(fresh), BATCH):
            batch = fresh[first : first + BATCH]
            described = await self._archive.off_loop(self._describe, batch, found, unreadable)
            kept = await self._archive.database.run(
                partial(_keep_all, described, self._archive.clock.instant())
            )
            gone = await drop_vanished(self._archive, [each.clip for each in described])
            for each, change in zip(described, kept, strict=True):
                if each.clip.id not in gone:
                    added += change.new
                    self._tell_new(each, change)
        await self._note_unreadable(camera, unreadable)
        return added, len(unreadable)

    def _describe(self, stems: list[str], found: Found, unreadable: dict[str, str]) -> list[Described]:
        described: list[Described] = []
        for stem in stems:
            try:
                each = describe(self._archive.places, stem + SEALED, self._archive.keys)
            except UnreadableRecordingError as err:
                if self._archive.places.file_of(stem + SEALED).exists():  # else it was deleted meanwhile
                    unreadable[stem + SEALED] = str(err)
            else:
                described.append(replace(each, starred=stem in found.stars))
        return described

    async def _note_unreadable(self, camera: CameraId, unreadable: dict[str, str]) -> None:
        self.unreadable[camera] = frozenset(unreadable)
        for path, reason in unreadable.items():
            message = f"a recording cannot be read and is not listed: {reason}"
            await self._archive.notes.add("recordings", Severity.WARNING, message, once=f"unreadable {path}")

    def _tell_new(self, described: Described, kept: Kept) -> None:
        if kept.new:
            view = ClipView(described.clip, described.starred)
            self._archive.publisher.publish("clip", described.clip.id, view)
        self._tell_events(kept)

    def _tell_events(self, kept: Kept) -> None:
        for event in kept.events:
            self._archive.tell(event)


def _keep_all(described: list[Described], now: Instant, connection: Connection) -> list[Kept]:
    return [keep_sealed(connection, each, now, tell=False) for each in described]


def _named(clips: list[ClipId]) -> str:
    shown = ", ".join(clips[:NAMED])
    return shown if len(clips) <= NAMED else f"{shown} and {len(clips) - NAMED} more"
