"""Messages to the outside, written in the transaction of what they tell of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from vigilar.store.tables import outbox


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message. `dedupe_key` (id and state version) lets a receiver discard repeats; `payload` is JSON."""

    seq: int
    topic: str
    dedupe_key: str
    payload: bytes
    created: datetime


class Outbox:
    """The outbox of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, topic: str, key: str, revision: int, payload: Any, at: datetime) -> None:
        """Add one message; the same key and revision a second time changes nothing."""
        statement = insert(outbox).values(
            topic=topic, dedupe_key=f"{key}:{revision}", payload=msgspec.json.encode(payload), created=at
        )
        self._connection.execute(statement.on_conflict_do_nothing())

    def pending(self, limit: int) -> list[OutboxMessage]:
        """Return the oldest unpublished ones, in the order they were written."""
        statement = select(outbox).where(outbox.c.published.is_(None)).order_by(outbox.c.seq).limit(limit)
        return [
            OutboxMessage(row.seq, row.topic, row.dedupe_key, row.payload, row.created)
            for row in self._connection.execute(statement)
        ]

    def published(self, seqs: Sequence[int], at: datetime) -> None:
        """Mark as received by the other side."""
        self._connection.execute(update(outbox).where(outbox.c.seq.in_(seqs)).values(published=at))

    def trim(self, keep: int) -> int:
        """Drop the oldest beyond the newest `keep`; return how many of those had not been published."""
        newest = self._connection.execute(select(func.max(outbox.c.seq))).scalar()
        if newest is None or newest <= keep:
            return 0
        beyond = outbox.c.seq <= newest - keep
        lost = self._connection.execute(
            select(func.count()).select_from(outbox).where(beyond, outbox.c.published.is_(None))
        ).scalar_one()
        self._connection.execute(delete(outbox).where(beyond))
        return lost
