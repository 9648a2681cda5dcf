"""Clocks: monotonic for every timer and ordering, wall time only as a label."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Instant:
    """A wall-clock label with the (boot id, monotonic) pair that orders it.

    `monotonic_ns` is comparable between all processes of one boot.
    """

    wall: datetime
    monotonic_ns: int
    boot_id: str


class Clock(Protocol):
    """Source of time, injected everywhere so that tests need not sleep."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds on a clock that never jumps."""

    def now(self) -> datetime:
        """Return the wall time, timezone-aware UTC."""

    def instant(self) -> Instant:
        """Return both, taken together."""


@cache
def boot_id() -> str:
    """Return this boot's id, or a constant where the system has none (not Linux)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown-boot"


class SystemClock:
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Return CLOCK_MONOTONIC in nanoseconds."""
        return time.monotonic_ns()

    def now(self) -> datetime:
        """Return the wall time, timezone-aware UTC."""
        return datetime.now(UTC)

    def instant(self) -> Instant:
        """Return both, taken together."""
        return Instant(self.now(), self.monotonic_ns(), boot_id())


def wall_of(monotonic_ns: int, reference: Instant) -> datetime:
    """Return the wall time of `monotonic_ns`, told from a reference of the same boot."""
    return reference.wall + timedelta(microseconds=(monotonic_ns - reference.monotonic_ns) / 1000)
