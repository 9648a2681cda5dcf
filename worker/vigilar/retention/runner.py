"""When room is made: as clips arrive, under pressure, and every hour for age. One round at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from vigilar.api.services import HealthItem, StorageView
from vigilar.bus.messages import ClipSealed
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.errors import UnavailableError
from vigilar.domain.event import Severity
from vigilar.domain.settings import DAY_S
from vigilar.recordings.archive import Archive
from vigilar.recordings.deletion import Remover
from vigilar.retention.aftermath import Aftermath
from vigilar.retention.evictor import Evictor, Round
from vigilar.retention.holdings import Disk, Holding
from vigilar.retention.memory import ClockMemory
from vigilar.retention.policy import Limits
from vigilar.retention.trust import FLOOR, ClockTrust, first_look, look
from vigilar.retention.usage import view_of

log = logging.getLogger(__name__)

AGE_EVERY_NS: Final = 3600 * NANOSECONDS
REST_NS: Final = 20 * NANOSECONDS
"""Between two rounds, unless the disk is full: clips that arrive together are counted together."""
REST_TIMES: Final = 300
"""After a round that takes long (many files) the rest is so many times as long: 0.3 % of a core."""
SETTLE_NS: Final = 30 * NANOSECONDS
"""Some file systems give space back late: so long what was removed counts as free."""
LOOK_AGAIN_NS: Final = 600 * NANOSECONDS
FIRST_LOOK_S: Final = 10.0
FAR_OFF_S: Final = 30 * DAY_S
"""A clock that seems so wrong is worth a warning; a box that was away for a week is not."""


class Retention:
    """Called every few seconds; all that blocks is done in the pool, by one task that is never doubled.

    `spawn` begins that task; `reconcile` brings a camera's rows in line with its files.
    """

    def __init__(
        self,
        archive: Archive,
        limits: Limits,
        data_dir: Path,
        *,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        reconcile: Callable[[CameraId], Awaitable[object]],
    ) -> None:
        self._archive = archive
        self._evictor = Evictor(Remover(archive.places, archive.keys, archive.files), limits)
        self._memory = ClockMemory(data_dir, archive.files)
        self._aftermath = Aftermath(archive, reconcile)
        self._spawn = spawn
        self._task: asyncio.Task[None] | None = None
        self._trust: ClockTrust | None = None
        self._view: StorageView | None = None
        self._looked = asyncio.Event()
        self._disk: Disk | None = None
        self._unreachable = ""
        self._problem = ""
        self._short = False
        """The last round left less free than should be; what is short between two rounds is no trouble."""
        self._arrivals = False
        self._round_ns: int | None = None
        self._rest_ns = REST_NS
        self._futile = False
        """The last round found the disk full and nothing that could go: no use to hurry."""
        self._freed = (0, 0)
        """How much was free before the last round, and how much it removed."""
        self._age_ns = archive.clock.monotonic_ns() + AGE_EVERY_NS

    def tick(self) -> None:
        """Begin to look, unless the last look still goes on (a disk may hang). Never waits."""
        if self._task is None or self._task.done():
            self._task = self._spawn(self.turn(), "making room for recordings")

    async def arrived(self, _message: ClipSealed) -> None:
        """Hear that a recording was sealed."""
        self._arrivals = True

    async def turn(self) -> None:
        """Look at clock and disk, and make room if it is time."""
        try:
            await self._archive.off_loop(self._look_at_clock)
            disk = await self._archive.off_loop(self._evictor.disk)
            if self._due(disk):
                await self._round(disk)
            else:
                self._disk = disk
            await self._aftermath.catch_up()
        except OSError as err:
            self._say_unreachable(f"the disk of the recordings cannot be looked at: {err.strerror}")
        else:
            self._say_unreachable("")

    def latest(self) -> StorageView | None:
        """Return what was found last, None before the first look."""
        return self._view

    async def usage(self) -> StorageView:
        """Return what was found last, after the first look. Raises UnavailableError."""
        try:
            await asyncio.wait_for(self._looked.wait(), FIRST_LOOK_S)
        except TimeoutError:
            raise UnavailableError("the disk of the recordings does not answer") from None
        assert self._view is not None  # noqa: S101 - set before the event
        return self._view

    def items(self) -> Iterator[HealthItem]:
        """Yield what is not as it should be."""
        if problem := self._unreachable or self._problem:
            yield HealthItem("retention_failing", Severity.ALERT, problem)
        if self._disk is not None:
            yield from self._disk_items(self._disk)
        trust = self._trust
        if trust is not None and not trust.sure:
            message = "the clock of this machine jumped: until it is believed nothing is deleted for its age"
            far = abs(trust.doubt_s) > FAR_OFF_S or trust.seen < FLOOR
            yield HealthItem("clock_unsure", Severity.WARNING if far else Severity.INFO, message)

    def _disk_items(self, disk: Disk) -> Iterator[HealthItem]:
        free = f"{disk.free / 1e9:.1f} of {disk.total / 1e9:.1f} GB"
        if self._evictor.full(disk):
            message = (
                f"the disk of the recordings is full ({free} free): footage is being lost; free space on it"
            )
            yield HealthItem("disk_full", Severity.CRITICAL, message)
        elif self._short:
            message = f"the disk of the recordings runs full ({free} free), and too little of it can be freed"
            yield HealthItem("disk_pressure", Severity.WARNING, message)
        if self._view is not None and not self._view.ballast:
            message = (
                "the reserve for a full disk is used up or has no room; it is made again when there is room"
            )
            yield HealthItem("ballast_spent", Severity.WARNING, message)

    def _say_unreachable(self, problem: str) -> None:
        if problem and problem != self._unreachable:
            log.error("%s", problem)
        self._unreachable = problem

    def _look_at_clock(self) -> None:
        now = self._archive.clock.instant()
        before = self._trust or self._memory.load()
        if before is None:
            newest = max((each.start for each in self._evictor.look()), default=None)
            self._trust = first_look(now, newest)
        else:
            self._trust = look(before, now)
        self._memory.keep(self._trust)

    def _due(self, disk: Disk) -> bool:
        now = self._archive.clock.monotonic_ns()
        if self._round_ns is None or now >= self._age_ns:
            return True
        since = now - self._round_ns
        expected = replace(disk, free=disk.free + self._late(disk))
        if since < self._rest_ns:
            return not self._futile and self._evictor.full(expected)
        return since >= LOOK_AGAIN_NS or self._arrivals or self._evictor.short_of(expected)

    def _late(self, disk: Disk) -> int:
        """Return how many bytes of what was removed lately are not back yet."""
        now = self._archive.clock.monotonic_ns()
        if self._round_ns is None or now - self._round_ns >= SETTLE_NS:
            return 0
        before, removed = self._freed
        return max(0, removed - max(0, disk.free - before))

    async def _round(self, disk: Disk) -> None:
        now = self._archive.clock.instant()
        self._arrivals = False
        trust = self._trust
        aged_at = now.wall if trust is not None and trust.sure and now.monotonic_ns >= self._age_ns else None
        holdings = await self._archive.off_loop(self._evictor.look, () if trust is None else trust.strays)
        late = self._late(disk)
        done = await self._archive.off_loop(self._evictor.round, holdings, aged_at=aged_at, late=late)
        self._round_ns = now.monotonic_ns
        took = self._archive.clock.monotonic_ns() - now.monotonic_ns
        self._rest_ns = 0 if done.more else max(REST_NS, min(REST_TIMES * took, LOOK_AGAIN_NS))
        self._arrivals = self._arrivals or done.more
        if done.next_age_h is not None:
            self._age_ns = now.monotonic_ns + round(AGE_EVERY_NS * done.next_age_h)
        elif now.monotonic_ns >= self._age_ns:
            self._age_ns = now.monotonic_ns + AGE_EVERY_NS
        self._freed = (done.before.free, sum(each.holding.size_bytes for each in done.gone))
        self._futile = not done.gone and self._evictor.full(done.before)
        self._problem = done.problem
        self._short = self._evictor.short_of(replace(done.disk, free=done.disk.free + self._late(done.disk)))
        await self._show(done)
        await self._aftermath.of(done.gone)

    async def _show(self, done: Round) -> None:
        ballast = await self._archive.off_loop(self._evictor.ballast.there)
        self._disk = done.disk
        view = self._view_of(done.left, done.disk, ballast=ballast)
        if view != self._view:
            self._archive.publisher.publish("storage", "worker", view)
        self._view = view
        self._looked.set()

    def _view_of(self, left: tuple[Holding, ...], disk: Disk, *, ballast: bool) -> StorageView:
        return view_of(
            left,
            self._evictor.limits,
            disk,
            self._archive.clock.now(),
            ballast=ballast,
            clock_sure=self._trust is not None and self._trust.sure,
            configured=self._evictor.limits.cameras,
        )
