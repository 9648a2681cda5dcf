"""How long to wait before the next attempt to connect."""

import random
from typing import Final

_FIRST_S: Final = 0.5
_CAP_S: Final = 15.0
_REFUSED_FIRST_S: Final = 10.0
_REFUSED_CAP_S: Final = 120.0
_GOOD_AFTER_S: Final = 10.0


class Backoff:
    """Doubles from 0.5 s to 15 s, with jitter, for ever; starts anew after a connection that held.

    A camera that refuses the password is asked rarely (10 s to 2 min): many lock an account after failures.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()  # noqa: S311  (spreads load, guards nothing)
        self._failures = 0

    def held(self, seconds: float) -> None:
        """Note that a connection lasted this long."""
        if seconds >= _GOOD_AFTER_S:
            self._failures = 0

    def next(self, *, refused: bool = False) -> float:
        """Return the seconds to wait now, half to all of the step."""
        first, cap = (_REFUSED_FIRST_S, _REFUSED_CAP_S) if refused else (_FIRST_S, _CAP_S)
        step = min(cap, first * float(1 << min(self._failures, 16)))
        self._failures += 1
        return step * self._rng.uniform(0.5, 1.0)
