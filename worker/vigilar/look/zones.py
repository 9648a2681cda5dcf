"""Where movement counts: include and exclude polygons drawn onto the working picture."""

import cv2
import numpy as np

from vigilar.domain.settings import MotionSettings, Zone
from vigilar.look.picture import Box, Mask


def _draw(zones: tuple[Zone, ...], shape: tuple[int, int], value: int, onto: Mask) -> Mask:
    height, width = shape
    for zone in zones:
        corners = np.array([(x * width, y * height) for x, y in zone.points], dtype=np.float64)
        cv2.fillPoly(onto, [np.rint(corners).astype(np.int32)], [value])
    return onto


class Zones:
    """The zones of one camera at one working size."""

    def __init__(self, settings: MotionSettings, shape: tuple[int, int]) -> None:
        """Draw the polygons for pictures of (height, width) `shape`."""
        self.watched: Mask | None = None
        """255 where movement counts; None where it counts everywhere."""
        self._named: tuple[tuple[str, Mask], ...] = tuple(
            (zone.name, _draw((zone,), shape, 255, np.zeros(shape, np.uint8))) for zone in settings.include
        )
        if settings.include or settings.exclude:
            ground = np.full(shape, 0 if settings.include else 255, np.uint8)
            self.watched = _draw(settings.exclude, shape, 0, _draw(settings.include, shape, 255, ground))

    def touched(self, box: Box) -> tuple[str, ...]:
        """Return the names of the include zones this box reaches into, in the order of the settings."""
        return tuple(name for name, mask in self._named if mask[box.slices()].any())
