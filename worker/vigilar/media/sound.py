"""Sound waits for company: several packets are handled at a time, for waking up costs more than the work."""

import logging
from collections import deque
from typing import Final

from vigilar.domain.clock import NANOSECONDS
from vigilar.media.audio import AudioPath
from vigilar.media.packet import MediaPacket
from vigilar.media.template import AvPacket

_BATCH_NS: Final = NANOSECONDS // 10
_MOST: Final = 100
"""Packets that wait for the first picture; older ones belong before it anyway."""

_log = logging.getLogger(__name__)


class SoundQueue:
    """Packets of one audio stream between the demuxer and the path that keeps them."""

    __slots__ = ("_path", "_problem", "_shown", "_waiting")

    def __init__(self, path: AudioPath, shown: str) -> None:
        """`shown` names the source in the log."""
        self._path = path
        self._shown = shown
        self._problem = ""
        self._waiting: deque[tuple[AvPacket, int]] = deque(maxlen=_MOST)

    def hold(self, packet: AvPacket, arrival_ns: int) -> None:
        """Take a packet in."""
        self._waiting.append((packet, arrival_ns))

    def due(self, now_ns: int) -> bool:
        """Whether the oldest has waited for 0.1 s."""
        return bool(self._waiting) and now_ns - self._waiting[0][1] >= _BATCH_NS

    def release(self) -> list[MediaPacket]:
        """Return what all that wait become."""
        made: list[MediaPacket] = []
        while self._waiting:
            made += self._path.add(*self._waiting.popleft())
        if self._path.problem != self._problem:
            self._problem = self._path.problem
            _log.warning("%s: %s", self._shown, self._problem)
        return made
