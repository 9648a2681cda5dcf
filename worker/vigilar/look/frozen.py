"""Is the picture frozen? Only decoded key frames are compared, and only for being the same to the last bit.

A sensor's noise makes no two pictures equal; an encoder that repeats one does. Between key frames an encoder
may well send "nothing changed" for a live picture, so those say nothing.
"""

import zlib
from typing import Final

import numpy as np

from vigilar.domain.clock import NANOSECONDS
from vigilar.look.picture import Luma

FEWEST_EQUAL: Final = 10
FROZEN_NS: Final = 26 * NANOSECONDS
"""With key frames 2 s apart and the time to decode them a freeze is told within 30 s."""
LEAST_SPREAD: Final = 6.0
"""Standard deviation in grey levels; a black night comes out of a coarse encoder equal, and is none."""


class FrozenJudge:
    """Judges one camera's key frames; equal ones before and after a break in the stream are equal, too."""

    def __init__(self) -> None:
        self._picture: Luma | None = None
        self._digest: int | None = None
        self._equal = 0
        self.since_ns = 0
        """When the picture that is shown now was first seen."""
        self._at_ns = 0

    @property
    def frozen(self) -> bool:
        """Whether the newest key frames are one picture."""
        return self._equal >= FEWEST_EQUAL and self._at_ns - self.since_ns >= FROZEN_NS

    def key_frame(self, picture: Luma, luma: Luma, at_ns: int) -> None:
        """Take in a key frame, shrunk (`picture`) and as it is; only where the shrunk are equal it counts."""
        before, self._picture, self._at_ns = self._picture, picture, at_ns
        if before is None or not np.array_equal(before, picture):
            self._digest, self._equal, self.since_ns = None, 1, at_ns
            return
        digest = zlib.crc32(np.ascontiguousarray(luma))
        if self._digest is not None and digest != self._digest:
            self._equal, self.since_ns = 1, at_ns
        elif self._equal > 1 or float(picture.std()) >= LEAST_SPREAD:
            self._equal += 1
        self._digest = digest
