"""Rows of files that were deleted between being looked at and being listed."""

from collections.abc import Sequence

from sqlalchemy import Connection

from vigilar.domain.clip import Clip, ClipId
from vigilar.recordings.archive import Archive
from vigilar.recordings.keeping import forget


async def drop_vanished(archive: Archive, listed: Sequence[Clip]) -> set[ClipId]:
    """Drop the rows just made whose files are gone; return which. Raises StoreError.

    Whoever deletes drops the row after the file, so that one of both sides always sees that there is nothing.
    """

    def missing() -> list[Clip]:
        return [clip for clip in listed if not archive.places.file_of(clip.path).exists()]

    gone = await archive.off_loop(missing)
    if gone:
        now = archive.clock.now()

        def drop(connection: Connection) -> None:
            for clip in gone:
                forget(connection, clip, now)

        await archive.database.run(drop)
    return {clip.id for clip in gone}
