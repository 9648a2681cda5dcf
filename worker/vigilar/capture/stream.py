"""Reading one stream for ever: connect, read, and when it breaks, connect again."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from vigilar.capture.backoff import Backoff
from vigilar.capture.chunk import IDLE_PACE_NS, Chunk, Chunker
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.errors import VigilarError
from vigilar.domain.settings import StreamSettings
from vigilar.media.errors import UnauthorizedError
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo

_LOG = logging.getLogger(__name__)
_CONNECTING_MOST_S: Final = 90
"""Added to the time-outs: a name look-up knows none."""
_READING_MOST_S: Final = 4
"""Added to the read time-out: a connection on which only keep-alives come evades it (see `open_input`)."""
ENDED: Final = "the camera closed the connection"


class OpenStream(Protocol):
    """An open stream (media's Source)."""

    @property
    def info(self) -> StreamInfo:
        """Return what holds for the packets that come next."""

    def packets(self) -> Iterator[MediaPacket | StreamInfo]:
        """Yield packets; a StreamInfo comes before the key frame from which it holds."""

    def close(self) -> None:
        """End it, from any thread."""


class StreamSink(Protocol):
    """Who a stream's chunks are for. Called from the reader's thread."""

    @property
    def pace_ns(self) -> int:
        """Return how long chunks should be just now."""

    def take(self, chunk: Chunk) -> None:
        """Take the next chunk; a rising `session` tells of a new connection."""

    def broke(self, reason: str, cause: str = "") -> None:
        """Hear that there is no connection, and why.

        `reason` is for people and free of credentials, `cause` the stable code of the error, if there is one.
        """


class StreamReader:
    """Feeds a sink from a stream, in a thread of its own, with back-off between attempts, until stopped."""

    def __init__(
        self,
        label: str,
        open_stream: Callable[[StreamSettings], OpenStream],
        settings: StreamSettings,
        sink: StreamSink,
        *,
        clock: Clock,
        backoff: Backoff | None = None,
    ) -> None:
        self._label = label
        self._open_stream = open_stream
        self._settings = settings
        self._sink = sink
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._stopped = threading.Event()
        self._stream: OpenStream | None = None
        self._progress_ns = clock.monotonic_ns()
        self._reading = False
        self._session = 0
        self.connections = 0
        self.thread = threading.Thread(target=self.run, name=f"stream-{label}", daemon=True)

    def run(self) -> None:
        """Read until stopped."""
        while not self._stopped.is_set():
            began_ns = self._progress_ns = self._clock.monotonic_ns()
            reason, cause = self._attempt()
            if self._stopped.is_set():
                return
            self._backoff.held((self._clock.monotonic_ns() - began_ns) / NANOSECONDS)
            wait_s = self._backoff.next(refused=cause == UnauthorizedError.code)
            _LOG.warning("stream %s: %s; next attempt in %.1f s", self._label, reason, wait_s)
            self._sink.broke(reason, cause)
            self._progress_ns = self._clock.monotonic_ns() + int(wait_s * NANOSECONDS)
            self._stopped.wait(wait_s)

    def stop(self) -> None:
        """Let go of the stream; the thread ends with its next packet or time-out."""
        self._stopped.set()
        if self._stream is not None:
            self._stream.close()

    def stuck(self) -> bool:
        """Return whether the thread hangs where no time-out reaches: a name look-up, a hung camera."""
        limit_s = self._settings.read_timeout_s
        limit_s += _READING_MOST_S if self._reading else self._settings.open_timeout_s + _CONNECTING_MOST_S
        return self._clock.monotonic_ns() - self._progress_ns > limit_s * NANOSECONDS

    def _attempt(self) -> tuple[str, str]:
        """Connect and read to the end; return why it ended, for people and as the error's code."""
        try:
            self._stream = stream = self._open_stream(self._settings)
            try:
                self._progress_ns, self._reading = self._clock.monotonic_ns(), True
                self._read(stream)
            finally:
                self._stream, self._reading = None, False
                stream.close()
        except VigilarError as err:
            return str(err), err.code
        except Exception as err:  # noqa: BLE001  (the edge of this thread: a camera's oddity ends no watch)
            _LOG.exception("stream %s failed unexpectedly", self._label)
            return f"unexpected failure ({type(err).__name__})", ""
        return ENDED, ""

    def _read(self, stream: OpenStream) -> None:
        self._session += 1
        self.connections += 1
        chunker = Chunker(self._session, stream.info, self._sink.pace_ns)
        add = chunker.add
        try:
            for item in stream.packets():
                done = add(item) if item.__class__ is MediaPacket else chunker.describe(item)  # type: ignore[arg-type]
                if done is not None:
                    self._hand_on(chunker, done)
                if self._stopped.is_set():
                    return
        finally:
            # What arrived before a break belongs to the recording.
            rest = chunker.cut()
            if rest is not None:
                self._hand_on(chunker, rest)

    def _hand_on(self, chunker: Chunker, chunk: Chunk) -> None:
        self._progress_ns = chunk.last_ns
        self._sink.take(chunk)
        chunker.pace_ns = self._sink.pace_ns or IDLE_PACE_NS
