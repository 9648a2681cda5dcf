"""A clock that moves only when told."""

from datetime import UTC, datetime, timedelta

from vigilar.domain.clock import Instant


class HandClock:
    """Wall and monotonic time move together, by hand; the wall may also jump."""

    def __init__(self, wall: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> None:
        self.ns = 100_000_000_000
        self.wall = wall

    def monotonic_ns(self) -> int:
        return self.ns

    def now(self) -> datetime:
        return self.wall

    def instant(self) -> Instant:
        return Instant(self.wall, self.ns, "boot")

    def forward(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)
        self.wall += timedelta(seconds=seconds)
