"""A file read at the pace it was filmed at, so that it stands in for a camera."""

from collections.abc import Callable
from typing import Final

from vigilar.domain.clock import NANOSECONDS, Clock

_OFF_S: Final = 2.0


class Pacer:
    """Waits until a packet is due. A jump of more than 2 s (the file begins anew) starts the count again."""

    def __init__(self, clock: Clock, wait: Callable[[float], object]) -> None:
        """`wait(seconds)` passes the time."""
        self._clock = clock
        self._wait = wait
        self._zero: float | None = None

    def pace(self, at_s: float) -> None:
        """Wait until the packet with the file time `at_s` is due."""
        now = self._clock.monotonic_ns() / NANOSECONDS
        if self._zero is None or abs(self._zero + at_s - now) > _OFF_S:
            self._zero = now - at_s
        early = self._zero + at_s - now
        if early > 0:
            self._wait(early)
