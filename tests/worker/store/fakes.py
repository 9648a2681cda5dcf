"""What the tests above the store share: a clock moved by hand, a database, who is told of changes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from blockbuster import BlockBuster

from vigilar.domain.clip import Clip, ClipKind, Trigger, clip_id, day_of
from vigilar.domain.clock import Instant
from vigilar.domain.event import Event, EventType, Severity
from vigilar.store.database import Database
from vigilar.store.engine import make_engine
from vigilar.store.tables import metadata

BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class HandClock:
    """Moves only when told; wall and monotonic time together."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000_000

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return BEGIN + timedelta(microseconds=(self.ns - 1_000_000_000_000) // 1000)

    def instant(self) -> Instant:
        return Instant(self.now(), self.ns, "boot")

    def forward(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)


@dataclass
class Told:
    """Remembers what was published."""

    changes: list[tuple[str, str, Any]] = field(default_factory=list)

    def publish(self, topic: str, key: str, value: Any) -> None:
        self.changes.append((topic, key, value))

    def of(self, topic: str) -> list[Any]:
        return [value for told, _, value in self.changes if told == topic]


def run[T](scenario: Coroutine[Any, Any, T]) -> T:
    """Run a scenario in a loop in which whatever blocks fails."""

    async def guarded() -> T:
        blocking = BlockBuster("vigilar")
        blocking.activate()
        try:
            return await scenario
        finally:
            blocking.deactivate()

    return asyncio.run(guarded())


def make_tables(path: Path) -> None:
    """Make the present tables without Alembic: faster, and held equal to it by a test."""
    engine = make_engine(path)
    with engine.begin() as connection:
        metadata.create_all(connection)
    engine.dispose()


@contextlib.asynccontextmanager
async def database(folder: Path, clock: HandClock | None = None) -> AsyncIterator[Database]:
    """Yield an empty database, or the one that is there."""
    path = folder / "vigilar.db"
    if not await asyncio.to_thread(path.exists):
        await asyncio.to_thread(make_tables, path)
    opened = Database(await asyncio.to_thread(make_engine, path), clock or HandClock())
    try:
        yield opened
    finally:
        await opened.close()


def a_clip(
    camera: str = "door",
    start: datetime = BEGIN,
    n: int = 1,
    *,
    kind: ClipKind = ClipKind.CLIP,
    trigger: Trigger = Trigger.MOTION,
    seconds: float = 12.5,
) -> Clip:
    name = clip_id(camera, start, n)
    folder = "clips" if kind is ClipKind.CLIP else "segments"
    return Clip(
        id=name,
        camera=camera,
        kind=kind,
        trigger=trigger,
        start=start,
        end=start + timedelta(seconds=seconds),
        duration_s=seconds,
        size_bytes=1234,
        path=f"{folder}/{camera}/{day_of(start)}/{name}.vge",
        file_id="00" * 16,
        video_codec="h264",
        width=1920,
        height=1080,
        audio_codec="flac",
        first_moving=start + timedelta(seconds=5),
    )


def an_event(
    event_id: str = "e1",
    camera: str = "door",
    start: datetime = BEGIN,
    *,
    kind: EventType = EventType.MOTION,
    severity: Severity = Severity.INFO,
) -> Event:
    return Event(event_id, kind, severity, camera, start, zones=("drive",), score=0.4)
