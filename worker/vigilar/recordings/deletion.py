"""Deleting recordings: row marked, journal, file, row; after a crash between, the next start finishes it."""

import logging
from dataclasses import dataclass
from pathlib import PurePosixPath

from vigilar.domain.clip import Clip, ClipId
from vigilar.domain.errors import NotFoundError, UnavailableError
from vigilar.domain.event import Severity
from vigilar.files.durable import DurableFiles
from vigilar.recordings.archive import Archive
from vigilar.recordings.keeping import forget
from vigilar.recordings.places import STAR, Places
from vigilar.store.clips import Clips
from vigilar.vault.entries import Reason
from vigilar.vault.errors import VaultError
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remover:
    """Takes recordings off the disk; needs no database. Blocks."""

    places: Places
    keys: KeyRing
    files: DurableFiles

    def remove(self, relative: str, file_id: str, *, size: int, reason: Reason) -> None:
        """Journal the deletion, then unlink the file, then its star.

        Raises VaultError (not journalled: the file stays), OSError.
        """
        path = self.places.file_of(relative)
        camera = PurePosixPath(relative).parts[1]
        journal = CameraJournal.open(self.places.root, camera, keys=self.keys, files=self.files)
        journal.deleted(file_id, size=size, reason=reason)
        self.files.unlink(path)
        star = path.with_suffix(STAR)
        if star.exists():
            self.files.unlink(star)


class Deletion:
    """Removes recordings so that a removed one can be told from a stolen one."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def delete(self, clip_id: ClipId, actor: str) -> None:
        """Delete one recording for `actor`. Raises NotFoundError, UnavailableError (it is kept then)."""
        clip = await self._archive.database.run(lambda c: Clips(c).begin_deletion(clip_id, actor))
        if clip is None:
            raise NotFoundError(f"there is no recording {clip_id!r}")
        await self._finish(clip, actor)

    async def finish_begun(self) -> None:
        """Finish what a crash interrupted."""
        for clip, actor in await self._archive.database.run(lambda c: Clips(c).in_deletion()):
            try:
                await self._finish(clip, actor)
            except UnavailableError:
                log.exception("the deletion of %s could not be finished", clip.id, extra={"clip_id": clip.id})

    async def _finish(self, clip: Clip, actor: str) -> None:
        try:
            await self._archive.off_loop(self._remove_files, clip)
        except (VaultError, OSError) as err:
            await self._archive.database.run(lambda c: Clips(c).give_up_deletion(clip.id))
            raise UnavailableError(f"recording {clip.id} could not be deleted: {err}") from err
        now = self._archive.clock.now()
        kept = await self._archive.database.run(lambda c: forget(c, clip, now))
        for event in kept.events:
            self._archive.tell(event)
        self._archive.publisher.publish("clip_deleted", clip.id, {"id": clip.id, "camera": clip.camera})
        self._archive.clips_changed(clip.camera)
        await self._archive.notes.add(
            "recordings",
            Severity.INFO,
            f"recording {clip.id} was deleted by {actor}",
            once=f"deleted {clip.id}",
        )

    def _remove_files(self, clip: Clip) -> None:
        archive = self._archive
        remover = Remover(archive.places, archive.keys, archive.files)
        remover.remove(clip.path, clip.file_id, size=clip.size_bytes, reason=Reason.PERSON)
