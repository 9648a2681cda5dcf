"""What a picture is like at a glance, in numbers that change when somebody tampers with the camera.

The picture is averaged over some seconds first: noise, which every judgement of sharpness would take for
detail, and whoever walks by weigh little in it.
"""

from dataclasses import dataclass
from math import exp
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vigilar.look.picture import Luma

type Plane = NDArray[np.float32]

GRID: Final = (10, 6)
"""Tiles across and down, whatever the picture's shape."""
TILE: Final = 8
SMALL: Final = (GRID[0] * TILE, GRID[1] * TILE)
"""Width and height of the small picture: one of its pixels is 1.25 % of the picture's width."""
THUMB: Final = (20, 12)
AVERAGE_TAU_S: Final = 6.0
NEW_PICTURE: Final = 12.0
"""Mean difference in grey levels from which a picture is another one: the average begins anew."""
SAMPLE: Final = (slice(4, None, 8), slice(4, None, 8))
"""Some hundred pixels that stand for all."""
BRIGHT: Final = 60.0
CHANGED: Final = 25.0
TEXTURED: Final = 2.5
"""Mean slope, grey levels per pixel of the small picture, from which a tile has something to hold on to."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One glance. Planes are float32, (height, width).

    `thumb`: brightness on `THUMB`. `slopes`: steepness on `SMALL`, its outermost pixels 0. `relief`: mean of
    it per tile. `detail`: mean of the squared Laplacian at working size, per tile.
    """

    mean: float
    thumb: Plane
    slopes: Plane
    relief: Plane
    detail: Plane

    @property
    def textured(self) -> int:
        """Tiles that have something to hold on to."""
        return int(np.count_nonzero(self.relief >= TEXTURED))


def impression(picture: Plane) -> Impression:
    """Return the impression of an averaged picture at working size (float32)."""
    # Whole halves first: twice as fast as one uneven step.
    half = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    small: Plane = cv2.resize(half, SMALL, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    slopes: Plane = cv2.magnitude(across, down).astype(np.float32, copy=False)
    slopes[[0, -1]] = 0
    slopes[:, [0, -1]] = 0
    curves = cv2.convertScaleAbs(cv2.Laplacian(cv2.convertScaleAbs(picture), cv2.CV_16S))
    detail = cv2.resize(curves, GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
    thumb: Plane = cv2.resize(small, THUMB, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)
    return Impression(float(thumb.mean()), thumb, slopes, per_tile(slopes), detail)


def per_tile(small: cv2.typing.MatLike) -> Plane:
    """Return the mean of each tile of a small picture."""
    return cv2.resize(small, GRID, interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)


class Averager:
    """The running average of one camera's pictures."""

    def __init__(self) -> None:
        self._average: Plane | None = None
        self._at_ns = 0
        self._bright: NDArray[np.bool_] | None = None
        self._was: Plane = np.zeros(0, np.float32)

    def add(self, picture: Luma, at_ns: int) -> Plane:
        """Return the average with this picture (uint8, working size) in it; do not write to it."""
        average, elapsed_s = self._average, (at_ns - self._at_ns) / 1e9
        self._at_ns = at_ns
        if average is None or average.shape != picture.shape or self._is_another(picture, average):
            average = self._average = picture.astype(np.float32)
        else:
            cv2.accumulateWeighted(picture, average, 1.0 - exp(-max(elapsed_s, 0.0) / AVERAGE_TAU_S))
        sample = average[SAMPLE]
        self._bright = sample >= BRIGHT
        self._was = sample[self._bright]
        return average

    def changed(self, picture: Luma) -> float:
        """Return the share of what is bright in the average that has changed, 0 where hardly anything is."""
        sample, bright = picture[SAMPLE], self._bright
        if bright is None or bright.shape != sample.shape or self._was.size < bright.size // 8:
            return 0.0
        return int(np.count_nonzero(np.abs(sample[bright] - self._was) > CHANGED)) / self._was.size

    @staticmethod
    def _is_another(picture: Luma, average: Plane) -> bool:
        return float(np.abs(picture[SAMPLE] - average[SAMPLE]).mean()) > NEW_PICTURE


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two views are: `alike` -1…1, 0 is chance, over the `tiles` textured in both.

    `agreement`: the same, less what is textured in the poorer of the two only.
    """

    alike: float
    tiles: int
    agreement: float


def likeness(one: Plane, other: Plane) -> Likeness:
    """Compare two planes of slopes tile by tile: no bright corner weighs more than the rest."""
    mean_a, mean_b = per_tile(one), per_tile(other)
    rich_a, rich_b = mean_a >= TEXTURED, mean_b >= TEXTURED
    both = rich_a & rich_b
    count = int(np.count_nonzero(both))
    if not count:
        return Likeness(0.0, 0, 0.0)
    covariance = (per_tile(cv2.multiply(one, other)) - mean_a * mean_b)[both]
    spread_a = (per_tile(cv2.multiply(one, one)) - mean_a * mean_a)[both]
    spread_b = (per_tile(cv2.multiply(other, other)) - mean_b * mean_b)[both]
    alike = float((covariance / np.sqrt(np.maximum(spread_a * spread_b, 1e-6))).mean())
    poorer = min(int(np.count_nonzero(rich_a)), int(np.count_nonzero(rich_b)))
    return Likeness(alike, count, alike * count / poorer)


def correlation(one: Plane, other: Plane) -> float:
    """Return the correlation coefficient of two planes, 0 where one is flat."""
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1.0 else 0.0
