"""Covered, defocused, moved: one glance held against what the camera usually shows. Pure functions.

Each asks for positive evidence, and leaves out what would be doubtful: a dark picture is not called covered
unless something came near before, a picture without structure is neither defocused nor moved.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vigilar.look.impression import SMALL, TEXTURED, Impression, Plane, correlation, likeness
from vigilar.look.references import FEWEST_TILES, Match, Reference

type Flags = NDArray[np.bool_]

FLAT_SHARE: Final = 0.2
FLAT_SLOPE: Final = 1.0
COVERED_TILES: Final = 0.9
"""So much of what had structure must have lost it."""
OPEN_TILES: Final = 0.5
SAME_BRIGHTNESS: Final = 0.8
"""Correlation of brightness over the picture from which the view is there, if blurred."""
DARK: Final = 45.0
SHARP_SHARE: Final = 0.5
"""Of the fine structure, per tile: less is left by blurring by about two pixels of the working size."""
DEFOCUSED_TILES: Final = 0.8
DULL_SHARE: Final = 0.7
DULL_TILES: Final = 0.5
LEAST_DETAIL: Final = 5.0
"""Below it what seems fine structure may be the noise of a dark night."""
DEFOCUS_LIKENESS: Final = 0.9
CONTRAST: Final = (0.7, 1.4)
BRIGHTNESS: Final = (0.7, 1.4)
DOUBTFUL: Final = 0.4
"""Likeness below which a shift is looked for."""
SHIFTED_LIKENESS: Final = 0.5
SHIFTED_GAIN: Final = 0.25
LEAST_SHIFT: Final = 2
TURNS: Final = (3, -3, 6, -6, 9, -9, 12, -12, 15, -15)
"""Degrees by which a camera is tried to have been turned about its axis."""
STRANGE: Final = 0.25
"""Agreement below which nothing of the known view is there: chance leaves up to 0.3, another light 0.4."""
STRANGE_TILES: Final = 12
_WINDOW: Final = cv2.createHanningWindow(SMALL, cv2.CV_32F)


@dataclass(frozen=True, slots=True)
class Cover:
    """How much of the reference's structure is gone. `dark`: there is hardly any light."""

    lost: float
    flat: bool
    dark: bool


def judge_cover(seen: Impression, reference: Reference) -> Cover:
    """Return what became of the structure that was there."""
    had = reference.relief >= TEXTURED
    flat = seen.relief < np.maximum(FLAT_SLOPE, FLAT_SHARE * reference.relief)
    lost = _share(flat, had)
    # Far out of focus there are no edges either, but the bright is still where it was.
    gone = lost >= COVERED_TILES and correlation(seen.thumb, reference.thumb) < SAME_BRIGHTNESS
    return Cover(lost, gone, seen.mean < DARK)


def is_defocused(seen: Impression, reference: Reference) -> bool:
    """Tell whether the same view in the same light has lost its fine structure."""
    fine = reference.detail >= LEAST_DETAIL
    dull = seen.detail < SHARP_SHARE * reference.detail
    if int(np.count_nonzero(fine)) < FEWEST_TILES or _share(dull, fine) < DEFOCUSED_TILES:
        return False
    was, now = float(reference.thumb.std()), float(seen.thumb.std())
    if not CONTRAST[0] * was <= now <= CONTRAST[1] * was:
        return False
    if not BRIGHTNESS[0] <= seen.mean / max(1.0, float(reference.thumb.mean())) <= BRIGHTNESS[1]:
        return False
    # Less contrast makes every structure fainter: that much is light, not focus.
    light = min(1.0, now / max(was, 1.0))
    still_dull = seen.detail < SHARP_SHARE * light * reference.detail
    same_view = correlation(seen.thumb, reference.thumb) >= DEFOCUS_LIKENESS
    return same_view and _share(still_dull, fine) >= DEFOCUSED_TILES


def is_dull(seen: Impression, reference: Reference) -> bool:
    """Tell whether most of the fine structure is still missing, for whatever reason."""
    missing = seen.detail < DULL_SHARE * reference.detail
    return _share(missing, reference.detail >= LEAST_DETAIL) >= DULL_TILES


def _share(those: Flags, of: Flags) -> float:
    """Return the share of the tiles `of` that are `those`, too."""
    return int(np.count_nonzero(those & of)) / max(1, int(np.count_nonzero(of)))


@dataclass(frozen=True, slots=True)
class Shift:
    """How a view has shifted: in pixels of the small picture, and turned by so many degrees."""

    right: int
    down: int
    turned: int = 0


def shift_of(seen: Impression, reference: Reference, turns: tuple[int, ...] = (0, *TURNS)) -> Shift | None:
    """Return how the view has shifted, None if it has not, or not so that it can be told.

    A shift counts only when the picture, moved back by it, is the known view again. `turns`: the degrees by
    which it may be turned besides.
    """
    before = likeness(reference.slopes, seen.slopes).alike
    # Windowed here: given the window, phaseCorrelate would write into the planes themselves.
    known = cv2.multiply(reference.slopes, _WINDOW)
    for turned in turns:
        slopes = _moved(seen.slopes, 0, 0, -turned) if turned else seen.slopes
        (x, y), _ = cv2.phaseCorrelate(known, cv2.multiply(slopes, _WINDOW))
        right, down = round(x), round(y)
        if not turned and max(abs(right), abs(down)) < LEAST_SHIFT:
            continue
        if abs(right) > SMALL[0] // 2 or abs(down) > SMALL[1] // 2:
            continue
        after = likeness(reference.slopes, _moved(slopes, -right, -down))
        if after.tiles >= FEWEST_TILES and after.alike >= max(SHIFTED_LIKENESS, before + SHIFTED_GAIN):
            return Shift(right, down, turned)
    return None


def is_strange(seen: Impression, match: Match) -> bool:
    """Tell whether the picture, rich in structure, has none of the known view."""
    poorer = min(seen.textured, int(np.count_nonzero(match.reference.relief >= TEXTURED)))
    return poorer >= STRANGE_TILES and match.by.agreement < STRANGE


def _moved(plane: Plane, right: int, down: int, degrees: int = 0) -> Plane:
    """Return the plane shifted and turned; what comes in from outside is 0, so not textured."""
    move = cv2.getRotationMatrix2D((SMALL[0] / 2, SMALL[1] / 2), degrees, 1.0)
    move[:, 2] += (right, down)
    how = cv2.INTER_LINEAR if degrees else cv2.INTER_NEAREST
    return cv2.warpAffine(plane, move, SMALL, flags=how).astype(np.float32, copy=False)
