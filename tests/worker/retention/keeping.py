"""Retention over a real folder, with a clock that can be set wrong."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vigilar.cameras.background import Background
from vigilar.domain.clock import Instant
from vigilar.domain.event import Severity
from vigilar.domain.query import ClipQuery
from vigilar.domain.settings import RetentionSettings
from vigilar.recordings.reconcile import Reconciler
from vigilar.retention.policy import Limits
from vigilar.retention.runner import Retention
from vigilar.store.clips import Clips
from vigilar.store.system_events import SystemEvents
from worker.recordings.vaulted import Desk, Root, archive
from worker.store.fakes import HandClock

HOUR = 3600.0


@dataclass
class JumpingClock(HandClock):
    """A hand clock whose wall time can be set apart."""

    off: timedelta = timedelta(0)
    boot: str = "boot"
    ns: int = field(default=1_000_000_000_000)

    def now(self) -> datetime:
        return super().now() + self.off

    def instant(self) -> Instant:
        return Instant(self.now(), self.ns, self.boot)


@dataclass
class Keeping:
    desk: Desk
    clock: JumpingClock
    retention: Retention

    async def turn(self, seconds: float = 5.0) -> None:
        self.clock.forward(seconds)
        await self.retention.turn()

    async def hours(self, count: float, step: float = 600.0) -> None:
        for _ in range(round(count * HOUR / step)):
            await self.turn(step)

    async def indexed(self) -> set[str]:
        page = await self.desk.database.run(lambda c: Clips(c).page(ClipQuery(limit=200)))
        return {view.clip.id for view in page.items}

    async def notes(self) -> list[tuple[Severity, str]]:
        found = await self.desk.database.run(lambda c: SystemEvents(c).newest(50))
        return [(event.severity, event.message) for event in found]

    def items(self) -> set[str]:
        return {item.key for item in self.retention.items()}


@contextlib.asynccontextmanager
async def keeping(root: Root, general: RetentionSettings) -> AsyncIterator[Keeping]:
    async with archive(root) as desk:
        clock = JumpingClock()
        ours = replace(desk.archive, clock=clock)
        reconciler = Reconciler(ours)
        background = Background()
        await reconciler.everything(())
        retention = Retention(
            ours, Limits({}, general), root.path, spawn=background.spawn, reconcile=reconciler.camera
        )
        yield Keeping(desk, clock, retention)
        await background.close()
