"""Taking in what the capture processes say of recordings."""

import logging

from sqlalchemy import Connection

from vigilar.api.services import ClipView
from vigilar.bus.messages import ClipOpened, ClipSealed
from vigilar.domain.clip import Trigger
from vigilar.domain.clock import wall_of
from vigilar.domain.event import Event
from vigilar.recordings.archive import Archive
from vigilar.recordings.describe import Described
from vigilar.recordings.keeping import keep_sealed, manual_event
from vigilar.recordings.vanished import drop_vanished
from vigilar.store.events import Events

log = logging.getLogger(__name__)


class RecordingIntake:
    """Each message may come twice: the second time changes nothing."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def opened(self, message: ClipOpened) -> None:
        """Link the event that began it; make the event of a recording that a person asked for."""
        now = self._archive.clock.instant()
        start = wall_of(message.start_ns, now)

        def keep(connection: Connection) -> list[Event | None]:
            events = Events(connection, now.wall)
            changed: list[Event | None] = []
            if message.event_id is not None:
                changed.append(events.link(message.event_id, message.clip_id))
            if message.trigger is Trigger.MANUAL:
                asked = manual_event(message.clip_id, message.camera, start, None)
                changed.append(events.add(asked, now))
            return changed

        for event in await self._archive.database.run(keep):
            self._archive.tell(event)

    async def sealed(self, message: ClipSealed) -> None:
        """Index a recording that is on the disk now."""
        clip = message.clip
        if not await self._archive.off_loop(self._archive.places.file_of(clip.path).exists):
            # Told again after the file was deleted: a row would promise what is not there.
            log.warning("%s was sealed, but its file is gone", clip.id, extra={"clip_id": clip.id})
            return
        now = self._archive.clock.instant()
        described = Described(clip, message.event_ids)
        kept = await self._archive.database.run(lambda c: keep_sealed(c, described, now, tell=True))
        if kept.new and await drop_vanished(self._archive, [clip]):
            return
        if kept.new:
            self._archive.publisher.publish("clip", clip.id, ClipView(clip, starred=False))
            self._archive.clips_changed(clip.camera)
            about = {"camera": clip.camera, "clip_id": clip.id, "trigger": clip.trigger.value}
            log.info(
                "%s sealed: %.1f s, %d bytes", clip.kind.value, clip.duration_s, clip.size_bytes, extra=about
            )
        for event in kept.events:
            self._archive.tell(event)
