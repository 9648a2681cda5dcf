"""Keeps the ledger: takes in what captures tell, and accounts for what nobody was there to tell."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from vigilar.bus.messages import CaptureStatus, FootageGap
from vigilar.coverage.day import Calendar, Day
from vigilar.domain.camera import CameraId, RecordingMode
from vigilar.domain.clock import NANOSECONDS, Clock, Instant, wall_of
from vigilar.domain.coverage import (
    CameraCoverage,
    CoverageQuery,
    DayCoverage,
    Gap,
    GapReason,
    OpenGap,
    seconds_by_reason,
)
from vigilar.domain.query import Page
from vigilar.domain.settings import CoreCamera
from vigilar.store.coverage import Coverage, CoverageMark
from vigilar.store.database import Database
from vigilar.store.errors import StoreError

log = logging.getLogger(__name__)

HEARTBEAT_NS: Final = 10 * NANOSECONDS
SILENCE_NS: Final = 15 * NANOSECONDS
"""A capture process repeats its state every 5 s; who was not heard for this long is not there."""
JUMP: Final = timedelta(seconds=1)
KEEP: Final = timedelta(days=400)
SURE_AFTER_NS: Final = 24 * 3600 * NANOSECONDS
"""How long a wall clock must have run without a jump before anything is dropped for its age."""


@dataclass(slots=True)
class _Account:
    """One camera's. `heard_ns`: when its capture was last heard, at first when the core began to listen."""

    settings: CoreCamera
    mark: CoverageMark
    heard_ns: int
    status: CaptureStatus | None = None

    @property
    def wanted(self) -> bool:
        """Whether the camera is meant to be watched now."""
        mode = self.settings.mode if self.status is None else self.status.mode
        return self.mark.watched and mode is not RecordingMode.OFF


class Ledger:
    """Owned by the event loop; implements `CoverageService`.

    Labels of one boot all follow one reference of wall and monotonic time. When the wall clock jumps they are
    all moved with it: a jump neither makes a gap nor hides one.
    """

    def __init__(
        self, database: Database, clock: Clock, cameras: Iterable[CoreCamera], calendar: Calendar
    ) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        self._settings = {camera.camera: camera for camera in cameras}
        self._reference = clock.instant()
        self._kept_ns = self._jumped_ns = self._reference.monotonic_ns
        self._accounts: dict[CameraId, _Account] = {}
        self._today: Day | None = None
        self._gaps: dict[CameraId, list[Gap]] = {}
        self._stale = True

    # --- taking in ----------------------------------------------------------------------------------

    async def load(self) -> None:
        """Take over the account as the core before this one left it; call before anything else."""
        marks = await self._database.run(lambda c: Coverage(c).marks())
        now = self._clock.instant()
        of_this_boot = (mark.covered for mark in marks.values() if mark.covered.boot_id == now.boot_id)
        self._reference = next(of_this_boot, now)
        for camera, settings in self._settings.items():
            mark = self._taken_over(settings, marks.get(camera), now.monotonic_ns)
            self._accounts[camera] = _Account(settings, mark, now.monotonic_ns)
        await self._follow_wall_clock()
        await self._keep()
        await self._count()

    async def gap(self, message: FootageGap) -> None:
        """Take in a gap a capture tells of."""
        account = self._accounts.get(message.camera)
        if account is None or not account.mark.watched:
            return
        start_ns, since = message.start_ns, account.mark.since
        if since.boot_id == self._reference.boot_id:
            start_ns = max(start_ns, since.monotonic_ns)
        if start_ns < message.end_ns:
            start, end = self._at(start_ns), self._at(message.end_ns)
            await self._add(message.camera, start, end, message.cause, message.reason)

    async def capture_status(self, status: CaptureStatus) -> None:
        """Take in up to when a capture misses nothing, and what was before it came."""
        account = self._accounts.get(status.camera)
        if account is None:
            return
        account.status, account.heard_ns = status, self._clock.monotonic_ns()
        if not account.mark.watched or not status.covered_ns:
            return
        covered, knows_from = account.mark.covered, self._at(status.accounts_from_ns)
        if covered.boot_id != knows_from.boot_id or covered.monotonic_ns < knows_from.monotonic_ns:
            detail = "the worker did not run"
            await self._add(status.camera, covered, knows_from, GapReason.WORKER_DOWN, detail)
            covered = knows_from
        if status.covered_ns > covered.monotonic_ns:
            covered = self._at(status.covered_ns)
        account.mark = replace(account.mark, covered=covered)

    async def tick(self) -> None:
        """Call every few seconds: follows the clock, keeps the heartbeat, counts."""
        await self._follow_wall_clock()
        now = self._clock.monotonic_ns()
        if now - self._kept_ns >= HEARTBEAT_NS:
            self._kept_ns = now
            await self._keep()
        if self._stale or self._calendar.day_of(self._clock.now()) != self._today:
            await self._count()

    async def close(self) -> None:
        """Write the last heartbeat."""
        if self._accounts:
            try:
                await self._keep()
            except StoreError as err:
                log.warning("the last heartbeat could not be kept: %s", err)

    def trim(self, connection: Connection) -> None:
        """Drop what is older than 400 days, unless the wall clock may be wrong."""
        now = self._clock.instant()
        if now.monotonic_ns - self._jumped_ns >= SURE_AFTER_NS:
            Coverage(connection).trim(now.wall - KEEP)

    # --- telling ------------------------------------------------------------------------------------

    async def list(self, query: CoverageQuery) -> Page[Gap]:
        """Return one page of gaps that are over. Raises InvalidRequestError for a cursor not ours."""
        return await self._database.run(lambda c: Coverage(c).page(query))

    def today(self) -> DayCoverage:
        """Return what every camera lacks of today so far."""
        now = self._clock.now()
        day = self._calendar.day_of(now)
        cameras = tuple(self._coverage(account, day, now) for account in self._accounts.values())
        start, end = day.span
        return DayCoverage(day.date.isoformat(), self._calendar.name_at(now), start, end, cameras)

    def missing_today(self) -> dict[CameraId, float]:
        """Return camera → seconds missing of today so far."""
        return {camera.camera: camera.missing_s for camera in self.today().cameras}

    def _coverage(self, account: _Account, day: Day, now: datetime) -> CameraCoverage:
        camera, lasting = account.settings.camera, self._open(account)
        gaps = self._gaps.get(camera, [])
        if lasting is not None:
            gaps = [*gaps, Gap("", camera, lasting.since, now, lasting.reason)]
        by_reason = {reason: round(s, 1) for reason, s in seconds_by_reason(gaps, day.span).items()}
        return CameraCoverage(camera, round(sum(by_reason.values()), 1), by_reason, lasting)

    def _open(self, account: _Account) -> OpenGap | None:
        """Return the gap that lasts, if one does."""
        if not account.wanted:
            return None
        camera, since = account.settings.camera, account.mark.covered.wall
        if self._clock.monotonic_ns() - account.heard_ns >= SILENCE_NS:
            return OpenGap(camera, since, GapReason.CAPTURE_DOWN)
        gap = account.status.gap if account.status is not None else None
        return OpenGap(camera, since, gap) if gap is not None else None

    # --- keeping ------------------------------------------------------------------------------------

    def _taken_over(self, settings: CoreCamera, before: CoverageMark | None, now_ns: int) -> CoverageMark:
        now = self._at(now_ns)
        if before is not None and before.watched and settings.enabled:
            return before
        return CoverageMark(settings.camera, settings.enabled, now, now)

    async def _add(
        self, camera: CameraId, start: Instant, end: Instant, reason: GapReason, detail: str
    ) -> None:
        gap = Gap(
            id="",
            camera=camera,
            start=start.wall,
            end=end.wall,
            reason=reason,
            detail=detail,
            boot_id=start.boot_id,
            start_ns=start.monotonic_ns,
            end_boot_id=end.boot_id,
        )
        new_s = await self._database.run(lambda c: Coverage(c).add(gap))
        if new_s:
            log.warning(
                "%.1f s of footage are missing: %s", new_s, detail or reason, extra={"camera": camera}
            )
        self._stale = True

    async def _keep(self) -> None:
        """Write the heartbeat: up to when each camera's account goes."""
        now = self._at(self._clock.monotonic_ns())
        for account in self._accounts.values():
            if not account.mark.watched:
                account.mark = replace(account.mark, since=now, covered=now)
        marks = [account.mark for account in self._accounts.values()]
        await self._database.run(lambda c: Coverage(c).keep_marks(marks))

    async def _count(self) -> None:
        """Read today's gaps anew."""
        day = self._calendar.day_of(self._clock.now())
        self._stale = False
        found = await self._database.run(lambda c: Coverage(c).within(day.span))
        gaps: dict[CameraId, list[Gap]] = {}
        for gap in found:
            gaps.setdefault(gap.camera, []).append(gap)
        self._gaps, self._today = gaps, day

    async def _follow_wall_clock(self) -> None:
        """Move this boot's labels when the wall clock was set."""
        now = self._clock.instant()
        by = now.wall - wall_of(now.monotonic_ns, self._reference)
        if abs(by) <= JUMP:
            return
        log.info("the wall clock was set by %+.1f s: the ledger's times follow", by.total_seconds())
        await self._database.run(lambda c: Coverage(c).shift(now.boot_id, by))
        self._reference = now
        self._jumped_ns = now.monotonic_ns
        self._stale = True
        for account in self._accounts.values():
            mark = account.mark
            since, covered = self._relabelled(mark.since), self._relabelled(mark.covered)
            account.mark = replace(mark, since=since, covered=covered)

    def _relabelled(self, instant: Instant) -> Instant:
        return self._at(instant.monotonic_ns) if instant.boot_id == self._reference.boot_id else instant

    def _at(self, monotonic_ns: int) -> Instant:
        return Instant(wall_of(monotonic_ns, self._reference), monotonic_ns, self._reference.boot_id)
