"""What the picture looks like when nothing moves, and where the present one differs.

Per pixel two running means: the level, and how far it usually strays (leaves, water, a flickering sign,
noise). Neither follows an outlier further than a few grey levels a step (Huber's mean), so that a car which
passes leaves no ghost, no matter how long the queue, while slow change is followed; and no second "is it
foreground" guess is needed to protect them.
"""

from math import exp
from typing import Final

import cv2
import numpy as np

from vigilar.look.picture import Box, Luma, Mask

LEVEL_TAU_S: Final = 8.0
"""Slow light (dusk, clouds) is followed in about this time."""
LEVEL_REACH: Final = 8
"""Grey levels beyond which a difference pulls no harder."""
STRAY_TAU_S: Final = 15.0
"""A restless spot is learned, and forgotten, in about this time."""
STRAY_CAP: Final = 24
STRAY_START: Final = 4.0
"""A scene not yet known is taken for a restless one."""
BASE_THRESHOLD: Final = 10.0
"""Grey levels over the usual straying that count as change at sensitivity 50: above compression ripple."""
STRAY_WEIGHT: Final = 2.0
CLIPPED: Final = 250
_VOTES: Final = 115
"""Of 255: about half of a pixel's neighbourhood must have changed."""


def _share(dt_s: float, tau_s: float) -> float:
    return 1.0 - exp(-dt_s / tau_s)


class Background:
    """Background of one camera. Pictures are smoothed uint8 of one shape; `dt_s` seconds lie between two."""

    def __init__(self, picture: Luma, reach: int, sensitivity: int) -> None:
        """Begin with one picture; pixels vote in squares of `reach`; `sensitivity` 0…100."""
        self._vote = (reach, reach)
        self._level_reach = np.full(picture.shape, LEVEL_REACH, np.uint8)
        self._stray_cap = np.full(picture.shape, STRAY_CAP, np.uint8)
        self.level: Luma = picture.copy()
        self._exact = picture.astype(np.float32)
        self._stray = np.full(picture.shape, STRAY_START, np.float32)
        self._looks = 0
        self.set_sensitivity(sensitivity)

    def set_sensitivity(self, sensitivity: int) -> None:
        """Change how much difference counts: each 40 points halve it."""
        self._factor = 2.0 ** ((50 - sensitivity) / 40)
        self._set_thresholds()

    @property
    def noise(self) -> float:
        """Usual straying over the whole picture, grey levels."""
        return float(cv2.mean(self._stray)[0])

    def difference(self, picture: Luma) -> Luma:
        """Return how far each pixel is from the background."""
        return cv2.absdiff(picture, self.level).astype(np.uint8, copy=False)

    def changed(self, difference: Luma) -> Mask:
        """Return where the difference counts, by vote of a pixel's neighbourhood: specks lose, gaps close."""
        raw = cv2.compare(difference, self._thresholds, cv2.CMP_GT)
        votes = cv2.blur(raw, self._vote)
        _, mask = cv2.threshold(votes, _VOTES, 255, cv2.THRESH_BINARY)
        return mask.astype(np.uint8, copy=False)

    def learn(self, picture: Luma, difference: Luma, dt_s: float, movers: tuple[Box, ...] = ()) -> None:
        """Follow the picture. What moves (`movers`) does not count as the spot's own restlessness."""
        self._looks += 1
        low, high = cv2.subtract(self.level, self._level_reach), cv2.add(self.level, self._level_reach)
        reached = cv2.min(cv2.max(picture, low), high)
        cv2.accumulateWeighted(reached, self._exact, max(_share(dt_s, LEVEL_TAU_S), 1 / (1 + self._looks)))
        cv2.convertScaleAbs(self._exact, self.level)
        self._learn_stray(difference, dt_s, movers)

    def _learn_stray(self, difference: Luma, dt_s: float, movers: tuple[Box, ...]) -> None:
        capped = cv2.min(difference, self._stray_cap)
        for box in movers:
            spot = box.slices()
            capped[spot] = np.minimum(capped[spot], self._stray[spot].astype(np.uint8))
        cv2.accumulateWeighted(capped, self._stray, max(_share(dt_s, STRAY_TAU_S), 0.5 / (1 + self._looks)))
        self._set_thresholds()

    def _set_thresholds(self) -> None:
        self._thresholds: Luma = cv2.convertScaleAbs(
            self._stray, alpha=STRAY_WEIGHT * self._factor, beta=BASE_THRESHOLD * self._factor
        ).astype(np.uint8, copy=False)

    def relight(self, gain: float, offset: float, picture: Luma) -> None:
        """Take on a new light: every level becomes gain · level + offset, 0…255.

        Where the background was clipped it knows nothing, and takes the picture.
        """
        clipped = self.level >= CLIPPED
        np.clip(self._exact * np.float32(gain) + np.float32(offset), 0, 255, out=self._exact)
        np.copyto(self._exact, picture, where=clipped, casting="unsafe")
        cv2.convertScaleAbs(self._exact, self.level)

    def adopt(self, picture: Luma, where: Mask | None = None, box: Box | None = None) -> None:
        """Take the picture as the new background: all of it, or within `box` where `where` is set."""
        if box is None or where is None:
            self._exact[:] = picture
        else:
            spot = box.slices()
            np.copyto(self._exact[spot], picture[spot], where=where > 0, casting="unsafe")
        cv2.convertScaleAbs(self._exact, self.level)
