"""Do the main and the sub-stream show the same? Zones are drawn on main and judged on the sub-stream."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np

from vigilar.look.impression import SMALL, Impression, Plane, impression, likeness
from vigilar.look.picture import Luma, shrink
from vigilar.look.references import FEWEST_TILES

SAME: Final = 0.5
"""Likeness from which two pictures are of one view; they may be seconds apart."""
CLEARLY: Final = 0.2
"""So much more alike must a part of one be to the other to be what the other shows."""
ANOTHER: Final = 0.2
"""Agreement below which the two have nothing in common as they stand."""
DOUBTFUL: Final = 0.4
"""So alike as one of so many parts may be by chance."""
MANY_TILES: Final = 15
PARTS: Final = (1.0, 0.9, 0.75, 0.67, 0.56, 0.5)
"""Shares of the main picture's width and height that a sub-stream may be cut to, about its middle."""

SAME_VIEW: Final = "same"
UNCLEAR: Final = "unclear"
DIFFERS: Final = "differs: "


def compare_views(main: Luma, sub: Luma) -> str:
    """Return `same`, `unclear`, or `differs: ` and how. Both uint8 (height, width), of any size.

    A picture that is only squeezed shows the same: zones are in shares of the picture.
    """
    main, sub = shrink(main)[0], shrink(sub)[0]  # a hundredth of the time for the many parts below
    whole, seen = _glance(main), _glance(sub)
    direct = likeness(whole.slopes, seen.slopes)
    alike = direct.alike
    if min(whole.textured, seen.textured) < FEWEST_TILES:
        return UNCLEAR
    if alike >= SAME and direct.tiles >= FEWEST_TILES:
        return SAME_VIEW
    best, (wide, high) = max((_alike(part, seen), size) for size, part in _parts(main))
    if best >= SAME and best >= alike + CLEARLY:
        return f"{DIFFERS}it shows the middle {wide:.0%} of main's width and {high:.0%} of its height"
    back, (wide, high) = max((_alike(part, whole), size) for size, part in _parts(sub))
    if back >= SAME and back >= alike + CLEARLY:
        return f"{DIFFERS}main shows only the middle {wide:.0%} of its width and {high:.0%} of its height"
    rich = min(whole.textured, seen.textured) >= MANY_TILES
    if rich and direct.agreement < ANOTHER and max(best, back) < DOUBTFUL:
        return f"{DIFFERS}it shows another place, or the same from another side"
    return UNCLEAR


def _glance(picture: Luma) -> Impression:
    return impression(picture.astype(np.float32))


def _alike(part: Plane, whole: Impression) -> float:
    by = likeness(part, whole.slopes)
    return by.alike if by.tiles >= FEWEST_TILES else 0.0


def _parts(picture: Luma) -> Iterator[tuple[tuple[float, float], Plane]]:
    """Yield ((share of the width, share of the height), slopes) of the middle parts of a picture."""
    height, width = picture.shape
    for wide in PARTS:
        for high in PARTS:
            if wide == high == 1.0:
                continue
            left, top = round(width * (1 - wide) / 2), round(height * (1 - high) / 2)
            part = picture[top : height - top, left : width - left]
            fitted = cv2.resize(part, (4 * SMALL[0], 4 * SMALL[1]), interpolation=cv2.INTER_AREA)
            yield (wide, high), impression(fitted.astype(np.float32)).slopes
