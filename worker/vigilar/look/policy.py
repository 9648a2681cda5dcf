"""What of a stream must be decoded: as little as still gives the looks that are wanted."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import MotionSettings

KEY_INTERVAL_LONG: Final = "key_interval_long"
LONGEST_MAIN_KEY_INTERVAL_S: Final = 1.05
"""Main streams are dear to decode: one look a second, at the key frames, is accepted for them."""
CALM_BEFORE_SAVING_NS: Final = 2 * NANOSECONDS


class Depth(StrEnum):
    """How much is decoded."""

    KEYS = "keys"
    REFERENCES = "references"
    ALL = "all"


class KeyInterval:
    """Measures the time between key frames as they arrive."""

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=5)
        self._last_ns: int | None = None

    def key_frame(self, at_ns: int) -> None:
        """Take note of one."""
        if self._last_ns is not None and at_ns > self._last_ns:
            self._gaps.append((at_ns - self._last_ns) / NANOSECONDS)
        self._last_ns = at_ns

    def interrupted(self) -> None:
        """The stream was: the next gap says nothing."""
        self._last_ns = None

    @property
    def seconds(self) -> float:
        """The usual interval, 0 while unknown."""
        return median(self._gaps) if self._gaps else 0.0


@dataclass(frozen=True, slots=True)
class DecodePolicy:
    """The rule for one stream. `has_sub`: it is a small sub-stream, cheap to decode whole."""

    settings: MotionSettings
    has_sub: bool

    def idle_depth(self, key_interval_s: float) -> Depth:
        """Return what suffices while nothing stirs; everything until the key interval is known."""
        if not key_interval_s:
            return Depth.ALL
        wanted_s = 1.05 / max(0.1, self.settings.idle_looks_per_s)
        accepted_s = wanted_s if self.has_sub else max(wanted_s, LONGEST_MAIN_KEY_INTERVAL_S)
        if key_interval_s <= accepted_s or self.settings.thrift:
            return Depth.KEYS
        return Depth.ALL if self.has_sub else Depth.REFERENCES

    def problem(self, key_interval_s: float) -> str:
        """Return `key_interval_long` where thrift makes looks rarer than one a second."""
        long = key_interval_s > LONGEST_MAIN_KEY_INTERVAL_S
        return KEY_INTERVAL_LONG if long and self.idle_depth(key_interval_s) is Depth.KEYS else ""
