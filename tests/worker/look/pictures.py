"""Small made-up pictures with a person-like figure, lamps and noise; brightness only, 0…255."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

type Luma = NDArray[np.uint8]

HEIGHT, WIDTH = 180, 320
SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """An upright figure: left edge at `x` (pixels) when `at_s` is 0, `pace` pixels a second."""

    x: float = 20.0
    y: int = 90
    height: int = 30
    pace: float = 25.0
    tone: int = 30
    enters_s: float = 0.0
    leaves_s: float = 1e9

    def draw(self, picture: NDArray[np.float32], at_s: float) -> None:
        if self.enters_s <= at_s < self.leaves_s:
            left = round(self.x + self.pace * (at_s - self.enters_s))
            wide = self.height // 3
            if left < picture.shape[1] and left + wide > 0:
                picture[self.y : self.y + self.height, max(0, left) : left + wide] = self.tone


class Yard:
    """A textured still scene; `picture(at_s)` adds figures, light and fresh noise."""

    def __init__(self, *, seed: int = 1, noise: float = 2.0, size: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
        self._rng = np.random.default_rng(seed)
        self.noise = noise
        coarse = self._rng.uniform(70, 130, (size[0] // 12, size[1] // 12)).astype(np.float32)
        fine = self._rng.normal(0, 10, (size[0] // 2, size[1] // 2)).astype(np.float32)
        self.ground: NDArray[np.float32] = cv2.resize(coarse, size[::-1]) + cv2.resize(fine, size[::-1])

    def picture(self, at_s: float, *figures: Figure, gain: float | NDArray[np.float32] = 1.0) -> Luma:
        scene = self.ground.copy()
        for figure in figures:
            figure.draw(scene, at_s)
        noisy = scene * gain + self._rng.normal(0, self.noise, scene.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)


def lamp(x: int, y: int, reach: float, strength: float = 1.2) -> NDArray[np.float32]:
    """Return the light of a lamp at (x, y) to multiply a picture with; 1 far away from it."""
    ys, xs = np.ogrid[0:HEIGHT, 0:WIDTH]
    away = ((xs - x) ** 2 + (ys - y) ** 2) / reach**2
    return (1 + strength * np.exp(-away)).astype(np.float32)
