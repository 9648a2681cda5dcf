"""What a camera usually shows, in each of the lights it was seen in: day, night, infrared, with the lamp on.

A reference is learned over minutes and only from pictures that nothing is wrong with. Which light it is needs
no clock: the reference that is most like the present picture is the one to judge by.
"""

from dataclasses import dataclass
from math import exp
from typing import Final

import cv2

from vigilar.look.impression import Impression, Likeness, Plane, likeness

MOST_LIGHTS: Final = 4
TRUSTED_LOOKS: Final = 20
"""Glances, three seconds apart at the least, before a reference says anything."""
TAU_S: Final = 600.0
KNOWN: Final = 0.55
"""Likeness from which a picture is the known view in a known light."""
FEWEST_TILES: Final = 8
"""Textured tiles of 60 without which a view cannot be judged at all."""
NEW_LIGHT_NS: Final = 120 * 1_000_000_000
"""A light that holds this long is worth a reference of its own."""


BUSY_NS: Final = 20 * 1_000_000_000
"""The very first view may have been one of people: another that holds this long takes its place."""


@dataclass(slots=True)
class Reference:
    """The view in one light. Planes as those of `Impression`."""

    thumb: Plane
    slopes: Plane
    relief: Plane
    detail: Plane
    looks: int = 1
    used_ns: int = 0

    @property
    def trusted(self) -> bool:
        """Whether it was seen long enough to judge by."""
        return self.looks >= TRUSTED_LOOKS

    def learn(self, seen: Impression, elapsed_s: float) -> None:
        """Follow slowly; quickly at first."""
        self.looks += 1
        share = max(1.0 - exp(-elapsed_s / TAU_S), 1.0 / self.looks)
        for mine, new in (
            (self.thumb, seen.thumb),
            (self.slopes, seen.slopes),
            (self.relief, seen.relief),
            (self.detail, seen.detail),
        ):
            cv2.accumulateWeighted(new, mine, share)


@dataclass(frozen=True, slots=True)
class Match:
    """The reference nearest to a picture, and how alike the two are."""

    reference: Reference
    by: Likeness


class References:
    """All lights of one camera's view."""

    def __init__(self) -> None:
        self._known: list[Reference] = []
        self._nearest: Match | None = None
        self._strange_since_ns: int | None = None

    def forget(self) -> None:
        """Begin anew: the view is another one."""
        self._known.clear()
        self._nearest = self._strange_since_ns = None

    def match(self, seen: Impression) -> Match | None:
        """Return the trusted reference most like this, None while there is none."""
        found = [Match(each, likeness(each.slopes, seen.slopes)) for each in self._known]
        self._nearest = max(found, key=lambda match: match.by.alike, default=None)
        trusted = (match for match in found if match.reference.trusted)
        return max(trusted, key=lambda match: match.by.agreement, default=None)

    def learn(self, seen: Impression, at_ns: int, elapsed_s: float) -> None:
        """Take in the picture last matched: nothing is wrong with it. What is flat teaches nothing."""
        if seen.textured < FEWEST_TILES:
            self._strange_since_ns = None
            return
        nearest = self._nearest
        if nearest is not None and nearest.by.alike >= KNOWN:
            nearest.reference.learn(seen, elapsed_s)
            nearest.reference.used_ns = at_ns
            self._strange_since_ns = None
            return
        if self._strange_since_ns is None:
            self._strange_since_ns = at_ns
        patience_ns = 0 if nearest is None else NEW_LIGHT_NS if nearest.reference.trusted else BUSY_NS
        if at_ns - self._strange_since_ns >= patience_ns:
            self._begin(seen, at_ns)

    def _begin(self, seen: Impression, at_ns: int) -> None:
        # What was not trusted yet was learned from something passing.
        self._known = [each for each in self._known if each.trusted]
        if len(self._known) >= MOST_LIGHTS:
            self._known.remove(min(self._known, key=lambda each: each.used_ns))
        planes = (seen.thumb.copy(), seen.slopes.copy(), seen.relief.copy(), seen.detail.copy())
        self._known.append(Reference(*planes, used_ns=at_ns))
        self._strange_since_ns = None
