"""The clip index: one row per sealed file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import Clip, ClipId, ClipKind, Trigger
from vigilar.domain.query import ClipQuery, ClipView, Page
from vigilar.store.paging import next_cursor, page_of
from vigilar.store.tables import clips


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the index has on a file."""

    id: ClipId
    starred: bool
    file_id: str = ""


class Clips:
    """The clips of one transaction. Rows whose deletion has begun are no longer shown."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, clip: Clip, *, starred: bool = False) -> bool:
        """Insert `clip`; return False when it is there already (inserting twice is once)."""
        statement = insert(clips).values(**asdict(clip), starred=starred).on_conflict_do_nothing()
        return self._connection.execute(statement).rowcount > 0

    def get(self, clip: ClipId) -> ClipView | None:
        """Return one."""
        row = self._connection.execute(_shown().where(clips.c.id == clip)).one_or_none()
        return None if row is None else _view(row)

    def page(self, query: ClipQuery) -> Page[ClipView]:
        """Return one page. Raises InvalidRequestError."""
        statement = _filtered(_shown(), query)
        statement = page_of(statement, clips.c.start, clips.c.id, query.limit, query.cursor)
        rows = self._connection.execute(statement).all()
        return Page(tuple(_view(row) for row in rows[: query.limit]), next_cursor(rows, query.limit))

    def newest(self, camera: CameraId) -> ClipId | None:
        """Return the newest clip (not segment) of a camera."""
        statement = (
            select(clips.c.id)
            .where(clips.c.camera == camera, clips.c.kind == ClipKind.CLIP, clips.c.deleting.is_(None))
            .order_by(clips.c.start.desc(), clips.c.id.desc())
            .limit(1)
        )
        return self._connection.execute(statement).scalar()

    def known(self, camera: CameraId) -> dict[str, KnownFile]:
        """Return path → what is known of it, for every row of a camera, those being deleted too."""
        columns = (clips.c.path, clips.c.id, clips.c.starred, clips.c.file_id)
        rows = self._connection.execute(select(*columns).where(clips.c.camera == camera))
        return {row.path: KnownFile(row.id, row.starred, row.file_id) for row in rows}

    def cameras(self) -> Sequence[CameraId]:
        """Return every camera that has a row."""
        return self._connection.execute(select(clips.c.camera).distinct()).scalars().all()

    def count(self) -> int:
        """Return how many rows there are."""
        return self._connection.execute(select(func.count()).select_from(clips)).scalar_one()

    def star(self, clip: ClipId, *, starred: bool) -> bool:
        """Set or clear the star; return whether there is such a clip."""
        statement = update(clips).where(clips.c.id == clip, clips.c.deleting.is_(None))
        return self._connection.execute(statement.values(starred=starred)).rowcount > 0

    def begin_deletion(self, clip: ClipId, actor: str) -> Clip | None:
        """Mark the row as being deleted for `actor`; return its clip, None when there is none."""
        view = self.get(clip)
        if view is None:
            return None
        self._connection.execute(update(clips).where(clips.c.id == clip).values(deleting=actor))
        return view.clip

    def in_deletion(self) -> list[tuple[Clip, str]]:
        """Return (clip, actor) of every deletion begun and not finished."""
        rows = self._connection.execute(select(clips).where(clips.c.deleting.is_not(None)))
        return [(_view(row).clip, row.deleting) for row in rows]

    def give_up_deletion(self, clip: ClipId) -> None:
        """Show the row again: the file could not be removed."""
        self._connection.execute(update(clips).where(clips.c.id == clip).values(deleting=None))

    def remove(self, clip: ClipId) -> bool:
        """Drop the row; return whether there was one."""
        return self._connection.execute(delete(clips).where(clips.c.id == clip)).rowcount > 0

    def remove_lost(self, clip: ClipId, path: str) -> bool:
        """Drop the row of a file that is gone; return whether it still was its row, and not being deleted."""
        statement = delete(clips).where(clips.c.id == clip, clips.c.path == path, clips.c.deleting.is_(None))
        return self._connection.execute(statement).rowcount > 0


def _shown() -> Select[Any]:
    return select(clips).where(clips.c.deleting.is_(None))


def _filtered(statement: Select[Any], query: ClipQuery) -> Select[Any]:
    if query.cameras:
        statement = statement.where(clips.c.camera.in_(query.cameras))
    if query.kind is not None:
        statement = statement.where(clips.c.kind == query.kind)
    if query.trigger is not None:
        statement = statement.where(clips.c.trigger == query.trigger)
    if query.starred is not None:
        statement = statement.where(clips.c.starred == query.starred)
    if query.after is not None:
        statement = statement.where(clips.c.start >= query.after)
    if query.before is not None:
        statement = statement.where(clips.c.start < query.before)
    return statement


def _view(row: Row[Any]) -> ClipView:
    values = {name: getattr(row, name) for name in Clip.__dataclass_fields__}
    values |= {"kind": ClipKind(row.kind), "trigger": Trigger(row.trigger)}
    return ClipView(Clip(**values), row.starred)
