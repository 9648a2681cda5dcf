"""Events. Every change of a row writes its outgoing message in the same transaction."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, select, update
from sqlalchemy.dialects.sqlite import insert

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipId
from vigilar.domain.clock import Instant
from vigilar.domain.event import Event, EventId, EventType
from vigilar.domain.query import EventQuery, Page
from vigilar.store.outbox import Outbox
from vigilar.store.paging import next_cursor, page_of
from vigilar.store.severity import of_rank, rank
from vigilar.store.tables import event_clips, events

log = logging.getLogger(__name__)

TOPIC = "event"


class Events:
    """The events of one transaction that happens at `now`."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, event: Event, seen: Instant) -> Event | None:
        """Insert `event`; return it as kept (with a clip already linked), None when it is there already.

        `seen` orders it: its start on the monotonic clock of its boot.
        """
        linked = self._connection.execute(_first_clip(event.id)).scalar()
        values = {
            "id": event.id,
            "type": event.type,
            "severity": rank(event.severity),
            "camera": event.camera,
            "start": event.start,
            "end": event.end,
            "clip_id": event.clip_id or linked,
            "zones": msgspec.json.encode(event.zones).decode(),
            "score": event.score,
            "detail": event.detail,
            "acknowledged": event.acknowledged,
            "last_seen": event.end or event.start,
            "revision": 1,
            "boot_id": seen.boot_id,
            "monotonic_ns": seen.monotonic_ns,
        }
        statement = insert(events).values(values).on_conflict_do_nothing()
        if not self._connection.execute(statement).rowcount:
            return None
        kept = self._told(event.id)
        _log(kept, "begins" if kept.end is None else "happened")
        return kept

    def get(self, event: EventId) -> Event | None:
        """Return one."""
        row = self._connection.execute(select(events).where(events.c.id == event)).one_or_none()
        return None if row is None else _event(row)

    def page(self, query: EventQuery) -> Page[Event]:
        """Return one page. Raises InvalidRequestError."""
        statement = _filtered(select(events), query)
        statement = page_of(statement, events.c.start, events.c.id, query.limit, query.cursor)
        rows = self._connection.execute(statement).all()
        return Page(tuple(_event(row) for row in rows[: query.limit]), next_cursor(rows, query.limit))

    def label(self, event: EventId, at: Instant) -> datetime:
        """Return the wall time of `at` in line with the event's start: never before it.

        The clock may have jumped since the event began; how long it lasted is not to jump with it.
        """
        row = self._connection.execute(
            select(events.c.start, events.c.boot_id, events.c.monotonic_ns).where(events.c.id == event)
        ).one_or_none()
        if row is None:
            return at.wall
        start: datetime = row.start
        if row.boot_id != at.boot_id:
            return max(at.wall, start)
        return start + timedelta(microseconds=max(0, at.monotonic_ns - row.monotonic_ns) // 1000)

    def lasts(self, event: EventId, last_seen: datetime) -> None:
        """Note that an open event lasts. No news for the outside, so no message."""
        self._connection.execute(
            update(events).where(events.c.id == event, events.c.end.is_(None)).values(last_seen=last_seen)
        )

    def touched(self, event: EventId, zones: Sequence[str], score: float | None) -> Event | None:
        """Note what an open event has touched so far; return it, None when it is over."""
        return self._change(event, zones=msgspec.json.encode(list(zones)).decode(), score=score)

    def reopen(self, event: EventId, last_seen: datetime) -> Event | None:
        """Take an end back that was only supposed; return the event, None when it was not over."""
        statement = update(events).where(events.c.id == event, events.c.end.is_not(None))
        changed = self._connection.execute(
            statement.values(end=None, last_seen=last_seen, revision=events.c.revision + 1)
        ).rowcount
        return self._told(event) if changed else None

    def end(self, event: EventId, at: datetime) -> Event | None:
        """End an open event; return it, None when it is over already or unknown."""
        ended = self._change(event, end=at, last_seen=at)
        if ended is not None:
            _log(ended, "ends")
        return ended

    def open_ones(self, types: Sequence[EventType]) -> dict[EventId, datetime]:
        """Return the events of these types that still last, with the last moment they were known to."""
        statement = select(events.c.id, events.c.last_seen).where(
            events.c.end.is_(None), events.c.type.in_(types)
        )
        return {row.id: row.last_seen for row in self._connection.execute(statement)}

    def open_of(self, camera: CameraId, kind: EventType) -> Event | None:
        """Return the newest event of this type that still lasts."""
        statement = (
            select(events)
            .where(events.c.camera == camera, events.c.type == kind, events.c.end.is_(None))
            .order_by(events.c.start.desc())
            .limit(1)
        )
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else _event(row)

    def acknowledge(self, event: EventId) -> tuple[Event, bool] | None:
        """Mark as seen; return it and whether that changed anything, None when it is unknown."""
        statement = update(events).where(events.c.id == event, events.c.acknowledged.is_(None))
        changed = self._connection.execute(
            statement.values(acknowledged=self._now, revision=events.c.revision + 1)
        ).rowcount
        if changed:
            return self._told(event), True
        known = self.get(event)
        return None if known is None else (known, False)

    def link(self, event: EventId, clip: ClipId) -> Event | None:
        """Note that `clip` shows `event`, in whatever order the two become known.

        Return the event when this gave it its (first) clip.
        """
        pair = insert(event_clips).values(event_id=event, clip_id=clip)
        self._connection.execute(pair.on_conflict_do_nothing())
        statement = update(events).where(events.c.id == event, events.c.clip_id.is_(None))
        changed = self._connection.execute(
            statement.values(clip_id=clip, revision=events.c.revision + 1)
        ).rowcount
        return self._told(event) if changed else None

    def unlink(self, clip: ClipId) -> list[Event]:
        """Forget a clip that is gone; return the events that now show another clip, or none."""
        self._connection.execute(event_clips.delete().where(event_clips.c.clip_id == clip))
        shown = self._connection.execute(select(events.c.id).where(events.c.clip_id == clip)).scalars().all()
        changed = []
        for event in shown:
            other = self._connection.execute(_first_clip(event)).scalar()
            self._connection.execute(
                update(events)
                .where(events.c.id == event)
                .values(clip_id=other, revision=events.c.revision + 1)
            )
            changed.append(self._told(event))
        return changed

    def _change(self, event: EventId, **values: Any) -> Event | None:
        statement = update(events).where(events.c.id == event, events.c.end.is_(None))
        changed = self._connection.execute(
            statement.values(revision=events.c.revision + 1, **values)
        ).rowcount
        return self._told(event) if changed else None

    def _told(self, event: EventId) -> Event:
        row = self._connection.execute(select(events).where(events.c.id == event)).one()
        kept = _event(row)
        Outbox(self._connection).add(TOPIC, event, row.revision, kept, self._now)
        return kept


def _log(event: Event, what: str) -> None:
    about = {
        "camera": event.camera,
        "event_type": event.type.value,
        "event_id": event.id,
        "clip_id": event.clip_id,
    }
    log.info("%s %s", event.type.value, what, extra=about)


def _first_clip(event: EventId) -> Select[tuple[str]]:
    return (
        select(event_clips.c.clip_id)
        .where(event_clips.c.event_id == event)
        .order_by(event_clips.c.clip_id)
        .limit(1)
    )


def _filtered(statement: Select[Any], query: EventQuery) -> Select[Any]:
    if query.cameras:
        statement = statement.where(events.c.camera.in_(query.cameras))
    if query.types:
        statement = statement.where(events.c.type.in_(query.types))
    if query.min_severity is not None:
        statement = statement.where(events.c.severity >= rank(query.min_severity))
    if query.acknowledged is not None:
        seen = events.c.acknowledged.is_not(None)
        statement = statement.where(seen if query.acknowledged else ~seen)
    if query.after is not None:
        statement = statement.where(events.c.start >= query.after)
    if query.before is not None:
        statement = statement.where(events.c.start < query.before)
    return statement


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        type=EventType(row.type),
        severity=of_rank(row.severity),
        camera=row.camera,
        start=row.start,
        end=row.end,
        clip_id=row.clip_id,
        zones=msgspec.json.decode(row.zones, type=tuple[str, ...]),
        score=row.score,
        detail=row.detail,
        acknowledged=row.acknowledged,
    )
