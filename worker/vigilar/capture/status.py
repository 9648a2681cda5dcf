"""How the camera is doing, for the core."""

from vigilar.bus.messages import CaptureStatus
from vigilar.capture.backlog import Backlog
from vigilar.capture.camera import MainStream, SubStream
from vigilar.capture.desk import Desk
from vigilar.capture.stream import StreamReader
from vigilar.domain.camera import CameraId, CameraState
from vigilar.domain.clock import NANOSECONDS, Clock

_EVERY_NS = 5 * NANOSECONDS


class StatusReporter:
    """Makes a CaptureStatus every 5 s, and at once when the state, the mode or what is recorded changed."""

    def __init__(
        self,
        camera: CameraId,
        *,
        desk: Desk,
        backlog: Backlog,
        main: MainStream,
        sub: SubStream | None,
        reader: StreamReader,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._desk = desk
        self._backlog = backlog
        self._main = main
        self._sub = sub
        self._reader = reader
        self._clock = clock
        self._sent_ns = 0
        self._sent: tuple[object, ...] = ()

    def due(self) -> CaptureStatus | None:
        """Return a status if one is due."""
        now = self._clock.monotonic_ns()
        shown = (self._main.state, self._desk.mode, self._desk.recording, self._main.coverage.gap)
        if shown == self._sent and now - self._sent_ns < _EVERY_NS:
            return None
        self._sent, self._sent_ns = shown, now
        return self.status()

    def status(self) -> CaptureStatus:
        """Return how it is now."""
        main, meter = self._main, self._main.meter
        ring_s, ring_bytes = self._desk.held
        return CaptureStatus(
            camera=self._camera,
            state=main.state,
            mode=self._desk.mode,
            main=meter.facts(),
            sub=self._sub.meter.facts() if self._sub is not None else None,
            recording=self._desk.recording,
            last_packet_ns=meter.last_packet_ns,
            ring_s=round(ring_s, 2),
            ring_bytes=ring_bytes,
            queue_s=round(self._backlog.waiting_s, 2),
            reconnects=max(0, self._reader.connections - 1),
            packets=meter.packets,
            bytes_received=meter.bytes,
            problem=self._problem(),
            covered_ns=main.coverage.covered_ns,
            gap=main.coverage.gap,
            accounts_from_ns=main.coverage.accounts_from_ns,
            cause=main.cause,
        )

    def _problem(self) -> str:
        if self._main.state is not CameraState.ONLINE:
            return self._main.problem
        return self._sub.problem if self._sub is not None else ""
