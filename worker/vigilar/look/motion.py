"""One camera's judgement, look by look: what moves, and whether the light changed.

    picture → light of the whole → background → changed spots → light of each spot → tracks → what moves

A spot counts as movement when it goes somewhere (straight, in several steps, far enough for its size), or is
large and restless for a second. A lamp, a shadow, an exposure step changes once and then stays where it is;
leaves and rain flicker. Nothing is ever masked for a while "until things calm down": after a change of light
the background is taken anew and whoever walks shows against it in the very next looks.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import MotionSettings
from vigilar.look.background import Background
from vigilar.look.blobs import Blob, find_blobs
from vigilar.look.light import (
    SMALLEST_SPOT,
    Light,
    LightKind,
    is_light,
    judge_light,
    lit_tiles,
    relit,
    structure,
)
from vigilar.look.picture import Box, Luma, Mask, shrink
from vigilar.look.tracks import LIVELY, LONGEST_LOOK_BACK_NS, Track, Tracker, walked
from vigilar.look.zones import Zones

LEARN_GAP_NS: Final = NANOSECONDS // 4
"""Looks may come thirty times a second; the background need not be taught more often than this."""
MOMENT_NS: Final = NANOSECONDS // 5
CURIOUS_NS: Final = 5 * NANOSECONDS // 2
RESTLESS_NS: Final = NANOSECONDS
RESTLESS_AREAS: Final = 4
COMPACT: Final = 0.3
STILL_MOVING_NS: Final = NANOSECONDS
SETTLED_NS: Final = 10 * NANOSECONDS
AFTER_LIGHT_NS: Final = 3 * NANOSECONDS // 2
LONGEST_GAP_NS: Final = 60 * NANOSECONDS
"""After a longer pause the old background says nothing."""
LIT_SHARE: Final = 0.1
SOME_LIT_SHARE: Final = 0.02
MARGIN: Final = 8
_REACH: Final = np.ones((9, 9), np.uint8)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one look found.

    `before_ns`: the look before. `boxes` are the moving things' (x, y, width, height), 0…1. `since_ns` never
    lies after the first moving frame and is None while nothing moves. `curious`: something may be about to
    move, look again soon. `score` 0…1: how far beyond the smallest area that counts. `mask`: changed pixels
    at working size.
    """

    at_ns: int
    before_ns: int
    mask: Mask
    moving: bool = False
    since_ns: int | None = None
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    zones: tuple[str, ...] = ()
    score: float = 0.0
    scene_changed: bool = False
    curious: bool = False


class MotionJudge:
    """Judges one camera's pictures. Not thread-safe; looks must come in order of time."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._background: Background | None = None
        self._zones: Zones | None = None
        self._tracker = Tracker()
        self._moment: Luma | None = None
        self._moment_ns = self._at_ns = self._learned_ns = 0
        self._light_ns: int | None = None
        self._switched_ns: int | None = None
        self._hidden_ns = 0
        self.picture: Luma | None = None
        """The newest picture that was judged, at working size; do not write to it."""

    def set_settings(self, settings: MotionSettings) -> None:
        """Change sensitivity, area and zones; what was learned is kept."""
        self._settings = settings
        self._zones = None
        if self._background is not None:
            self._background.set_sensitivity(settings.sensitivity)

    def look(self, luma: Luma, at_ns: int) -> Verdict:
        """Judge one picture. `luma`: uint8 (height, width); `at_ns`: when it arrived, monotonic, rising."""
        picture, reach = shrink(luma)
        self.picture = picture
        background = self._background
        if background is None or self._outdated(background, picture, at_ns):
            return self._begin(picture, reach, at_ns)
        light = judge_light(picture, background.level)
        self._follow_light(light, background, picture, at_ns)
        difference = background.difference(picture)
        mask = self._watched(background.changed(difference), picture.shape)
        if self._switched_ns is not None and at_ns - self._switched_ns <= AFTER_LIGHT_NS:
            mask = self._without_lit_tiles(background, picture, mask)
        blobs, lit = self._things(background, picture, mask)
        switched = light.strong or lit >= LIT_SHARE
        if switched:
            self._switched_ns = at_ns
        if lit >= SOME_LIT_SHARE:
            self._note_light(at_ns)
        self._tracker.update(blobs, at_ns, mask.size, None if self._calm(at_ns) else self._hidden_ns)
        self._learn(background, picture, difference, at_ns)
        self._settle(background, picture, mask, at_ns)
        verdict = self._verdict(at_ns, mask, scene_changed=switched)
        self._at_ns = at_ns
        return verdict

    def _outdated(self, background: Background, picture: Luma, at_ns: int) -> bool:
        return background.level.shape != picture.shape or at_ns - self._at_ns > LONGEST_GAP_NS

    def _begin(self, picture: Luma, reach: int, at_ns: int) -> Verdict:
        self._background = Background(picture, reach, self._settings.sensitivity)
        self._zones = None
        self._tracker = Tracker()
        self._tracker.update((), at_ns, picture.size)
        self._moment, self._moment_ns = picture, at_ns
        self._at_ns = self._learned_ns = at_ns
        # A scene not yet known is judged like one whose light has just changed.
        self._light_ns = self._hidden_ns = at_ns
        return Verdict(at_ns, at_ns, np.zeros(picture.shape, np.uint8))

    def _follow_light(self, light: Light, background: Background, picture: Luma, at_ns: int) -> None:
        match light.kind:
            case LightKind.STEADY:
                return
            case LightKind.SHIFTED:
                background.relight(light.gain, light.offset, picture)
                if self._moment is not None:
                    self._moment = relit(self._moment, light)
            case LightKind.CHANGED:
                background.adopt(picture)
                self._tracker.forget()
                self._moment, self._moment_ns = picture, at_ns
        if light.strong:
            self._note_light(at_ns)

    def _note_light(self, at_ns: int) -> None:
        if self._calm(at_ns):
            self._hidden_ns = self._at_ns
        self._light_ns = at_ns

    def _calm(self, at_ns: int) -> bool:
        return self._light_ns is None or at_ns - self._light_ns > AFTER_LIGHT_NS

    def _watched(self, mask: Mask, shape: tuple[int, ...]) -> Mask:
        if self._zones is None:
            self._zones = Zones(self._settings, (shape[0], shape[1]))
        if self._zones.watched is None:
            return mask
        return cv2.bitwise_and(mask, self._zones.watched).astype(np.uint8, copy=False)

    def _without_lit_tiles(self, background: Background, picture: Luma, mask: Mask) -> Mask:
        if not cv2.countNonZero(mask):
            return mask
        lit = lit_tiles(structure(background.level), structure(picture), background.noise)
        background.adopt(picture, lit, Box(0, 0, mask.shape[1], mask.shape[0]))
        return cv2.bitwise_and(mask, cv2.bitwise_not(lit)).astype(np.uint8, copy=False)

    def _things(self, background: Background, picture: Luma, mask: Mask) -> tuple[tuple[Blob, ...], float]:
        """Return the spots that are not just lit differently, and the share of the picture that is."""
        blobs = find_blobs(mask)
        if not blobs:
            return (), 0.0
        active = self._active(picture, mask)
        lit = self._lit(background, picture, mask, blobs)
        things = tuple(
            replace(blob, activity=cv2.countNonZero(active[blob.box.slices()]) / blob.area)
            for blob in blobs
            if blob not in lit
        )
        share = sum(blob.area for blob in lit) / mask.size
        self._take_light(background, picture, mask, lit, things, everywhere=share >= SOME_LIT_SHARE)
        return things, share

    def _lit(
        self, background: Background, picture: Luma, mask: Mask, blobs: tuple[Blob, ...]
    ) -> tuple[Blob, ...]:
        large = [blob for blob in blobs if blob.area >= SMALLEST_SPOT]
        if not large:
            return ()
        shape, noise = (mask.shape[0], mask.shape[1]), background.noise
        lit = []
        for blob in large:
            spot = blob.box.grown(MARGIN, shape).slices()
            old, new = structure(background.level[spot]), structure(picture[spot])
            if is_light(old, new, mask[spot], noise):
                lit.append(blob)
        small = [blob for blob in blobs if blob.area < SMALLEST_SPOT]
        beside = [blob for blob in small if any(blob.box.near(other.box, MARGIN) for other in lit)]
        return (*lit, *beside)

    def _take_light(
        self,
        background: Background,
        picture: Luma,
        mask: Mask,
        lit: tuple[Blob, ...],
        things: tuple[Blob, ...],
        *,
        everywhere: bool,
    ) -> None:
        """Take the new light into the background: where it fell, or, if widely, all around the things.

        Patch by patch a wide change would leave edges in the background that are nowhere in the world.
        """
        shape = (mask.shape[0], mask.shape[1])
        if everywhere:
            around = np.full(shape, 255, np.uint8)
            for blob in things:
                around[blob.box.grown(MARGIN, shape).slices()] = 0
            background.adopt(picture, around, Box(0, 0, shape[1], shape[0]))
            return
        for blob in lit:
            box = blob.box.grown(MARGIN, shape)
            background.adopt(picture, cv2.dilate(mask[box.slices()], _REACH).astype(np.uint8), box)

    def _active(self, picture: Luma, mask: Mask) -> Mask:
        """Return where the picture differs from a moment ago, within the changed spots."""
        assert self._moment is not None  # noqa: S101 — set with the background
        level = 10.0 * 2.0 ** ((50 - self._settings.sensitivity) / 40)
        recent = cv2.absdiff(picture, self._moment)
        _, active = cv2.threshold(recent, level, 255, cv2.THRESH_BINARY)
        return cv2.bitwise_and(active, mask).astype(np.uint8, copy=False)

    def _learn(self, background: Background, picture: Luma, difference: Luma, at_ns: int) -> None:
        if at_ns - self._moment_ns >= MOMENT_NS:
            self._moment, self._moment_ns = picture, at_ns
        elapsed = at_ns - self._learned_ns
        if elapsed < LEARN_GAP_NS:
            return
        movers = tuple(t.blob.box for t in self._tracker.tracks if t.moves(at_ns))
        background.learn(picture, difference, min(elapsed / NANOSECONDS, 2.0), movers)
        self._learned_ns = at_ns

    def _settle(self, background: Background, picture: Luma, mask: Mask, at_ns: int) -> None:
        """Take what has stood still for a while (a parked car, an opened gate) into the background."""
        for track in list(self._tracker.tracks):
            if track.seen_ns == at_ns and track.rested_ns(at_ns) >= SETTLED_NS:
                box = track.blob.box
                background.adopt(picture, mask[box.slices()], box)
                self._tracker.tracks.remove(track)

    def _verdict(self, at_ns: int, mask: Mask, *, scene_changed: bool) -> Verdict:
        least = max(1.0, self._settings.min_area * mask.size)
        shape = (mask.shape[0], mask.shape[1])
        scores = {id(t): self._moves(t, at_ns, least) for t in self._tracker.tracks if t.seen_ns == at_ns}
        movers = [t for t in self._tracker.tracks if scores.get(id(t), 0.0) > 0]
        curious = any(at_ns - t.born_ns < CURIOUS_NS or t.moves(at_ns) for t in self._tracker.tracks)
        zones = self._zones
        names = dict.fromkeys(name for t in movers for name in (zones.touched(t.blob.box) if zones else ()))
        return Verdict(
            at_ns,
            self._at_ns,
            mask,
            moving=bool(movers),
            since_ns=max(min(t.since_ns for t in movers), at_ns - LONGEST_LOOK_BACK_NS) if movers else None,
            boxes=tuple(t.blob.box.normalised(shape) for t in movers),
            zones=tuple(names),
            score=max((scores[id(t)] for t in movers), default=0.0),
            scene_changed=scene_changed,
            curious=curious or scene_changed,
        )

    def _moves(self, track: Track, at_ns: int, least: float) -> float:
        """Return how much a track's movement counts, 0…1; 0: it does not move."""
        if track.moved_ns is not None:
            lately = walked(track, at_ns - STILL_MOVING_NS) is not None or track.restless_since_ns is not None
            covered = float(max(track.blob.area, least)) if lately else 0.0
        else:
            covered = self._first_covered(track, at_ns, least)
        if covered < least:
            return 0.0
        track.moved_ns = at_ns
        return min(1.0, covered / (4 * least))

    def _first_covered(self, track: Track, at_ns: int, least: float) -> float:
        """Return the pixels a track not yet known to move has covered by moving."""
        calm = self._calm(at_ns)
        walk = walked(track)
        sure = walk is not None and track.liveliness >= LIVELY and self._tracker.beyond_chance(track)
        if walk is not None and sure and (calm or walk.length >= 2 * walk.needed):
            return float(max(walk.swept.area, track.blob.area))
        long_restless = track.restless_since_ns is not None and at_ns - track.restless_since_ns >= RESTLESS_NS
        compact = track.blob.area >= COMPACT * track.blob.box.area
        if calm and long_restless and compact and track.blob.area >= RESTLESS_AREAS * least:
            return float(track.blob.area)
        return 0.0
