"""The picture that is judged: one stream's luma at working size."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

type Luma = NDArray[np.uint8]
"""(height, width), 0…255."""
type Mask = NDArray[np.uint8]
"""(height, width), 0 or 255."""

WORKING_PIXELS: Final = 320 * 200
"""About so many pixels are judged, whatever the stream's size: a person of 4 % of it covers a dozen."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in working pixels, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Pixels covered."""
        return self.width * self.height

    def around(self, other: "Box") -> "Box":
        """Return the smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def grown(self, margin: int, shape: tuple[int, int]) -> "Box":
        """Return the box with `margin` pixels on each side, cut at the picture's (height, width)."""
        return Box(
            max(0, self.left - margin),
            max(0, self.top - margin),
            min(shape[1], self.right + margin),
            min(shape[0], self.bottom + margin),
        )

    def near(self, other: "Box", margin: int) -> bool:
        """Tell whether the two overlap, or less than `margin` pixels lie between them."""
        return (
            self.left < other.right + margin
            and other.left < self.right + margin
            and self.top < other.bottom + margin
            and other.top < self.bottom + margin
        )

    def slices(self) -> tuple[slice, slice]:
        """Return the index of its pixels in an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def normalised(self, shape: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return (x, y, width, height), each 0…1 of a picture of this (height, width)."""
        height, width = shape
        return self.left / width, self.top / height, self.width / width, self.height / height


def working_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the (height, width) a stream's (height, width) is shrunk to: by a whole number, for speed."""
    height, width = shape
    factor = max(1, round(sqrt(width * height / WORKING_PIXELS)))
    return max(1, height // factor), max(1, width // factor)


def shrink(luma: Luma) -> tuple[Luma, int]:
    """Return the picture at working size, and the side of the square in which changed pixels shall vote.

    `luma`: uint8 (height, width), rows may be padded. Shrinking averages the noise away; only a picture that
    is small already is smoothed instead. Either way the outline of a far person is kept.
    """
    height, width = working_shape((luma.shape[0], luma.shape[1]))
    factor = luma.shape[0] // height
    if factor == 1:
        return cv2.blur(luma, (5, 5)).astype(np.uint8, copy=False), 5
    whole = luma[: height * factor, : width * factor]
    return cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False), 3
