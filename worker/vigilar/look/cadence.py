"""When to look: twice a second while nothing stirs, often while something may."""

from typing import Final

from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import MotionSettings
from vigilar.look.motion import Verdict

CURIOUS_LOOKS_PER_S: Final = 15.0
EARLY: Final = 0.25
"""A picture at most this share of the interval early is taken, if it is nearer to its time than the next."""
EARLY_AT_KEYS: Final = 0.6
"""A key frame is taken even earlier: looks that keep step with them leave the end of each group undecoded."""


class Cadence:
    """Says of each decoded picture of one camera whether it is judged."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._interval_ns = self._idle_ns()
        self._due_ns: int | None = None
        self._arrived_ns = self._gap_ns = 0
        self.quick = False
        """Something moves or may: every picture is wanted."""

    def set_settings(self, settings: MotionSettings) -> None:
        """Change the rates."""
        self._settings = settings

    def _idle_ns(self) -> int:
        return round(NANOSECONDS / max(0.1, self._settings.idle_looks_per_s))

    def arrived(self, at_ns: int) -> None:
        """Take note of a picture's arrival: how far apart they are decides which is nearest to its time."""
        self._gap_ns, self._arrived_ns = max(0, at_ns - self._arrived_ns), at_ns

    def due(self, at_ns: int, *, key: bool = False) -> bool:
        """Tell whether a picture of this time is to be judged; `key`: it is a key frame."""
        if self._due_ns is None:
            return True
        early = EARLY_AT_KEYS * self._interval_ns if key else min(EARLY * self._interval_ns, self._gap_ns / 2)
        return at_ns >= self._due_ns - early

    def looked(self, verdict: Verdict, *, strained: bool = False, key: bool = False) -> None:
        """Take note of a look. The beat is kept: being early or late once does not change the rate.

        A `key` frame sets the beat anew.

        `strained`: the machine does not keep up; looks stay as rare as while nothing stirs.
        """
        before = self._interval_ns
        self.quick = verdict.moving or verdict.curious
        self._interval_ns = self._idle_ns() if strained else self._next_interval(verdict)
        beat = verdict.at_ns if self._due_ns is None else self._due_ns
        late = verdict.at_ns - beat
        steady = not key and self._interval_ns == before and abs(late) < self._interval_ns
        self._due_ns = (beat if steady else verdict.at_ns) + self._interval_ns

    def _next_interval(self, verdict: Verdict) -> int:
        idle = self._idle_ns()
        active = round(NANOSECONDS / max(0.1, self._settings.active_looks_per_s))
        if verdict.moving:
            return min(idle, active)
        if verdict.curious:
            return min(idle, max(active, round(NANOSECONDS / CURIOUS_LOOKS_PER_S)))
        return idle
