"""Blobs followed from look to look, so that going somewhere can be told from flickering in place."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot, log, pi, sqrt
from typing import Final

from vigilar.domain.clock import NANOSECONDS
from vigilar.look.blobs import Blob
from vigilar.look.picture import Box

STOP_GAP_NS: Final = NANOSECONDS // 10
STOP_REST_NS: Final = NANOSECONDS // 2
MEMORY_NS: Final = 6 * NANOSECONDS
LOST_NS: Final = NANOSECONDS * 6 // 10
"""A thing may hide this long (behind a post, in a dark spot) and still be the same."""
LONGEST_LOOK_BACK_NS: Final = 5 * NANOSECONDS
FAR_ENOUGH: Final = 12.0
"""Pixels that are a walk for anything, however large."""
ALIKE: Final = 4
MOVES_NS: Final = 3 * NANOSECONDS
FASTEST: Final = 3.0
"""Own lengths a second: a sprinter or a car does less, an insect at the lens and a raindrop do more."""
FEWEST_HITS: Final = 3
SEEN_SHARE: Final = 0.7
LIVELY: Final = 0.06
CLUSTERING: Final = 3.0
"""Specks come in swarms: so many times likelier near one another than anywhere."""
CHANCE: Final = 1e-8
RESTLESS: Final = 0.15
RESTFUL: Final = 0.05
"""Shares of its pixels that differ from a moment ago."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a track was at one time."""

    at_ns: int
    x: float
    y: float
    box: Box


@dataclass(slots=True)
class Track:
    """One thing, as far as it was followed. `since_ns`: the last look at which it was not there yet."""

    since_ns: int
    born_ns: int
    blob: Blob
    seen_ns: int
    hits: int = 1
    looks: int = 1
    stops: deque[Stop] = field(default_factory=deque)
    restless_since_ns: int | None = None
    restful_since_ns: int | None = None
    moved_ns: int | None = None
    liveliness: float = 0.0
    """Recent mean of its blobs' activity: what merely remains, or fades, has none."""
    pace: tuple[float, float] = (0.0, 0.0)
    """Pixels a second."""

    @property
    def age_ns(self) -> int:
        """How long it has been followed."""
        return self.seen_ns - self.born_ns

    def moves(self, at_ns: int) -> bool:
        """Tell whether it was judged moving, and not long ago."""
        return self.moved_ns is not None and at_ns - self.moved_ns < MOVES_NS

    def rested_ns(self, at_ns: int) -> int:
        """Return how long it has neither moved nor changed inside."""
        if self.restful_since_ns is None:
            return 0
        return at_ns - max(self.restful_since_ns, self.moved_ns or 0)

    def expected(self, at_ns: int) -> tuple[float, float]:
        """Return where its centre should be by then."""
        ahead = min(at_ns - self.seen_ns, LOST_NS) / NANOSECONDS
        return self.blob.x + self.pace[0] * ahead, self.blob.y + self.pace[1] * ahead

    def reach(self, at_ns: int) -> float:
        """Return how far from there it may be found, in pixels."""
        size = max(self.blob.box.width, self.blob.box.height)
        return 2.0 + 0.2 * size + FASTEST * size * (at_ns - self.seen_ns) / NANOSECONDS

    def see(self, blob: Blob, at_ns: int, before_ns: int) -> None:
        """Add a sighting; `before_ns`: the look before. What was away meanwhile is not restless."""
        if self.seen_ns < before_ns:
            self.restless_since_ns = None
        self.liveliness += 0.3 * (blob.activity - self.liveliness)
        self._note_activity(blob, at_ns)
        self.blob, self.seen_ns, self.hits = blob, at_ns, self.hits + 1
        last = self.stops[-1]
        waited = at_ns - last.at_ns
        moved = hypot(blob.x - last.x, blob.y - last.y)
        if waited >= STOP_REST_NS or (waited >= STOP_GAP_NS and moved >= 1.0):
            seconds = waited / NANOSECONDS
            self.pace = ((blob.x - last.x) / seconds, (blob.y - last.y) / seconds)
            self.stops.append(Stop(at_ns, blob.x, blob.y, blob.box))
        while self.stops[0].at_ns < at_ns - MEMORY_NS and len(self.stops) > 1:
            self.stops.popleft()

    def _note_activity(self, blob: Blob, at_ns: int) -> None:
        if blob.activity < RESTLESS:
            self.restless_since_ns = None
        elif self.restless_since_ns is None:
            self.restless_since_ns = at_ns
        if blob.activity > RESTFUL:
            self.restful_since_ns = None
        elif self.restful_since_ns is None:
            self.restful_since_ns = at_ns


@dataclass(frozen=True, slots=True)
class Walk:
    """The straightest way a track has gone lately: pixels gone, and the box it swept on the way."""

    length: float
    needed: float
    swept: Box


def walked(track: Track, since_ns: int = 0) -> Walk | None:
    """Return the way a track has gone, if straight enough, far enough for its size, not in one leap.

    One leap is what merging with another spot, or a lamp, looks like. Looks far apart need fewer steps.
    """
    here = Stop(track.seen_ns, track.blob.x, track.blob.y, track.blob.box)
    need = min(max(3.5, 0.35 * sqrt(track.blob.box.area)), FAR_ENOUGH)
    way, longest, swept, later = 0.0, 0.0, here.box, here
    best: Walk | None = None
    for steps, stop in enumerate(_backwards(track, here, since_ns), start=1):
        step = hypot(later.x - stop.x, later.y - stop.y)
        way, longest, swept, later = way + step, max(longest, step), swept.around(stop.box), stop
        net = hypot(here.x - stop.x, here.y - stop.y)
        elapsed = here.at_ns - stop.at_ns
        enough = steps >= (3 if elapsed < NANOSECONDS * steps * 3 // 10 else 2)
        straight = net >= 0.6 * way and longest <= 0.7 * net
        if enough and elapsed >= 3 * NANOSECONDS // 10 and net >= need and straight:
            best = Walk(net, need, swept)
    return best


def _backwards(track: Track, here: Stop, since_ns: int) -> Sequence[Stop]:
    return [stop for stop in reversed(track.stops) if since_ns <= stop.at_ns < here.at_ns]


class Tracker:
    """All tracks of one camera."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._before_ns: int | None = None
        self._births = 0.0
        self._pixels = 1

    def forget(self) -> None:
        """Drop every track: the picture they were seen in is gone."""
        self.tracks.clear()

    def beyond_chance(self, track: Track) -> bool:
        """Tell whether specks that come and go (rain, snow, noise) could not have lined up as this track.

        By chance a speck falls where the track expects its thing with the odds specks · reach² π / picture;
        that would have to happen at every sighting. Tracks that are often missed are chance, too.
        """
        if track.hits < FEWEST_HITS or track.hits < SEEN_SHARE * track.looks:
            return False
        fresh = track.reach(track.seen_ns + max(1, track.age_ns // track.hits))
        luck = min(0.9, CLUSTERING * max(self._births, 0.01) * pi * fresh**2 / self._pixels)
        return track.hits * log(luck) < log(CHANCE)

    def update(self, blobs: tuple[Blob, ...], at_ns: int, pixels: int, hidden_ns: int | None = None) -> None:
        """Take the blobs of one look at a picture of so many pixels; each continues a track, or begins one.

        `hidden_ns`: since when a change of light may have hidden what is seen now.
        """
        self._pixels = pixels
        before_ns = at_ns if self._before_ns is None else self._before_ns
        since_ns = before_ns if hidden_ns is None else min(before_ns, hidden_ns)
        free = list(blobs)
        for track in sorted(self.tracks, key=lambda t: (t.moved_ns is None, -t.hits)):
            found = _nearest(track, free, at_ns)
            if found is not None:
                free.remove(found)
                track.see(found, at_ns, before_ns)
        self._births += 0.1 * (len(free) - self._births)
        for track in self.tracks:
            track.looks += 1
        for blob in free:
            self.tracks.append(self._born(blob, at_ns, since_ns))
        self.tracks = [t for t in self.tracks if at_ns - t.seen_ns <= self._patience(at_ns, before_ns)]
        self._before_ns = at_ns

    @staticmethod
    def _patience(at_ns: int, before_ns: int) -> int:
        return max(LOST_NS, 2 * (at_ns - before_ns))

    def _born(self, blob: Blob, at_ns: int, since_ns: int) -> Track:
        """A part that comes off a track we follow began when that track did."""
        for other in self.tracks:
            box = other.blob.box
            if box.left <= blob.x < box.right and box.top <= blob.y < box.bottom:
                since_ns = min(since_ns, max(other.since_ns, at_ns - LONGEST_LOOK_BACK_NS))
        track = Track(since_ns, at_ns, blob, at_ns)
        track.stops.append(Stop(at_ns, blob.x, blob.y, blob.box))
        return track


def _nearest(track: Track, free: list[Blob], at_ns: int) -> Blob | None:
    x, y = track.expected(at_ns)
    reach = track.reach(at_ns)
    best, nearest = None, reach
    for blob in free:
        away = hypot(blob.x - x, blob.y - y)
        if away <= nearest and blob.area < ALIKE * track.blob.area and track.blob.area < ALIKE * blob.area:
            best, nearest = blob, away
    return best
