"""Decoding times from presentation times: B-frames come after a picture that is shown after them."""

from bisect import insort
from collections.abc import Sequence
from typing import Final

MAX_DEPTH: Final = 8


def depth_of(shown: Sequence[int]) -> int:
    """Return how many pictures are reordered in a run of presentation times, in decoding order.

    That is, the most that any picture overtakes in being shown.
    """
    deepest = 0
    for index, pts in enumerate(shown):
        overtaken = sum(earlier > pts for earlier in shown[:index])
        deepest = max(deepest, overtaken)
    return min(deepest, MAX_DEPTH)


class DecodingTimes:
    """Hands out strictly rising decoding times, none later than its picture's presentation.

    With a reordering of `depth` pictures, a picture's decoding time is the presentation time that is `depth`
    places back in the order of showing.
    """

    __slots__ = ("_window", "depth", "last", "started")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.last = 0
        self.started = False
        self._window: list[int] = []

    @property
    def earliest(self) -> int:
        """The earliest presentation time that can still be given a decoding time (once started)."""
        return self.last + 1

    def deepen(self) -> None:
        """Allow for one more reordered picture from now on."""
        if self.depth < MAX_DEPTH:
            self.depth += 1
            self._window.insert(0, self._window[0] if self._window else self.last)

    def next(self, shown: int, step: int) -> int:
        """Return the decoding time of a picture to be shown at `shown`, which must be `earliest` or later."""
        if not self.started:
            self.started = True
            self._window = [shown - step * back for back in range(self.depth, 0, -1)]
            insort(self._window, shown)
            self.last = self._window.pop(0)
            return self.last
        insort(self._window, shown)
        self.last = max(self.last + 1, min(shown, self._window.pop(0)))
        return self.last
