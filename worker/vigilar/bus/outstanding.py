"""What was sent and not yet acknowledged."""

from dataclasses import dataclass
from typing import Final

RESEND_AFTER_NS: Final = 2_000_000_000
DEFAULT_LIMIT: Final = 2048


@dataclass(slots=True)
class _Entry:
    frames: list[bytes]
    sent_ns: int | None
    urgent: bool
    topic: str


class Outstanding:
    """A bounded window of unacknowledged messages, oldest first.

    When it is full the oldest that is not urgent goes (of all when all are urgent); `dropped` counts
    them. A message with a `topic` takes the place of an older one on the same topic: it tells the newer state
    of the same thing, so the older need not arrive any more.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._entries: dict[bytes, _Entry] = {}
        self._topics: dict[str, bytes] = {}
        self._limit = limit
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, message_id: bytes, frames: list[bytes], *, urgent: bool = False, topic: str = "") -> None:
        """Keep `frames` until `message_id` is acknowledged; they are due at once."""
        if topic and (older := self._topics.get(topic)) is not None:
            self.acknowledge(older)
        while len(self._entries) >= self._limit:
            self._drop_one()
        self._entries[message_id] = _Entry(frames, None, urgent, topic)
        if topic:
            self._topics[topic] = message_id

    def sent(self, message_id: bytes, now_ns: int) -> None:
        """Note that it went out (again); it is due anew after RESEND_AFTER_NS."""
        if (entry := self._entries.get(message_id)) is not None:
            entry.sent_ns = now_ns

    def acknowledge(self, message_id: bytes) -> bool:
        """Forget it; return whether it was waited for."""
        entry = self._entries.pop(message_id, None)
        if entry is None:
            return False
        if entry.topic and self._topics.get(entry.topic) == message_id:
            del self._topics[entry.topic]
        return True

    def due(self, now_ns: int, limit: int = 64) -> list[tuple[bytes, list[bytes]]]:
        """Return at most `limit` (id, frames) to send now, oldest first."""
        found: list[tuple[bytes, list[bytes]]] = []
        for message_id, entry in self._entries.items():
            if len(found) >= limit:
                break
            if entry.sent_ns is None or now_ns - entry.sent_ns >= RESEND_AFTER_NS:
                found.append((message_id, entry.frames))
        return found

    def _drop_one(self) -> None:
        victim = next((key for key, entry in self._entries.items() if not entry.urgent), None)
        self.acknowledge(victim if victim is not None else next(iter(self._entries)))
        self.dropped += 1
