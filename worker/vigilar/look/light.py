"""Is it the light, or is it a thing? For the whole picture (exposure, a lamp, infrared) and for one spot.

Light multiplies what is there and keeps its texture; a thing replaces it. So the whole picture is fitted with
one gain and offset, by a sample of its pixels, against outliers; and a changed spot is compared with the
background by its fine structure, whatever its brightness.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vigilar.look.background import CLIPPED
from vigilar.look.picture import Luma, Mask

type _Cells = NDArray[np.float32]

CELL: Final = 10
"""One sample every so many working pixels, each way: some hundreds tell the light of a picture."""
NOTICED: Final = 1.5
"""Grey levels the middle cell must shift before the light is looked at more closely."""
CELL_CHANGED: Final = 14.0
RESTLESS_SHARE: Final = 0.3
SCENE_SHARE: Final = 0.4
"""So much of the picture unexplained by gain and offset is another light, not people."""
STRONG_SHIFT: Final = 15.0
STRONG_RATIO: Final = 0.25
SAME_STRUCTURE: Final = 0.75
FLAT: Final = 2.0
MOST_NOISE: Final = 2.0
_OUTLINE: Final = np.ones((5, 5), np.uint8)
FINE: Final = (9, 9)
GRAIN: Final = (3, 3)
TILE: Final = 16
SMALLEST_SPOT: Final = 60
"""Working pixels a spot needs before its structure says anything."""


class LightKind(StrEnum):
    """What the light of the whole picture did since the background."""

    STEADY = "steady"
    SHIFTED = "shifted"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Light:
    """The light of one look. new = gain · old + offset; `strong`: as when a lamp is switched, all at once."""

    kind: LightKind
    gain: float = 1.0
    offset: float = 0.0
    strong: bool = False


STEADY: Final = Light(LightKind.STEADY)


def _cells(picture: Luma) -> _Cells:
    return picture[CELL // 2 :: CELL, CELL // 2 :: CELL].astype(np.float32).ravel()


def _middle(values: _Cells) -> float:
    return float(np.partition(values, values.size // 2)[values.size // 2])


def _first_guess(was: _Cells, now: _Cells) -> tuple[float, float]:
    fifth, half = was.size // 5, was.size // 2
    ranks = (fifth, half, was.size - 1 - fifth)
    old, new = np.partition(was, ranks), np.partition(now, ranks)
    old_spread, new_spread = (float(each[ranks[2]] - each[fifth]) for each in (old, new))
    gain = min(max(new_spread / old_spread, 0.2), 5.0) if old_spread > 8 else 1.0
    return gain, float(new[half]) - gain * float(old[half])


def _fit(was: _Cells, now: _Cells) -> tuple[float, float]:
    """Return the gain and offset most cells agree on; outliers are dropped, three times over."""
    gain, offset = _first_guess(was, now)
    for _ in range(3):
        error = np.abs(gain * was + offset - now)
        near = error <= max(4.0, 2.5 * _middle(error))
        x, y = was[near], now[near]
        variance = float(x.var())
        if x.size < 16 or variance < 16:
            return 1.0, _middle(now - was)
        gain = min(max(float(((x - x.mean()) * (y - y.mean())).mean()) / variance, 0.2), 5.0)
        offset = float(y.mean()) - gain * float(x.mean())
    return gain, offset


def judge_light(picture: Luma, background: Luma) -> Light:
    """Return what the light did between the background and this picture (same shape, smoothed uint8)."""
    now, was = _cells(picture), _cells(background)
    shift = now - was
    middle = _middle(shift)
    share = np.count_nonzero(np.abs(shift) > CELL_CHANGED) / shift.size
    if abs(middle) < NOTICED and share < RESTLESS_SHARE:
        return STEADY
    open_cells = (was < CLIPPED) & (now < CLIPPED)
    if np.count_nonzero(open_cells) < shift.size // 8:
        return Light(LightKind.CHANGED, strong=True) if share >= SCENE_SHARE else STEADY
    was, now = was[open_cells], now[open_cells]
    gain, offset = _fit(was, now)
    left = np.count_nonzero(np.abs(gain * was + offset - now) > CELL_CHANGED) / was.size
    strong = abs(middle) >= max(STRONG_SHIFT, STRONG_RATIO * _middle(was))
    if left >= SCENE_SHARE:
        return Light(LightKind.CHANGED, strong=True)
    if abs(middle) < NOTICED:
        return STEADY
    return Light(LightKind.SHIFTED, gain, offset, strong)


def relit(picture: Luma, light: Light) -> Luma:
    """Return a picture as it would be in the new light."""
    return cv2.addWeighted(picture, light.gain, picture, 0.0, light.offset).astype(np.uint8, copy=False)


type Structure = NDArray[np.int16]
"""(height, width): what is left of a picture without its smooth part, grey levels."""


def structure(picture: Luma) -> Structure:
    """Return the fine structure of a picture: edges and texture, whatever the brightness, less the grain."""
    fine, smooth = cv2.blur(picture, GRAIN), cv2.blur(picture, FINE)
    return cv2.subtract(fine, smooth, dtype=cv2.CV_16S).astype(np.int16, copy=False)


def lit_tiles(background: Structure, picture: Structure, noise: float) -> Mask:
    """Return 255 on every tile of the picture that brings no structure of its own, by the rule of `is_light`.

    For moments in which much is lit anew and a thing's spot has run together with a lamp's.
    """
    height, width = (side // TILE * TILE for side in background.shape)
    old = background[:height, :width].astype(np.float32)
    new = picture[:height, :width].astype(np.float32)
    old_energy, new_energy, both = _tile_means(old * old), _tile_means(new * new), _tile_means(old * new)
    own = new_energy - np.maximum(both, 0) ** 2 / np.maximum(old_energy, 1e-3)
    same = both > SAME_STRUCTURE * np.sqrt(old_energy * new_energy)
    lit = same | (own < (FLAT + min(noise, MOST_NOISE)) ** 2)
    mask = np.zeros(background.shape, np.uint8)
    mask[:height, :width] = np.kron(lit.astype(np.uint8) * 255, np.ones((TILE, TILE), np.uint8))
    return mask


def _tile_means(values: _Cells) -> _Cells:
    height, width = values.shape
    return values.reshape(height // TILE, TILE, width // TILE, TILE).mean(axis=(1, 3), dtype=np.float32)


def is_light(background: Structure, picture: Structure, spot: Mask, noise: float) -> bool:
    """Tell whether a changed spot is only lit differently.

    `background` and `picture` are the structure of the same patch of both, with a margin; `spot` is 255 where
    it changed; `noise`: usual straying of a pixel in grey levels. Too small a spot is never called light.

    A thing brings structure of its own, at least its outline; under another light the new structure is a
    multiple of the old. (Old structure that is gone, without new, is a shadow's edge that moved on, or a
    thing that left.)
    """
    if cv2.countNonZero(spot) < SMALLEST_SPOT:
        return False
    where = cv2.dilate(spot, _OUTLINE) > 0
    old, new = background[where].astype(np.float32), picture[where].astype(np.float32)
    old_energy, new_energy = float(np.dot(old, old)) / old.size, float(np.dot(new, new)) / new.size
    both = float(np.dot(old, new)) / old.size
    own = new_energy - max(both, 0.0) ** 2 / max(old_energy, 1e-3)
    if own < (FLAT + min(noise, MOST_NOISE)) ** 2:
        return True
    return both > SAME_STRUCTURE * sqrt(old_energy * new_energy)
