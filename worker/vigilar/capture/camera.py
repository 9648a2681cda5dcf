"""A camera's two streams: what their chunks are for, and what is to be told of their coming and going."""

from collections.abc import Callable
from typing import Final

from vigilar.bus.messages import AnyMessage, CameraStateChanged
from vigilar.capture.chunk import EAGER_PACE_NS, IDLE_PACE_NS, Chunk
from vigilar.capture.coverage import Coverage, gap_reason
from vigilar.capture.desk import Desk
from vigilar.capture.mark import Mark
from vigilar.capture.meter import Meter
from vigilar.capture.publisher import StreamPublisher
from vigilar.domain.camera import CameraId, CameraState
from vigilar.domain.clock import Clock
from vigilar.media.errors import StalledError

STALLED: Final = StalledError.code


class MainStream:
    """The stored stream: to the desk, and to `look` where there is no sub-stream."""

    def __init__(
        self,
        camera: CameraId,
        desk: Desk,
        publisher: StreamPublisher | None,
        *,
        clock: Clock,
        tell: Callable[[AnyMessage], None],
        before: Mark | None = None,
    ) -> None:
        self.coverage = Coverage(camera, desk, clock=clock, tell=tell, before=before)
        self.meter = Meter()
        self.state = CameraState.CONNECTING
        self.problem = self.cause = ""
        self._camera = camera
        self._desk = desk
        self._publisher = publisher
        self._clock = clock
        self._tell = tell
        self._session = 0

    @property
    def pace_ns(self) -> int:
        """How long chunks should be: short while somebody watches, or motion is told from this stream."""
        eager = self._desk.watched or (self._publisher is not None and self._desk.moving)
        return EAGER_PACE_NS if eager else IDLE_PACE_NS

    def take(self, chunk: Chunk) -> None:
        """Hand a chunk on."""
        if chunk.session != self._session:
            self._session = chunk.session
            self._came(chunk)
        self.coverage.take(chunk)
        self.meter.take(chunk)
        self._desk.take(chunk)
        if self._publisher is not None:
            self._publisher.take(chunk)

    def broke(self, reason: str, cause: str = "") -> None:
        """The connection is gone, or could not be made.

        A stalled camera that then cannot be reached at all is told again, as away.
        """
        away = self.state is CameraState.OFFLINE
        worse = away and self.cause == STALLED != cause
        if not away or worse:
            self.cause = cause
        self.problem = reason
        self._desk.session_ended()
        self.coverage.broke(gap_reason(cause), reason)
        if not away or worse:
            self.state = CameraState.OFFLINE
            self._tell(
                CameraStateChanged(self._camera, self.state, self._clock.monotonic_ns(), reason, cause)
            )

    def _came(self, chunk: Chunk) -> None:
        if self.state is not CameraState.ONLINE:
            self.state, self.problem, self.cause = CameraState.ONLINE, "", ""
            self._tell(CameraStateChanged(self._camera, self.state, chunk.first_ns, ""))


class SubStream:
    """The looked-at stream: to `look` only."""

    def __init__(self, desk: Desk, publisher: StreamPublisher) -> None:
        self.meter = Meter()
        self.problem = ""
        self._desk = desk
        self._publisher = publisher

    @property
    def pace_ns(self) -> int:
        """How long chunks should be now."""
        return EAGER_PACE_NS if self._desk.moving else IDLE_PACE_NS

    def take(self, chunk: Chunk) -> None:
        """Hand a chunk on."""
        self.problem = ""
        self.meter.take(chunk)
        self._publisher.take(chunk)

    def broke(self, reason: str, cause: str = "") -> None:
        """Remember why there are no pictures to look at."""
        self.problem = f"sub-stream: {reason}"
