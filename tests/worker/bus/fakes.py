"""What the bus tests share: a clock that stands still until told, and waiting for a socket."""

from datetime import UTC, datetime

import zmq

from vigilar.domain.clock import Instant


class HandClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def instant(self) -> Instant:
        return Instant(self.now(), self.ns, "boot")

    def forward(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


def readable(socket: zmq.Socket[bytes], timeout_ms: int = 3000) -> bool:
    """Wait until something can be read."""
    return bool(socket.poll(timeout_ms, zmq.POLLIN))
