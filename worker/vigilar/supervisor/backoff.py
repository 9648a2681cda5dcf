"""How long to wait before a child is started again."""

from collections.abc import Callable
from typing import Final

FIRST_S: Final = 0.5
SECOND_S: Final = 1.0
LONGEST_S: Final = 30.0
STABLE_S: Final = 60.0


class Backoff:
    """Waits of one child: at once (up to 0.5 s), then 1, 2, 4 … 30 s, each shortened by up to a quarter.

    That jitter keeps children that fell together from coming up together. Who ran for a minute starts anew.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        """`jitter` returns a number from 0 to 1."""
        self._jitter = jitter
        self._failures = 0

    def after(self, ran_s: float) -> float:
        """Return the seconds to wait after a child that ran for `ran_s` seconds ended unasked."""
        self._failures = 1 if ran_s >= STABLE_S else self._failures + 1
        if self._failures == 1:
            return FIRST_S * self._jitter()
        # The exponent is bounded: a child that fails for a year must not raise 2 to a million.
        longest = min(LONGEST_S, SECOND_S * 2.0 ** min(self._failures - 2, 10))
        return longest * (1 - self._jitter() / 4)
