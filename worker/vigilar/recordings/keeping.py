"""Rows of recordings with everything that hangs on them, in the transaction of the caller."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from vigilar.domain.clip import Clip, ClipId, Trigger
from vigilar.domain.clock import Instant
from vigilar.domain.event import Event, EventId, EventType, Severity
from vigilar.recordings.describe import Described
from vigilar.store.clips import Clips
from vigilar.store.events import Events
from vigilar.store.notes import natural_id
from vigilar.store.outbox import Outbox

TOPIC = "clip"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a transaction changed, to be told after its commit."""

    new: bool
    events: tuple[Event, ...]


def manual_event_id(clip: ClipId) -> EventId:
    """Return the id of the event "somebody asked for this recording"."""
    return natural_id("manual", clip)


def manual_event(clip_id: ClipId, camera: str, start: datetime, end: datetime | None) -> Event:
    """Return that event."""
    return Event(
        id=manual_event_id(clip_id),
        type=EventType.MANUAL_RECORDING,
        severity=Severity.INFO,
        camera=camera,
        start=start,
        end=end,
        clip_id=clip_id,
    )


def keep_sealed(connection: Connection, described: Described, now: Instant, *, tell: bool) -> Kept:
    """Insert a sealed recording and link its events; doing it again changes nothing.

    `tell`: write the outgoing message too (not when an index is rebuilt: that is no news).
    """
    clip = described.clip
    events = Events(connection, now.wall)
    new = Clips(connection).add(clip, starred=described.starred)
    changed = [events.link(event_id, clip.id) for event_id in described.event_ids]
    if clip.trigger is Trigger.MANUAL:
        asked = manual_event(clip.id, clip.camera, clip.start, clip.end)
        changed.append(events.add(asked, now) or events.end(asked.id, clip.end))
    if tell:
        Outbox(connection).add(TOPIC, clip.id, 1, clip, now.wall)
    return Kept(new, tuple(event for event in changed if event is not None))


def forget(connection: Connection, clip: Clip | ClipId, now: datetime) -> Kept:
    """Drop a recording's row and what points to it."""
    clip_id = clip if isinstance(clip, str) else clip.id
    removed = Clips(connection).remove(clip_id)
    Outbox(connection).add("clip_deleted", clip_id, 2, {"id": clip_id}, now)
    return Kept(removed, tuple(Events(connection, now).unlink(clip_id)))
