"""The clip service: the index, the files, stars and deletion."""

import os

from vigilar.api.services import ClipQuery, ClipView, Page
from vigilar.domain.clip import CLIP_ID_PATTERN, ClipId
from vigilar.domain.errors import NotFoundError, UnavailableError
from vigilar.recordings.archive import Archive
from vigilar.recordings.deletion import Deletion
from vigilar.recordings.media import RecordingMedia, open_media
from vigilar.store.clips import Clips


class Recordings:
    """Implements `ClipService`."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._deletion = Deletion(archive)

    async def list(self, query: ClipQuery) -> Page[ClipView]:
        """Return one page. Raises InvalidRequestError for a cursor that is not ours."""
        return await self._archive.database.run(lambda connection: Clips(connection).page(query))

    async def get(self, clip: ClipId) -> ClipView:
        """Return one. Raises NotFoundError."""
        if not CLIP_ID_PATTERN.fullmatch(clip):
            raise NotFoundError("there is no recording of that name")
        view = await self._archive.database.run(lambda connection: Clips(connection).get(clip))
        if view is None:
            raise NotFoundError(f"there is no recording {clip!r}")
        return view

    async def open(self, clip: ClipId) -> RecordingMedia:
        """Open its media. Raises NotFoundError, UnavailableError (damaged, key missing)."""
        view = await self.get(clip)
        return await self._archive.off_loop(open_media, view.clip, self._archive)

    async def star(self, clip: ClipId, starred: bool) -> ClipView:
        """Set or clear the star, a small file beside the clip. Raises NotFoundError, UnavailableError."""
        view = await self.get(clip)
        try:
            await self._archive.off_loop(self._star, view, starred)
        except OSError as err:
            raise UnavailableError(f"the star of {clip} could not be kept: {err.strerror}") from err
        await self._archive.database.run(lambda connection: Clips(connection).star(clip, starred=starred))
        changed = ClipView(view.clip, starred)
        if starred != view.starred:
            self._archive.publisher.publish("clip", clip, changed)
        return changed

    async def finish_deletions(self) -> None:
        """Finish what a crash interrupted; call once at the start."""
        await self._deletion.finish_begun()

    async def delete(self, clip: ClipId, *, actor: str) -> None:
        """Journal, then delete. Raises NotFoundError, UnavailableError."""
        await self.get(clip)
        await self._deletion.delete(clip, actor)

    def _star(self, view: ClipView, starred: bool) -> None:
        star = self._archive.places.star_of(view.clip)
        if starred:
            # Its name is all that counts: nothing is written that a crash could leave half done.
            os.close(self._archive.files.open_or_create(star))
            self._archive.files.fsync_dir(star.parent)
        else:
            self._archive.files.unlink(star)
