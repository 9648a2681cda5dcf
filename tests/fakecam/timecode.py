"""A time code in the picture that survives scaling and compression, and how it is read back.

A strip of 36 cells over half the picture's width: 4 to find the levels (1010), 24 bits of milliseconds, 8 of
check sum. Written in brightness, or in colour only: what looks at brightness does not see it change.
"""

import zlib
from typing import Any

import av
import numpy as np

from fakecam.scene import Ink

type Plane = np.ndarray[Any, np.dtype[np.uint8]]

CELLS = 36
LEFT, TOP, WIDTH, HEIGHT = 1 / 48, 1 / 45, 1 / 2, 1 / 30
ZONE = ((0.0, 0.0), (0.55, 0.0), (0.55, 0.07), (0.0, 0.07))
"""A polygon around the strip, in shares of the picture: for an exclude zone where it is in brightness."""

_BACKGROUND = 110
_LUMA = (24, 220)
_CHROMA = ((190, 64), (64, 190))


class UnreadableTimeCodeError(ValueError):
    """There is no time code in the picture, or it is too damaged to be told."""


def bits(timecode_ms: int) -> list[int]:
    """Return the strip's cells for a time code from 0 to 2**24 - 1."""
    body = timecode_ms.to_bytes(3, "big")
    data = int.from_bytes(body + bytes([_check(body)]), "big")
    return [1, 0, 1, 0, *((data >> shift) & 1 for shift in range(31, -1, -1))]


def write_timecode(luma: Plane, u: Plane, v: Plane, timecode_ms: int, ink: Ink) -> None:
    """Write the time code into the planes (h, w), (h/2, w/2), (h/2, w/2) of a picture, in place."""
    if ink is Ink.NONE:
        return
    for plane in (luma, u, v):
        frame = _area(plane, pad=0.25)
        plane[frame] = _BACKGROUND if plane is luma else 128
    for index, bit in enumerate(bits(timecode_ms)):
        if ink is Ink.LUMA:
            luma[_area(luma, index)] = _LUMA[bit]
        else:
            u[_area(u, index)], v[_area(v, index)] = _CHROMA[bit]


def read_timecode(picture: av.VideoFrame | Plane) -> int:
    """Return the ms written in a picture: a decoded frame, or just its brightness (h, w).

    Raises UnreadableTimeCodeError.
    """
    if isinstance(picture, np.ndarray):
        return _decode(_levels(picture), 60.0)
    if not picture.format.name.startswith("yuv"):
        picture = picture.reformat(format="yuv420p")
    luma, u, v = (_plane(picture, index) for index in range(3))
    try:
        return _decode(_levels(v) - _levels(u), 60.0)
    except UnreadableTimeCodeError:
        return _decode(_levels(luma), 60.0)


def _plane(frame: av.VideoFrame, index: int) -> Plane:
    plane = frame.planes[index]
    rows: Plane = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _area(
    plane: Plane, cell: int | None = None, *, pad: float = 0.0, shrink: float = 0.0
) -> tuple[slice, slice]:
    height, width = plane.shape
    step = WIDTH * width / CELLS
    left = LEFT * width + (cell or 0) * step
    right = left + (step if cell is not None else WIDTH * width)
    top, bottom = TOP * height, (TOP + HEIGHT) * height
    grow = pad * (bottom - top)
    inset, inset_y = shrink * step, shrink * (bottom - top)
    columns = slice(
        round(left - grow + inset), max(round(right + grow - inset), round(left - grow + inset) + 1)
    )
    return slice(round(top - grow + inset_y), round(bottom + grow - inset_y)), columns


def _levels(plane: Plane) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([float(plane[_area(plane, cell, shrink=0.28)].mean()) for cell in range(CELLS)])


def _decode(levels: np.ndarray[Any, np.dtype[np.float64]], contrast: float) -> int:
    high, low = levels[[0, 2]].mean(), levels[[1, 3]].mean()
    if high - low < contrast:
        raise UnreadableTimeCodeError(f"no time code: the marks differ by {high - low:.0f} only")
    data = 0
    for level in levels[4:]:
        data = data << 1 | int(level > (high + low) / 2)
    body = (data >> 8).to_bytes(3, "big")
    if _check(body) != data & 0xFF:
        raise UnreadableTimeCodeError("the time code's check sum is wrong")
    return data >> 8


def _check(body: bytes) -> int:
    return zlib.crc32(body) & 0xFF ^ 0x5A
