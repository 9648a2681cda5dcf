"""Cameras' timestamps made fit for a file: strictly rising, without holes that were none, near to arrival.

A camera may leave timestamps out, send them backward, jump by hours when its clock is set, let them stand
still or count at the wrong rate. Those that make sense are kept to the tick (they are steadier than the
network); where not, the timeline goes on at the pace packets arrive.

Only presentation times are looked at. RTP has no decoding times, and what libavformat guesses is wrong for
streams whose decoder it has not opened; `reorder.py` derives them.
"""

from dataclasses import dataclass
from typing import Final

from vigilar.domain.clock import NANOSECONDS
from vigilar.media.reorder import DecodingTimes

JITTER_S: Final = 0.25
"""A step longer than this is a jump, believed where arrival bears it out: it must not lead further before
arrival than the stream has been, give or take this much."""
MAX_SKEW_S: Final = 10.0
"""How far the timeline may stand from arrival before arrival paces it. Longer than a read time-out."""
MAX_REORDER_S: Final = 2.0
"""A picture shown earlier than the newest by more than this is no reordering, but a clock set back."""
START_AGREEMENT_S: Final = 1.0
"""A second stream joins the first one's timeline when its timestamps are this near to its arrival there."""

_FAULT_WEIGHT: Final = 8
_FAULTS_TOO_MANY: Final = 48
_DISTRUST_PACKETS: Final = 300


@dataclass(slots=True)
class SessionTimeline:
    """What the streams of one connection share: zero is the first packet's arrival.

    `offset_s` places the container's own clock on it, once the first stream has settled it.
    """

    origin_ns: int | None = None
    offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """Repaired times of one packet, in ticks of its stream."""

    pts: int
    dts: int
    duration: int


class TimestampRepair:
    """Repairs one stream's timestamps. All values are ticks, `ticks_per_s` to the second.

    Promises, whatever comes in: dts strictly rises; dts <= pts; no jump forward that arrival does not bear
    out; the timeline stays within about 10 s of arrival.
    """

    __slots__ = (
        "_decoding",
        "_distrust",
        "_faults",
        "_high",
        "_high_arrival",
        "_lead",
        "_moved",
        "_offset",
        "_session",
        "_skew",
        "_step",
        "_tps",
        "_trusted",
    )

    def __init__(
        self,
        ticks_per_s: int,
        session: SessionTimeline,
        *,
        trusted: bool = True,
        step: int = 0,
        depth: int = 0,
    ) -> None:
        """`trusted=False`: the source has no clock of its own, use arrival. `step`: ticks to expect.

        `depth`: how many pictures the stream is known to reorder.
        """
        self._tps = ticks_per_s
        self._session = session
        self._trusted = trusted
        self._step = step or max(1, ticks_per_s // 15)
        self._decoding = DecodingTimes(depth)
        self._high = 0
        self._high_arrival: int | None = None
        self._offset: int | None = None
        self._skew = 0
        self._lead = 0
        self._moved = 0
        self._faults = 0
        self._distrust = 0

    def repair(self, pts: int | None, arrival_ns: int) -> Stamp:
        """Return the packet's place on the session's timeline. `arrival_ns` must not run backward."""
        if self._session.origin_ns is None:
            self._session.origin_ns = arrival_ns
        arrival = (arrival_ns - self._session.origin_ns) * self._tps // NANOSECONDS
        given = pts if self._trusted else None
        if self._high_arrival is None:
            shown = self._first(given, arrival)
            self._high, self._high_arrival = shown, arrival
        else:
            shown = self._next(given, arrival, self._high_arrival)
            if shown > self._high:
                self._high, self._high_arrival = shown, arrival
        if given is not None:
            self._offset = shown - given
        return Stamp(shown, self._decoding.next(shown, self._step), self._step)

    def _first(self, pts: int | None, arrival: int) -> int:
        if pts is None:
            return arrival
        if self._session.offset_s is not None:
            shown = pts + round(self._session.offset_s * self._tps)
            if abs(shown - arrival) <= START_AGREEMENT_S * self._tps:
                self._skew = self._lead = shown - arrival
                return shown
        else:
            self._session.offset_s = (arrival - pts) / self._tps
        return arrival

    def _next(self, given: int | None, arrival: int, high_arrival: int) -> int:
        shown: int | None = None
        if self._distrust:
            self._distrust -= 1
            self._skew -= self._skew // 128
        elif given is not None and self._offset is not None:
            shown = self._kept(given + self._offset, arrival, max(0, arrival - high_arrival))
        if shown is None:
            shown = self._by_arrival(arrival)
            self._step = max(1, self._step + (min(shown - self._high, self._tps) - self._step) // 8)
        else:
            self._skew = shown - arrival
        if shown < self._decoding.earliest:
            return self._out_of_order()
        self._faults -= self._faults > 0
        return shown

    def _kept(self, shown: int, arrival: int, passed: int) -> int | None:
        """Return the time as the source gives it, if that makes sense. `passed`: since the newest so far."""
        moved, skew = shown - self._high, shown - arrival
        if moved == 0 or moved < -MAX_REORDER_S * self._tps:
            return None
        if moved < 0:
            return shown
        # The lead wears off by a thousandth, or a camera's slow clock would loosen the rule in time.
        self._lead -= passed // 1000
        usual = max(3 * self._step * (self._decoding.depth + 1), int(JITTER_S * self._tps))
        if moved > usual and skew > self._lead + JITTER_S * self._tps:
            return None
        self._lead = max(self._lead, skew)
        if abs(moved - self._moved) * 8 <= moved <= self._tps and not self._decoding.depth:
            self._step = moved  # the same twice: that is the stream's pace, not chance
        self._moved = moved
        # Far from arrival the timeline goes on at arrival's pace: near to it again, but never by a jump.
        limit = MAX_SKEW_S * self._tps
        if skew > limit:
            return min(shown, self._high + max(1, passed))
        return max(shown, self._high + passed) if skew < -limit else shown

    def _by_arrival(self, arrival: int) -> int:
        """Return when the packet came, as far from arrival as the timeline was while it could be believed.

        In a burst, at least half a step on, for a burst is a slow network; but not for ever.
        """
        target = arrival + self._skew
        ahead = self._high - target > self._tps // 2
        return max(target, self._high + (1 if ahead else max(1, self._step // 2)))

    def _out_of_order(self) -> int:
        """A picture to be shown before one whose decoding time has already gone out.

        Either the stream reorders deeper than known, or its clock was set back a little, or it is nonsense.
        Move on from here; when it happens again and again, allow for more reordering, at last go by arrival.
        """
        if self._faults:
            self._decoding.deepen()
        self._faults += _FAULT_WEIGHT
        if self._faults > _FAULTS_TOO_MANY:
            self._faults, self._distrust = 0, _DISTRUST_PACKETS
        return max(self._decoding.earliest, self._decoding.last + self._step)
