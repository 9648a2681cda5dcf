"""Still worlds to light and walk through: reflectance, its look in infrared, people drawn to size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

type Plane = NDArray[np.float32]
"""(height, width); reflectance or light, about 0…1."""

HEIGHT, WIDTH = 360, 640


def grain(rng: np.random.Generator, scale: float) -> Plane:
    """Return smooth random texture of mean 0 and deviation 1 whose features are about `scale` pixels wide."""
    small = rng.standard_normal((max(2, int(HEIGHT / scale) + 2), max(2, int(WIDTH / scale) + 2)))
    large = cv2.resize(small.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return (large - large.mean()) / (large.std() + 1e-6)


def _box(plane: Plane, rng: np.random.Generator, low: float, high: float) -> None:
    x, y = int(rng.integers(0, WIDTH - 40)), int(rng.integers(HEIGHT // 3, HEIGHT - 30))
    w, h = int(rng.integers(20, 160)), int(rng.integers(15, 110))
    plane[y : y + h, x : x + w] = rng.uniform(low, high)
    cv2.rectangle(plane, (x, y), (x + w, y + h), float(rng.uniform(low, high)), 2)


def yard(rng: np.random.Generator) -> Plane:
    """Return a yard: sky, a rough wall or hedge, grass or gravel, a path, things standing about."""
    horizon = int(rng.uniform(0.12, 0.4) * HEIGHT)
    plane = 0.35 + 0.05 * grain(rng, 60) + rng.uniform(0.02, 0.08) * grain(rng, rng.uniform(1.5, 5))
    plane[:horizon] = 0.75 + 0.05 * grain(rng, 120)[:horizon]
    hedge = slice(horizon - 20, horizon + int(rng.integers(20, 70)))
    plane[hedge] = 0.2 + 0.07 * grain(rng, rng.uniform(2, 6))[hedge]
    path = np.array([[rng.uniform(0, 640), 360], [rng.uniform(0, 640), 360], [320, horizon + 20]], np.int32)
    cv2.fillPoly(plane, [path], float(rng.uniform(0.4, 0.6)))
    for _ in range(int(rng.integers(3, 9))):
        _box(plane, rng, 0.08, 0.8)
    return np.clip(plane, 0.03, 0.95).astype(np.float32)


def room(rng: np.random.Generator) -> Plane:
    """Return a room: plain walls, floor, doors and furniture with hard edges."""
    floor = int(rng.uniform(0.55, 0.75) * HEIGHT)
    plane = np.full((HEIGHT, WIDTH), rng.uniform(0.45, 0.7), np.float32)
    plane[:, int(rng.uniform(0.25, 0.75) * WIDTH) :] *= np.float32(rng.uniform(0.8, 0.95))
    plane[floor:] = rng.uniform(0.2, 0.5) + 0.03 * grain(rng, rng.uniform(3, 12))[floor:]
    for _ in range(int(rng.integers(4, 12))):
        _box(plane, rng, 0.06, 0.85)
    return np.clip(plane + 0.006 * grain(rng, 2), 0.03, 0.95).astype(np.float32)


def in_infrared(plane: Plane, rng: np.random.Generator) -> Plane:
    """Return the same world by infrared lamps: other reflectances, bright in the middle, dark at the rim."""
    curve = np.cumsum(rng.uniform(0.2, 1.8, 32)).astype(np.float32)
    other = np.interp(plane, np.linspace(0, 1, 32), curve / curve[-1]).astype(np.float32)
    return (0.5 * plane + 0.5 * other) * spot(WIDTH / 2, HEIGHT * 0.55, 230.0)


def spot(x: float, y: float, reach: float) -> Plane:
    """Return a lamp's light that falls off from (x, y); `reach` in pixels."""
    ys, xs = np.ogrid[0:HEIGHT, 0:WIDTH]
    away = (xs - x) ** 2 + (1.3 * (ys - y)) ** 2
    return (1.0 / (1.0 + away / reach**2)).astype(np.float32)


def hard_shadows(rng: np.random.Generator) -> Plane:
    """Return what a lamp's light is multiplied with: straight shadow edges of things in its way."""
    plane = np.ones((HEIGHT, WIDTH), np.float32)
    for _ in range(int(rng.integers(2, 6))):
        x, y = float(rng.uniform(0, WIDTH)), float(rng.uniform(HEIGHT * 0.3, HEIGHT))
        lean, wide, long = rng.uniform(-80, 80), rng.uniform(10, 70), rng.uniform(40, 160)
        corners = [(x, y), (x + wide, y), (x + wide + lean, y + long), (x + lean, y + long)]
        cv2.fillPoly(plane, [np.array(corners, np.int32)], float(rng.uniform(0.3, 0.6)))
    return cv2.GaussianBlur(plane, (0, 0), 1.5).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody who enters at `enters_s` and walks from (x, y) at `pace` pixels a second; y is at the feet."""

    enters_s: float
    leaves_s: float
    x: float
    y: float
    pace: tuple[float, float]
    height: float
    coat: float
    trousers: float
    skin: float

    def draw(self, plane: Plane, at_s: float) -> Plane:
        """Return the world with the walker in it at this time."""
        if not self.enters_s <= at_s < self.leaves_s:
            return plane
        gone = at_s - self.enters_s
        x, y, h = self.x + self.pace[0] * gone, self.y + self.pace[1] * gone, self.height
        big = 4
        left, top = int(x - 0.35 * h) - 2, int(y - h) - 2
        side_x, side_y = int(0.7 * h) + 5, int(h) + 5
        ink = np.zeros((side_y * big, side_x * big), np.float32)
        cover = np.zeros_like(ink)
        self._body(ink, cover, (x - left) * big, (y - top) * big, h * big, gone)
        ink = cv2.resize(ink, (side_x, side_y), interpolation=cv2.INTER_AREA)
        cover = cv2.resize(cover, (side_x, side_y), interpolation=cv2.INTER_AREA)
        return _over(plane, ink, cover, left, top)

    def _body(self, ink: Plane, cover: Plane, x: float, y: float, h: float, gone: float) -> None:
        swing = 0.16 * h * np.sin(gone * 2 * np.pi * 0.9)
        hip, neck = y - 0.47 * h, y - 0.84 * h
        limb, arm = max(1, int(0.09 * h)), max(1, int(0.06 * h))
        parts = [
            ((x, hip), (x + swing, y), limb, self.trousers),
            ((x, hip), (x - swing, y), limb, self.trousers * 0.9),
            ((x, neck + 0.05 * h), (x - 0.8 * swing, hip), arm, self.coat * 0.85),
            ((x, neck + 0.06 * h), (x, hip), max(1, int(0.2 * h)), self.coat),
            ((x, neck + 0.05 * h), (x + 0.8 * swing, hip), arm, self.coat * 1.1),
        ]
        for start, end, thick, tone in parts:
            a, b = (int(start[0]), int(start[1])), (int(end[0]), int(end[1]))
            cv2.line(ink, a, b, float(tone), thick)
            cv2.line(cover, a, b, 1.0, thick)
        head = (int(x), int(y - 0.92 * h))
        cv2.circle(ink, head, max(1, int(0.075 * h)), float(self.skin), -1)
        cv2.circle(cover, head, max(1, int(0.075 * h)), 1.0, -1)


def _over(plane: Plane, ink: Plane, cover: Plane, left: int, top: int) -> Plane:
    out = plane.copy()
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(WIDTH, left + ink.shape[1]), min(HEIGHT, top + ink.shape[0])
    if x1 <= x0 or y1 <= y0:
        return out
    part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    here = (slice(y0, y1), slice(x0, x1))
    out[here] = out[here] * (1 - cover[part]) + ink[part]
    return out


def walker(rng: np.random.Generator, ground: Plane, enters_s: float, share: tuple[float, float]) -> Walker:
    """Return a walker `share` (low, high) of the picture's height tall who comes in from a side or is lit up.

    Clothes are as people wear them, but nobody is given just the ground's own tone.
    """
    height = float(rng.uniform(*share)) * HEIGHT
    heading = int(rng.choice([-1, 1]))
    pace = height * rng.uniform(0.6, 0.95)
    y = float(rng.uniform(0.5 * HEIGHT + height * 0.5, HEIGHT * 0.97))
    x = float(rng.uniform(0.1, 0.4)) * WIDTH if heading > 0 else float(rng.uniform(0.6, 0.9)) * WIDTH
    row = ground[int(min(max(y - height / 2, 0), HEIGHT - 1))]
    tone = float(row.mean())
    coat = tone + float(rng.choice([-1, 1])) * float(rng.uniform(0.15, 0.4))
    coat = coat if 0.04 <= coat <= 0.95 else 2 * tone - coat
    coat, trousers = float(np.clip(coat, 0.04, 0.95)), float(rng.uniform(0.05, 0.5))
    drift = float(rng.uniform(-0.15, 0.15)) * pace
    return Walker(enters_s, enters_s + 8.0, x, y, (heading * pace, drift), height, coat, trousers, 0.5)
