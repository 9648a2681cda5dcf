"""The places: still pictures of a yard and a room in different lights, painted once per size."""

from typing import Any

import cv2
import numpy as np

from fakecam.scene import Place

type Picture = np.ndarray[Any, np.dtype[np.uint8]]
type Colour = tuple[int, int, int]
type Field = np.ndarray[Any, np.dtype[np.float32]]

LAMP = (0.655, 0.30)
"""Where the yard's lamp hangs, in shares of the picture."""


def paint(place: Place, width: int, height: int, seed: int) -> Picture:
    """Return the place by day, BGR (height, width, 3)."""
    canvas = _Canvas(width, height, seed)
    match place:
        case Place.YARD:
            _yard(canvas)
        case Place.ROOM:
            _room(canvas)
    return canvas.picture


def lit(day: Picture, *, night: bool, lamp: bool, infrared: bool) -> Picture:
    """Return the place in another light: infrared is grey, brightest in the middle; the lamp is warm."""
    height, width = day.shape[:2]
    picture = day.astype(np.float32)
    if night:
        picture *= np.array([0.22, 0.17, 0.15], np.float32)
    if lamp:
        glow = _glow(width, height, LAMP, 0.42)[..., None]
        strength = 0.85 if night else 0.35
        picture += day * glow * strength * np.array([0.62, 0.85, 1.0], np.float32)
    if infrared:
        grey = day.astype(np.float32) @ np.array([0.25, 0.45, 0.30], np.float32)
        grey = (60 + 0.55 * grey) * (0.35 + 0.75 * _glow(width, height, (0.5, 0.6), 0.6))
        picture = np.repeat(grey[..., None], 3, axis=2)
    seen = np.clip(picture, 0, 255).astype(np.uint8)
    if lamp:
        centre = (round(LAMP[0] * width), round((LAMP[1] + 0.012) * height))
        cv2.circle(seen, centre, max(2, height // 60), (215, 245, 255), -1, cv2.LINE_AA)
    return seen


def _glow(width: int, height: int, centre: tuple[float, float], reach: float) -> Field:
    x = (np.arange(width, dtype=np.float32) / width - centre[0])[None, :]
    y = (np.arange(height, dtype=np.float32) / height - centre[1])[:, None] * (height / width)
    return np.exp(-(x * x + y * y) / (2 * (reach / 2) ** 2)).astype(np.float32)


class _Canvas:
    """Draws in shares of the picture."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self.width, self.height = width, height
        self.random = np.random.default_rng(seed)
        self.picture: Picture = np.zeros((height, width, 3), np.uint8)

    def area(self, points: list[tuple[float, float]], colour: Colour) -> None:
        corners = np.array([(round(x * self.width), round(y * self.height)) for x, y in points], np.int32)
        cv2.fillPoly(self.picture, [corners], colour, cv2.LINE_AA)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self.area([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def line(
        self, a: tuple[float, float], b: tuple[float, float], colour: Colour, thick: float = 0.002
    ) -> None:
        ends = [(round(x * self.width), round(y * self.height)) for x, y in (a, b)]
        cv2.line(self.picture, ends[0], ends[1], colour, max(1, round(thick * self.width)), cv2.LINE_AA)

    def fade(self, top: float, bottom: float, upper: Colour, lower: Colour) -> None:
        rows = slice(round(top * self.height), round(bottom * self.height))
        share = np.linspace(0, 1, rows.stop - rows.start, dtype=np.float32)[:, None, None]
        colours = np.array(upper, np.float32) * (1 - share) + np.array(lower, np.float32) * share
        self.picture[rows] = colours.astype(np.uint8)

    def grain(self, top: float, bottom: float, strength: float, coarse: int) -> None:
        """Roughen a band of the picture; `coarse` is how many grains go across it."""
        rows = slice(round(top * self.height), round(bottom * self.height))
        size = (coarse, max(2, coarse * (rows.stop - rows.start) // self.width))
        grains = self.random.normal(0, strength, (size[1], size[0])).astype(np.float32)
        spread = cv2.resize(grains, (self.width, rows.stop - rows.start), interpolation=cv2.INTER_CUBIC)
        rough = self.picture[rows].astype(np.float32) + spread[..., None]
        self.picture[rows] = np.clip(rough, 0, 255).astype(np.uint8)

    def blob(self, x: float, y: float, radius: float, colour: Colour) -> None:
        centre = (round(x * self.width), round(y * self.height))
        cv2.circle(self.picture, centre, max(1, round(radius * self.width)), colour, -1, cv2.LINE_AA)


def _yard(canvas: _Canvas) -> None:
    canvas.fade(0.0, 0.40, (214, 176, 132), (228, 214, 196))
    canvas.fade(0.40, 1.0, (72, 122, 96), (52, 108, 78))
    canvas.grain(0.40, 1.0, 7, 420)
    canvas.grain(0.40, 1.0, 9, 60)
    _hedge(canvas)
    _fence(canvas)
    _house(canvas)
    canvas.area([(0.545, 0.58), (0.635, 0.58), (0.60, 1.0), (0.28, 1.0)], (150, 158, 164))
    for step in range(1, 7):
        y = 0.58 + 0.42 * (step / 7) ** 1.5
        left = 0.545 - 0.265 * (y - 0.58) / 0.42
        right = 0.635 - 0.035 * (y - 0.58) / 0.42
        canvas.line((left, y), (right, y), (126, 134, 140), 0.0022)
    canvas.grain(0.56, 1.0, 4, 300)


def _hedge(canvas: _Canvas) -> None:
    for _ in range(170):
        x, y = canvas.random.uniform(-0.02, 0.40), canvas.random.uniform(0.24, 0.42)
        shade = int(canvas.random.integers(-14, 14))
        canvas.blob(x, y, canvas.random.uniform(0.012, 0.026), (48 + shade, 92 + shade, 58 + shade))


def _fence(canvas: _Canvas) -> None:
    for rail in (0.40, 0.46):
        canvas.box(0.0, rail, 0.43, rail + 0.014, (92, 124, 150))
    for post in np.arange(0.005, 0.43, 0.027):
        canvas.box(post, 0.355, post + 0.013, 0.505, (104, 138, 166))


def _house(canvas: _Canvas) -> None:
    canvas.box(0.42, 0.06, 1.0, 0.585, (168, 190, 206))
    for course in np.arange(0.085, 0.57, 0.0245):
        canvas.line((0.42, course), (1.0, course), (150, 172, 190), 0.0012)
        shift = 0.013 if round(course / 0.0245) % 2 else 0.0
        for joint in np.arange(0.42 + shift, 1.0, 0.026):
            canvas.line((joint, course), (joint, course + 0.0245), (154, 176, 193), 0.0008)
    canvas.area([(0.39, 0.075), (1.0, 0.075), (1.0, 0.0), (0.45, 0.0)], (62, 74, 118))
    canvas.box(0.42, 0.545, 1.0, 0.595, (120, 130, 138))
    canvas.box(0.54, 0.205, 0.63, 0.585, (214, 222, 226))
    canvas.box(0.547, 0.22, 0.623, 0.585, (70, 62, 44))
    for panel in (0.245, 0.41):
        canvas.box(0.556, panel, 0.614, panel + 0.135, (84, 76, 56))
    canvas.blob(0.612, 0.405, 0.0035, (120, 190, 214))
    canvas.box(0.53, 0.58, 0.64, 0.605, (140, 148, 152))
    for left in (0.72, 0.86):
        canvas.box(left - 0.006, 0.19, left + 0.106, 0.425, (220, 226, 230))
        canvas.box(left, 0.20, left + 0.10, 0.415, (122, 104, 84))
        canvas.area([(left, 0.20), (left + 0.045, 0.20), (left, 0.32)], (146, 130, 112))
        canvas.box(left + 0.0475, 0.20, left + 0.0525, 0.415, (220, 226, 230))
        canvas.box(left, 0.30, left + 0.10, 0.307, (220, 226, 230))
    canvas.line((LAMP[0], LAMP[1] - 0.03), (LAMP[0], LAMP[1] - 0.005), (40, 40, 44), 0.004)
    shade = [(-0.007, 0.0), (0.007, 0.0), (0.011, 0.03), (-0.011, 0.03)]
    canvas.area([(LAMP[0] + x, LAMP[1] + y) for x, y in shade], (176, 186, 190))


def _room(canvas: _Canvas) -> None:
    canvas.fade(0.0, 0.62, (196, 208, 214), (178, 192, 200))
    canvas.fade(0.62, 1.0, (74, 104, 134), (92, 128, 162))
    for board in np.arange(-0.6, 1.6, 0.09):
        canvas.line((0.5 + (board - 0.5) * 0.55, 0.62), (board, 1.0), (66, 94, 122), 0.0018)
    canvas.box(0.0, 0.60, 1.0, 0.625, (226, 230, 232))
    canvas.box(0.08, 0.12, 0.34, 0.44, (228, 232, 234))
    canvas.box(0.09, 0.135, 0.33, 0.425, (224, 198, 160))
    canvas.box(0.207, 0.135, 0.213, 0.425, (228, 232, 234))
    canvas.box(0.76, 0.16, 0.90, 0.62, (110, 134, 158))
    canvas.box(0.772, 0.175, 0.888, 0.62, (126, 152, 178))
    canvas.box(0.44, 0.46, 0.70, 0.60, (96, 74, 70))
    canvas.box(0.43, 0.56, 0.71, 0.70, (112, 88, 82))
    canvas.box(0.45, 0.20, 0.56, 0.34, (60, 84, 120))
    canvas.grain(0.0, 1.0, 3, 200)
