"""Live view: MPEG-TS per viewer, muxed from the ring's packets. Costs nothing while nobody watches."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from vigilar.bus.livecast import END, LivePublisher
from vigilar.capture.chunk import Chunk
from vigilar.capture.desk import Desk
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.errors import UnavailableError
from vigilar.media.errors import MediaError
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo

_LOG = logging.getLogger(__name__)
_BACKLOG: Final = 200
_ARRIVE_WITHIN_NS: Final = 10 * NANOSECONDS


class LiveMuxer(Protocol):
    """Makes MPEG-TS (media's TsWriter)."""

    def add(self, packet: MediaPacket) -> bytes:
        """Return what the packet makes."""


@dataclass(slots=True)
class _Viewer:
    muxer: LiveMuxer
    first: Chunk
    seen_ns: int
    since_ns: int


class LiveDesk:
    """All viewers of one camera. Owned by the thread that owns the sockets; chunks come from the reader's.

    A viewer's stream ends when the camera's connection or codec changes (its player asks again), or when it
    falls behind by more than the queue holds. `wake` is called when chunks wait for `pump`.
    """

    def __init__(
        self,
        desk: Desk,
        publisher: LivePublisher,
        make_muxer: Callable[[StreamInfo], LiveMuxer],
        *,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._publisher = publisher
        self._make_muxer = make_muxer
        self._clock = clock
        self._wake = wake
        self._viewers: dict[str, _Viewer] = {}
        self._chunks: deque[Chunk] = deque()

    def open(self, viewer: str) -> None:
        """Begin with the newest key frame. Raises UnavailableError."""
        self.close(viewer)
        group = self._desk.look_on(self._look_on)
        if not group:
            self._look_away_if_alone()
            raise UnavailableError("the camera sends no pictures now; try again when it is online")
        muxer = self._make_muxer(group[0].info)
        self._viewers[viewer] = _Viewer(muxer, group[0], 0, self._clock.monotonic_ns())
        for chunk in group:
            self._feed(viewer, chunk)

    def close(self, viewer: str) -> None:
        """End a viewer's stream; an unknown viewer is fine."""
        if self._viewers.pop(viewer, None) is not None:
            self._publisher.send(viewer, END)
        self._look_away_if_alone()

    def pump(self) -> None:
        """Send what came; let viewers go whose reader left."""
        for viewer in self._publisher.departed():
            self.close(viewer)
        if len(self._chunks) > _BACKLOG:
            _LOG.warning("live view fell behind; its viewers have to ask again")
            self._chunks.clear()
            self.close_all()
        while self._chunks:
            chunk = self._chunks.popleft()
            for viewer in list(self._viewers):
                self._feed(viewer, chunk)

    def tick(self) -> None:
        """Let viewers go that never came to read."""
        self.pump()
        latest = self._clock.monotonic_ns() - _ARRIVE_WITHIN_NS
        for viewer, state in list(self._viewers.items()):
            if state.since_ns < latest and viewer not in self._publisher.watchers:
                self.close(viewer)

    def close_all(self) -> None:
        """End all streams."""
        for viewer in list(self._viewers):
            self.close(viewer)

    def _look_on(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._wake()

    def _look_away_if_alone(self) -> None:
        if not self._viewers:
            self._desk.look_on(None)
            self._chunks.clear()

    def _feed(self, viewer: str, chunk: Chunk) -> None:
        state = self._viewers.get(viewer)
        if state is None:
            return
        if chunk.session != state.first.session or chunk.info != state.first.info:
            self.close(viewer)
            return
        if chunk.first_ns <= state.seen_ns:
            return  # it was in the group the viewer began with
        state.seen_ns = chunk.last_ns
        try:
            made = b"".join([state.muxer.add(packet) for packet in chunk.packets])
        except MediaError as err:
            _LOG.warning("live view ended: %s", err)
            self.close(viewer)
            return
        if made:
            self._publisher.send(viewer, made)
