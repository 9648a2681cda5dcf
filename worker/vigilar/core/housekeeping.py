"""What is done every few seconds: let silence count, read what others wrote, say how things are."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import Connection

from vigilar.core.house import House
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.event import Severity
from vigilar.store.errors import StoreError
from vigilar.store.outbox import Outbox
from vigilar.store.system_events import SystemEvents

log = logging.getLogger(__name__)

EVERY_S: Final = 5.0
LOOK_AT_KIT_EVERY_NS: Final = 60 * NANOSECONDS
TRIM_EVERY_NS: Final = 3600 * NANOSECONDS
KEEP_SYSTEM_EVENTS: Final = 10_000
KEEP_MESSAGES: Final = 50_000


class DatabaseBrokenError(Exception):
    """The database file broke while in use: only a new start, which sets it aside, helps."""


class Housekeeping:
    """One task. A failing database makes it skip, not end."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kit_looked_ns: int | None = None
        self._trimmed_ns = house.clock.monotonic_ns()

    async def run(self) -> None:
        """Work for ever; cancel to stop. Raises DatabaseBrokenError."""
        while True:
            await self.tick()
            await asyncio.sleep(EVERY_S)

    async def tick(self) -> None:
        """Do everything once. Raises DatabaseBrokenError."""
        house = self._house
        house.registry.tick()
        house.live.tick()
        house.retention.tick()
        for work in (
            self._count_silence,
            house.motion.tick,
            house.conditions.tick,
            self._read_restarts,
            self._count_gaps,
            self._trim,
        ):
            await self._try(work)
        await self._look_at_kit()
        if house.database.trouble is not None:
            await house.database.probe()
        house.health.tick()
        if house.database.trouble is not None and house.database.trouble.damaged:
            raise DatabaseBrokenError(house.database.trouble.message)

    async def _try(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StoreError as err:
            log.warning("housekeeping waits for the database: %s", err)

    async def _count_silence(self) -> None:
        now = self._house.clock.monotonic_ns()
        silent = [state.settings.camera for state in self._house.registry if state.silent(now)]
        await self._house.occurrences.silent(silent)

    async def _count_gaps(self) -> None:
        await self._house.ledger.tick()
        self._house.registry.missing_today(self._house.ledger.missing_today())

    async def _read_restarts(self) -> None:
        house = self._house
        state = await asyncio.get_running_loop().run_in_executor(house.pool, house.restarts.read)
        for name, count in house.restarts.take_in(state).items():
            message = f"process {name} ended unasked and was started again ({count} times altogether)"
            await house.notes.add(
                name, Severity.WARNING, message, once=f"{house.restarts.supervisor} {name} {count}"
            )
        house.registry.restarts(
            {
                name.removeprefix("capture:"): count
                for name, count in house.restarts.counts.items()
                if name.startswith("capture:")
            }
        )

    async def _look_at_kit(self) -> None:
        house, now = self._house, self._house.clock.monotonic_ns()
        if self._kit_looked_ns is None or now - self._kit_looked_ns >= LOOK_AT_KIT_EVERY_NS:
            self._kit_looked_ns = now
            house.recovery_kit_saved = await asyncio.get_running_loop().run_in_executor(
                house.pool, lambda: house.keys.recovery_confirmed
            )

    async def _trim(self) -> None:
        now = self._house.clock.monotonic_ns()
        if now - self._trimmed_ns < TRIM_EVERY_NS:
            return
        self._trimmed_ns = now
        await self._house.database.run(self._house.ledger.trim)
        if lost := await self._house.database.run(_trim):
            message = f"{lost} messages that nobody fetched were dropped: more than {KEEP_MESSAGES} waited"
            await self._house.notes.add("outbox", Severity.WARNING, message)


def _trim(connection: Connection) -> int:
    SystemEvents(connection).trim(KEEP_SYSTEM_EVENTS)
    return Outbox(connection).trim(KEEP_MESSAGES)
