"""Time that passes only when somebody waits."""

from dataclasses import dataclass
from datetime import UTC, datetime

from vigilar.domain.clock import Instant


@dataclass
class HandClock:
    """A clock moved by `wait`."""

    ns: int = 1_000_000_000_000

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.ns / 1e9, UTC)

    def instant(self) -> Instant:
        return Instant(self.now(), self.ns, "boot")

    def wait(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)
