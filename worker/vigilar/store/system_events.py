"""What happened to the worker itself."""

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from vigilar.domain.clock import Instant
from vigilar.domain.event import SystemEvent
from vigilar.store.severity import of_rank, rank
from vigilar.store.tables import system_events


class SystemEvents:
    """The system events of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, event: SystemEvent, seen: Instant) -> bool:
        """Insert `event`; return False when it is there already."""
        statement = insert(system_events).values(
            id=event.id,
            component=event.component,
            severity=rank(event.severity),
            at=event.at,
            message=event.message,
            boot_id=seen.boot_id,
            monotonic_ns=seen.monotonic_ns,
        )
        return self._connection.execute(statement.on_conflict_do_nothing()).rowcount > 0

    def newest(self, limit: int) -> tuple[SystemEvent, ...]:
        """Return the newest `limit`, newest first."""
        rows = self._connection.execute(
            select(system_events).order_by(system_events.c.seq.desc()).limit(limit)
        )
        return tuple(
            SystemEvent(row.id, row.component, of_rank(row.severity), row.at, row.message) for row in rows
        )

    def trim(self, keep: int) -> None:
        """Drop the oldest beyond the newest `keep`."""
        newest = self._connection.execute(select(func.max(system_events.c.seq))).scalar() or 0
        self._connection.execute(delete(system_events).where(system_events.c.seq <= newest - keep))
