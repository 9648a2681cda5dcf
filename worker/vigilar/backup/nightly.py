"""The task that makes the nightly backups, and says when there are none."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final, Protocol

from vigilar.api.services import HealthItem
from vigilar.backup.copies import Copy, Survey
from vigilar.backup.schedule import is_due
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.errors import VigilarError
from vigilar.domain.event import Severity
from vigilar.vault.errors import VaultError

log = logging.getLogger(__name__)

START_DELAY_S: Final = 30.0
"""After a start there is more urgent work, and the database may still be catching up."""
EVERY_S: Final = 30.0
AGAIN_NS: Final = 3600 * NANOSECONDS
"""Between two attempts, however they end: neither a failing disk nor a jumping clock makes it hurry."""
OLD_NS: Final = 2 * 86_400 * NANOSECONDS
_REMEMBERED: Final = 8


class Copies(Protocol):
    """The backups there are. Blocks."""

    def survey(self, now: datetime) -> Survey:
        """Find the newest whole backup. Raises VigilarError, VaultError, OSError."""

    def make(self, now: datetime) -> Copy:
        """Make one. Raises VigilarError, VaultError, OSError."""


type Note = Callable[[Severity, str], Awaitable[None]]


@dataclass(slots=True)
class _Known:
    """What this process knows of the backups. `age_ns` of the newest was measured at `at_ns`."""

    labels: deque[datetime] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    newest: datetime | None = None
    age_ns: int = 0
    at_ns: int = 0
    tried_ns: int | None = None
    failure: str = ""
    surveyed: bool = False

    def has(self, made: datetime, age_ns: int, now_ns: int) -> None:
        self.labels.append(made)
        self.newest, self.age_ns, self.at_ns = made, age_ns, now_ns


class Nightly:
    """`hour` in local time (`zone`; None: the machine's)."""

    def __init__(
        self, copies: Copies, clock: Clock, note: Note, *, hour: int, zone: tzinfo | None = None
    ) -> None:
        self._copies, self._clock, self._note = copies, clock, note
        self._hour, self._zone = hour, zone
        self._known = _Known(at_ns=clock.monotonic_ns())

    async def run(self) -> None:
        """Work for ever; cancel to stop."""
        await asyncio.sleep(START_DELAY_S)
        while True:
            try:
                await self.tick()
            except Exception:  # a backup must never take the core down with it
                log.exception("the nightly backup failed unexpectedly")
                self._known.failure = "unexpectedly, see the log"
            await asyncio.sleep(EVERY_S)

    async def tick(self) -> None:
        """Make a backup if one is due."""
        known = self._known
        if not known.surveyed:
            await self._survey()
        now_ns = self._clock.monotonic_ns()
        if known.tried_ns is not None and now_ns - known.tried_ns < AGAIN_NS:
            return
        if is_due(self._clock.now(), known.labels, self._hour, self._zone):
            known.tried_ns = now_ns
            await self._make()

    def items(self) -> list[HealthItem]:
        """Return what is wrong with the backups."""
        known, found = self._known, []
        if known.failure:
            text = f"the last backup failed: {known.failure}"
            found.append(HealthItem("backup_failed", Severity.WARNING, text))
        age = known.age_ns + self._clock.monotonic_ns() - known.at_ns
        if age > OLD_NS:
            days = age // (OLD_NS // 2)
            text = (
                f"the newest good backup is {days} days old"
                if known.newest is not None
                else f"no good backup was made for {days} days"
            )
            found.append(HealthItem("backup_old", Severity.ALERT, text))
        return found

    def facts(self) -> dict[str, Any]:
        """Return the age and result for a bug report: no path."""
        known = self._known
        age = known.age_ns + self._clock.monotonic_ns() - known.at_ns
        return {
            "newest": known.newest.isoformat() if known.newest else None,
            "age_hours": age // (3600 * NANOSECONDS) if known.newest else None,
            "result": "failed" if known.failure else "ok" if known.newest else "none yet",
        }

    async def _survey(self) -> None:
        known, now = self._known, self._clock.now()
        known.surveyed = True
        try:
            survey = await in_thread(lambda: self._copies.survey(now), "backup-survey")
        except (VigilarError, VaultError, OSError) as err:
            log.warning("the earlier backups cannot be looked at: %s", _reason(err))
            return
        if survey.newest is not None:
            age_ns = max(0, int((now - survey.newest.at).total_seconds())) * NANOSECONDS
            known.has(survey.newest.at, age_ns, self._clock.monotonic_ns())
        for text in survey.damaged:
            await self._note(Severity.WARNING, text)

    async def _make(self) -> None:
        known, now = self._known, self._clock.now()
        try:
            made = await in_thread(lambda: self._copies.make(now), "backup")
        except (VigilarError, VaultError, OSError) as err:
            await self._failed(_reason(err))
            return
        log.info("the backup %s was made and checked", made.path.name)
        known.has(made.at, 0, self._clock.monotonic_ns())
        if known.failure:
            known.failure = ""
            await self._note(Severity.INFO, "backups are made again")

    async def _failed(self, reason: str) -> None:
        if reason != self._known.failure:
            await self._note(Severity.WARNING, f"the nightly backup failed: {reason}")
        else:
            log.warning("the nightly backup failed again: %s", reason)
        self._known.failure = reason


def _reason(err: Exception) -> str:
    if isinstance(err, OSError):
        return f"{err.filename or 'the backup'}: {err.strerror or err}"
    return str(err)


async def in_thread[T](work: Callable[[], T], name: str) -> T:
    """Run `work` in a thread of its own, which the end of the process does not wait for.

    A network folder that hangs would else hold a thread that others need, or the core's end.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as err:  # noqa: BLE001 - handed to whoever waits
            error = err
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
