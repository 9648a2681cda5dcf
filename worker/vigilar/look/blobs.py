"""Connected changed spots of one look."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from vigilar.look.picture import Box, Mask

SMALLEST: Final = 6
"""Working pixels; less is noise that survived the vote."""
MOST: Final = 24
"""The largest are followed; a picture full of specks is weather."""
_CROWDED: Final = 0.04


@dataclass(frozen=True, slots=True)
class Blob:
    """One connected spot: box, pixels, centre, and what share of it changed since a moment ago."""

    box: Box
    area: int
    x: float
    y: float
    activity: float = 0.0


def find_blobs(mask: Mask) -> tuple[Blob, ...]:
    """Return the largest connected spots of a mask, largest first; a crowded mask is halved, for speed."""
    filled = cv2.countNonZero(mask)
    if filled < SMALLEST:
        return ()
    scale = 1
    if filled > _CROWDED * mask.size:
        scale = 2
        mask = np.maximum(mask[:-1:2, :-1:2], mask[1::2, 1::2])
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    rows = stats[1:]
    enough = np.flatnonzero(rows[:, cv2.CC_STAT_AREA] * scale * scale >= SMALLEST)
    largest = enough[np.argsort(-rows[enough, cv2.CC_STAT_AREA])][:MOST]
    return tuple(_blob(rows[index], centres[index + 1], scale) for index in largest.tolist())


def _blob(row: np.ndarray, centre: np.ndarray, scale: int) -> Blob:
    left, top, width, height, area = (int(value) * scale for value in row)
    return Blob(
        Box(left, top, left + width, top + height),
        area * scale,
        float(centre[0]) * scale,
        float(centre[1]) * scale,
    )
