"""What follows when recordings were let go: their rows go, everybody is told. The database may be away."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.event import Severity
from vigilar.recordings.archive import Archive
from vigilar.recordings.keeping import Kept, forget
from vigilar.retention.evictor import unsaved
from vigilar.retention.policy import Cause, Eviction
from vigilar.store.errors import StoreError

log = logging.getLogger(__name__)

TOLD_EVERY_NS: Final = 6 * 3600 * NANOSECONDS
"""A full disk loses clips all day: that is told now, then in sums."""
UNTOLD_KEPT: Final = 10_000
_BECAUSE: Final = {
    Cause.CAMERA_BUDGET: "the camera's budget is used up",
    Cause.BUDGET: "the budget of all cameras is used up",
    Cause.FREE_SPACE: "the disk runs full",
    Cause.AGE: "they were older than is to be kept",
}


class Aftermath:
    """Keeps what could not be told yet."""

    def __init__(self, archive: Archive, reconcile: Callable[[CameraId], Awaitable[object]]) -> None:
        self._archive = archive
        self._reconcile = reconcile
        self._behind: set[CameraId] = set()
        self._untold: list[Eviction] = []
        self._told_ns: int | None = None

    async def of(self, gone: Sequence[Eviction]) -> None:
        """Drop the rows of what is gone and tell of it."""
        if not gone:
            return
        log.info("%d recordings were let go", len(gone))
        cameras = {each.holding.camera for each in gone}
        try:
            kept = await self._archive.database.run(lambda connection: self._forget(connection, gone))
        except StoreError as err:
            log.warning("the rows of %d deleted recordings stay for now: %s", len(gone), err)
            self._behind |= cameras
        else:
            self._tell_of_rows(gone, kept)
            for camera in cameras:
                self._archive.clips_changed(camera)
        self._untold = [*self._untold, *unsaved(gone)][-UNTOLD_KEPT:]
        await self._tell()

    async def catch_up(self) -> None:
        """Bring rows in line that could not be dropped, and tell what is due; call now and then."""
        for camera in sorted(self._behind):
            try:
                await self._reconcile(camera)
            except StoreError:
                return
            self._behind.discard(camera)
        await self._tell()

    def _forget(self, connection: Connection, gone: Iterable[Eviction]) -> list[Kept]:
        now = self._archive.clock.now()
        return [forget(connection, each.holding.id, now) for each in gone]

    def _tell_of_rows(self, gone: Sequence[Eviction], kept: Sequence[Kept]) -> None:
        for each, row in zip(gone, kept, strict=True):
            shown = {"id": each.holding.id, "camera": each.holding.camera}
            self._archive.publisher.publish("clip_deleted", each.holding.id, shown)
            for event in row.events:
                self._archive.tell(event)

    async def _tell(self) -> None:
        now = self._archive.clock.monotonic_ns()
        if self._archive.database.trouble is not None:
            return  # said then would be lost
        if not self._untold or (self._told_ns is not None and now - self._told_ns < TOLD_EVERY_NS):
            return
        self._told_ns = now
        untold, self._untold = self._untold, []
        # That clips grow old is what was asked for; that there is no room for them is not.
        meant = all(each.cause is Cause.AGE for each in untold)
        severity = Severity.INFO if meant else Severity.ALERT
        await self._archive.notes.add("retention", severity, _message(untold))


def _message(gone: Sequence[Eviction]) -> str:
    cameras = ", ".join(sorted({each.holding.camera for each in gone}))
    starred = sum(each.holding.starred for each in gone)
    size = sum(each.holding.size_bytes for each in gone) / 1e6
    causes = "; ".join(_BECAUSE[cause] for cause in Cause if any(each.cause is cause for each in gone))
    stars = f", {starred} of them starred" if starred else ""
    what = f"{len(gone)} clips ({size:.0f} MB{stars}) of {cameras}"
    return f"{what} were deleted that exist nowhere else: {causes}"
