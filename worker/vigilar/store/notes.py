"""Writing down what happens to the worker, without ever failing because of it."""

import logging
import uuid
from collections.abc import Callable
from typing import Final

from vigilar.domain.clock import Clock
from vigilar.domain.event import Severity, SystemEvent
from vigilar.store.database import Database
from vigilar.store.errors import StoreError
from vigilar.store.system_events import SystemEvents

log = logging.getLogger(__name__)

NAMESPACE: Final = uuid.UUID("6b0d7f0e-5d0f-5d6b-9a53-0d6c4c1f8e21")
_LEVELS: Final = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ALERT: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}


def natural_id(*parts: object) -> str:
    """Return the same id for the same parts, so that what is told twice is kept once."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))


class Notes:
    """System events: logged, kept, and handed to `tell`."""

    def __init__(self, database: Database, clock: Clock, tell: Callable[[SystemEvent], None]) -> None:
        self._database = database
        self._clock = clock
        self._tell = tell

    async def add(self, component: str, severity: Severity, message: str, *, once: str = "") -> None:
        """Keep one event; with the same `once` a second one is dropped. A failing database is only logged."""
        instant = self._clock.instant()
        event_id = natural_id("note", component, once) if once else str(uuid.uuid4())
        event = SystemEvent(event_id, component, severity, instant.wall, message)
        try:
            new = await self._database.run(lambda connection: SystemEvents(connection).add(event, instant))
        except StoreError:
            log.exception("could not keep: %s: %s", component, message)
            return
        if new:
            log.log(_LEVELS[severity], "%s: %s", component, message, extra={"event_type": "system"})
            self._tell(event)
