"""What waits to be written: the bounded queue between the packets' arrival and the disk."""

from queue import Empty, SimpleQueue
from typing import Final

from vigilar.capture.actions import Action, WriteChunks
from vigilar.domain.clock import Clock

_SECOND: Final = 1_000_000_000
LIMIT_NS: Final = 12 * _SECOND
LIMIT_BYTES: Final = 192 << 20
_CLEAR_NS: Final = _SECOND


class Backlog:
    """First in, first out. It is full when its head has waited for 12 s or it holds 192 MiB of packets.

    Once full there is no room until it has all but emptied. Actions are never refused: whoever puts them asks
    `has_room` first. One thread puts (or several under one lock), one takes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: SimpleQueue[tuple[int, list[Action]] | None] = SimpleQueue()
        self._put_bytes = 0
        self._done_bytes = 0
        self._working_on_ns: int | None = None
        self._full = False

    @property
    def waiting_s(self) -> float:
        """How long the oldest unfinished work has waited."""
        since = self._working_on_ns
        return 0.0 if since is None else (self._clock.monotonic_ns() - since) / _SECOND

    def has_room(self) -> bool:
        """Return whether footage should still be put."""
        waited_ns = int(self.waiting_s * _SECOND)
        if self._full:
            self._full = waited_ns > _CLEAR_NS
        else:
            self._full = waited_ns > LIMIT_NS or self._put_bytes - self._done_bytes > LIMIT_BYTES
        return not self._full

    def put(self, actions: list[Action]) -> None:
        """Add actions, to be done in order."""
        self._put_bytes += size_of(actions)
        self._queue.put((self._clock.monotonic_ns(), actions))

    def finish(self) -> None:
        """Let `take` return None after all that was put."""
        self._queue.put(None)

    def take(self, timeout_s: float | None) -> list[Action] | None:
        """Wait for the next actions; an empty list when the time is out, None at the end."""
        try:
            item = self._queue.get(timeout=timeout_s)
        except Empty:
            return []
        if item is None:
            return None
        self._working_on_ns = item[0]
        return item[1]

    def done(self, actions: list[Action]) -> None:
        """Note that what was taken is done."""
        self._done_bytes += size_of(actions)
        self._working_on_ns = None


def size_of(actions: list[Action]) -> int:
    """Return the bytes of packets in these actions."""
    return sum(chunk.size for action in actions if isinstance(action, WriteChunks) for chunk in action.chunks)
