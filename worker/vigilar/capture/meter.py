"""What a stream is measured to deliver, told from its chunks."""

from collections import deque
from dataclasses import replace
from typing import Final

from vigilar.capture.chunk import Chunk
from vigilar.domain.camera import StreamFacts
from vigilar.media.packet import VIDEO_TICKS_PER_S, PacketKind
from vigilar.media.stream_info import StreamInfo

_SECOND: Final = 1_000_000_000
_WINDOW_NS: Final = 10 * _SECOND


class Meter:
    """Frame rate, bit rate and key interval over the last 10 s; totals since the start. Fed by one thread.

    `facts` may be read from any.
    """

    def __init__(self) -> None:
        self.packets = 0
        self.bytes = 0
        self.last_packet_ns = 0
        self._window: deque[tuple[int, int, int]] = deque()
        self._pictures = 0
        self._window_bytes = 0
        self._last_key_dts: int | None = None
        self._key_interval_s = 0.0
        self._info: StreamInfo | None = None
        self._session = 0

    def take(self, chunk: Chunk) -> None:
        """Count a chunk."""
        if chunk.session != self._session:
            self._session = chunk.session
            self._window.clear()
            self._pictures = self._window_bytes = 0
            self._last_key_dts = None
        self._info = chunk.info
        self.packets += len(chunk.packets)
        self.bytes += chunk.size
        self.last_packet_ns = chunk.last_ns
        pictures = sum([packet.kind is PacketKind.VIDEO for packet in chunk.packets])
        self._window.append((chunk.first_ns, pictures, chunk.size))
        self._pictures += pictures
        self._window_bytes += chunk.size
        while self._window[0][0] < chunk.last_ns - _WINDOW_NS:
            _, old_pictures, old_bytes = self._window.popleft()
            self._pictures -= old_pictures
            self._window_bytes -= old_bytes
        if chunk.key:
            if self._last_key_dts is not None:
                self._key_interval_s = (chunk.dts - self._last_key_dts) / VIDEO_TICKS_PER_S
            self._last_key_dts = chunk.dts

    def facts(self) -> StreamFacts | None:
        """Return what is known; None before the first picture."""
        info, window = self._info, self._window
        if info is None or not window:
            return None
        span_s = (self.last_packet_ns - window[0][0]) / _SECOND
        facts = info.facts(
            key_interval_s=round(self._key_interval_s, 3),
            bit_rate=int(self._window_bytes * 8 / span_s) if span_s > 1 else 0,
        )
        return replace(facts, fps=round(self._pictures / span_s, 2)) if span_s > 2 else facts
