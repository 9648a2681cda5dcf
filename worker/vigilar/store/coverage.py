"""The coverage ledger's rows. Those of one camera never overlap: what is told twice is there once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Row, Select, delete, select, type_coerce, update
from sqlalchemy.dialects.sqlite import insert

from vigilar.domain.camera import CameraId
from vigilar.domain.clock import Instant
from vigilar.domain.coverage import CoverageQuery, Gap, GapReason, Span, joined, without
from vigilar.domain.query import Page
from vigilar.store.notes import natural_id
from vigilar.store.paging import next_cursor, page_of
from vigilar.store.tables import MICROSECOND, coverage_gaps, coverage_marks

_TOUCHING: Final = timedelta(milliseconds=1)
"""Gaps of one reason this close are one; pieces this short are rounding."""


@dataclass(frozen=True, slots=True)
class CoverageMark:
    """How far one camera's account goes. `since`: from when on it is meant to be watched, if `watched`."""

    camera: CameraId
    watched: bool
    since: Instant
    covered: Instant


class Coverage:
    """The ledger in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, gap: Gap) -> float:
        """Insert what of `gap` is not there yet; return the seconds that were new. `gap.id` is not used."""
        if gap.end <= gap.start:
            return self._keep_backwards(gap)
        near = self._between(gap.camera, gap.start - _TOUCHING, gap.end + _TOUCHING)
        new = 0.0
        for piece in without(Span(gap.start, gap.end), [Span(row.start, row.end) for row in near]):
            if piece.end - piece.start > _TOUCHING:
                new += (piece.end - piece.start).total_seconds()
                self._insert(_cut(gap, piece))
        return new

    def page(self, query: CoverageQuery) -> Page[Gap]:
        """Return one page, newest first. Raises InvalidRequestError."""
        statement = _filtered(select(coverage_gaps), query)
        columns = coverage_gaps.c
        statement = page_of(statement, columns.start, columns.id, query.limit, query.cursor)
        rows = self._connection.execute(statement).all()
        return Page(tuple(_gap(row) for row in rows[: query.limit]), next_cursor(rows, query.limit))

    def within(self, window: Span) -> list[Gap]:
        """Return all gaps that touch `window`."""
        columns = coverage_gaps.c
        statement = select(coverage_gaps).where(columns.start < window.end, columns.end > window.start)
        return [_gap(row) for row in self._connection.execute(statement)]

    def trim(self, before: datetime) -> int:
        """Drop gaps that ended before; return how many."""
        return self._connection.execute(delete(coverage_gaps).where(coverage_gaps.c.end < before)).rowcount

    def shift(self, boot_id: str, by: timedelta) -> None:
        """Correct the labels of one boot: its wall clock was wrong by so much."""
        micros, gaps, marks = by // MICROSECOND, coverage_gaps, coverage_marks
        for table, column, boot in (
            (gaps, gaps.c.start, gaps.c.boot_id),
            (gaps, gaps.c.end, gaps.c.end_boot_id),
            (marks, marks.c.since, marks.c.since_boot_id),
            (marks, marks.c.covered, marks.c.boot_id),
        ):
            moved = type_coerce(column, BigInteger) + micros
            self._connection.execute(update(table).where(boot == boot_id).values({column: moved}))

    def marks(self) -> dict[CameraId, CoverageMark]:
        """Return camera → how far its account goes."""
        return {row.camera: _mark(row) for row in self._connection.execute(select(coverage_marks))}

    def keep_marks(self, marks: Iterable[CoverageMark]) -> None:
        """Insert or replace."""
        for mark in marks:
            values = {
                "watched": mark.watched,
                "since": mark.since.wall,
                "since_boot_id": mark.since.boot_id,
                "since_ns": mark.since.monotonic_ns,
                "covered": mark.covered.wall,
                "boot_id": mark.covered.boot_id,
                "monotonic_ns": mark.covered.monotonic_ns,
            }
            statement = insert(coverage_marks).values(camera=mark.camera, **values)
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=[coverage_marks.c.camera], set_=values)
            )

    def _between(self, camera: CameraId, start: datetime, end: datetime) -> list[Gap]:
        columns = coverage_gaps.c
        statement = select(coverage_gaps).where(
            columns.camera == camera, columns.start < end, columns.end > start
        )
        return [_gap(row) for row in self._connection.execute(statement)]

    def _insert(self, gap: Gap) -> None:
        """Insert, joined with what it touches of the same reason."""
        near = [
            other
            for other in self._between(gap.camera, gap.start - _TOUCHING, gap.end + _TOUCHING)
            if other.reason is gap.reason
            and gap.boot_id == other.boot_id == other.end_boot_id == gap.end_boot_id
        ]
        if near:
            self._connection.execute(
                delete(coverage_gaps).where(coverage_gaps.c.id.in_([other.id for other in near]))
            )
        self._put(joined(gap, near))

    def _keep_backwards(self, gap: Gap) -> float:
        """Keep a gap that ends before it starts: a clock is wrong, and the labels are corrected later."""
        if gap.boot_id != gap.end_boot_id:
            self._put(gap)
        return 0.0

    def _put(self, gap: Gap) -> None:
        statement = insert(coverage_gaps).values(
            id=natural_id("gap", gap.camera, gap.boot_id, gap.start_ns),
            camera=gap.camera,
            start=gap.start,
            end=gap.end,
            reason=gap.reason,
            detail=gap.detail,
            boot_id=gap.boot_id,
            monotonic_ns=gap.start_ns,
            end_boot_id=gap.end_boot_id,
        )
        self._connection.execute(statement.on_conflict_do_nothing())


def _cut(gap: Gap, piece: Span) -> Gap:
    """Return the part of `gap` that `piece` is."""
    later_ns = (piece.start - gap.start) // MICROSECOND * 1000
    return replace(gap, start=piece.start, end=piece.end, start_ns=gap.start_ns + later_ns)


def _filtered(statement: Select[Any], query: CoverageQuery) -> Select[Any]:
    columns = coverage_gaps.c
    if query.cameras:
        statement = statement.where(columns.camera.in_(query.cameras))
    if query.reasons:
        statement = statement.where(columns.reason.in_(query.reasons))
    if query.after is not None:
        statement = statement.where(columns.end > query.after)
    if query.before is not None:
        statement = statement.where(columns.start < query.before)
    return statement


def _gap(row: Row[Any]) -> Gap:
    return Gap(
        id=row.id,
        camera=row.camera,
        start=row.start,
        end=row.end,
        reason=GapReason(row.reason),
        detail=row.detail,
        boot_id=row.boot_id,
        start_ns=row.monotonic_ns,
        end_boot_id=row.end_boot_id,
    )


def _mark(row: Row[Any]) -> CoverageMark:
    return CoverageMark(
        camera=row.camera,
        watched=row.watched,
        since=Instant(row.since, row.since_ns, row.since_boot_id),
        covered=Instant(row.covered, row.monotonic_ns, row.boot_id),
    )
