"""The process's own thread: sockets, commands, the passing of time, the end."""

import logging
from typing import Final

import msgspec
import zmq

from vigilar.bus.link import Link
from vigilar.bus.messages import (
    AnyMessage,
    CloseLive,
    KeyframeRequest,
    MotionState,
    OpenLive,
    RecordNow,
    Reply,
    SetRecordingMode,
)
from vigilar.bus.packets import StillSource
from vigilar.bus.wire import Kind, Received
from vigilar.capture.coverage import Coverage
from vigilar.capture.desk import Desk
from vigilar.capture.live import LiveDesk
from vigilar.capture.mailbox import Mailbox
from vigilar.capture.publisher import encode_info
from vigilar.capture.status import StatusReporter
from vigilar.capture.stream import StreamReader
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.coverage import GapReason
from vigilar.domain.errors import InvalidRequestError, UnavailableError, VigilarError

_LOG = logging.getLogger(__name__)
_TICK_NS: Final = NANOSECONDS
_STUCK_TICKS: Final = 3
"""A machine that was asleep must not look like a thread that hangs: it gets these seconds to go on."""
_LONGEST_WISH_S: Final = 3600.0


class Control:
    """Owns the links to core and look and the live socket; other threads reach them through the mailbox."""

    def __init__(
        self,
        core: Link,
        look: Link,
        *,
        desk: Desk,
        coverage: Coverage,
        live: LiveDesk,
        live_socket: zmq.Socket[bytes],
        mailbox: Mailbox[AnyMessage],
        status: StatusReporter,
        readers: tuple[StreamReader, ...],
        lifeline_fd: int | None,
        clock: Clock,
    ) -> None:
        self._core = core
        self._look = look
        self._desk = desk
        self._coverage = coverage
        self._live = live
        self._live_socket = live_socket
        self._mailbox = mailbox
        self._status = status
        self._readers = readers
        self._lifeline_fd = lifeline_fd
        self._clock = clock
        self._tick_at_ns = 0
        self._stopping = False
        self.stuck = False
        self._stuck_ticks = 0

    def ask_to_stop(self) -> None:
        """Let `run` return soon; safe in a signal handler."""
        self._stopping = True
        self._mailbox.wake()

    def run(self) -> None:
        """Work until asked to stop, the lifeline breaks, or a stream's thread hangs for good."""
        poller = zmq.Poller()
        for readable in (self._core.socket, self._look.socket, self._live_socket, self._mailbox.fd):
            poller.register(readable, zmq.POLLIN)
        if self._lifeline_fd is not None:
            poller.register(self._lifeline_fd, zmq.POLLIN)
        while not self._stopping and not self.stuck:
            wait_ns = max(0, self._tick_at_ns - self._clock.monotonic_ns())
            ready = dict(poller.poll(wait_ns // 1_000_000 + 1 if wait_ns else 0))
            if self._lifeline_fd in ready:
                _LOG.info("the supervisor is gone: sealing what is open")
                return
            self.serve()
            if self._clock.monotonic_ns() >= self._tick_at_ns:
                self.tick()

    def serve(self) -> None:
        """Handle everything that waits."""
        self.send_mail()
        self._live.pump()
        while (received := self._look.receive()) is not None:
            if isinstance(received.message, MotionState):
                self._desk.motion(received.message)
            if received.kind is Kind.MATTERS:
                self._look.ack(received)
        while (received := self._core.receive()) is not None:
            if received.kind is Kind.COMMAND:
                self._core.reply(received, *self.answer(received))

    def send_mail(self) -> None:
        """Send what other threads have to tell, and a status when it is due."""
        for message in self._mailbox.take():
            self._core.send(message, matters=True)
        status = self._status.due()
        if status is not None:
            self._core.send(status)

    def say_goodbye(self) -> None:
        """Send the last mail, and up to when nothing is missing."""
        self.send_mail()
        self._core.send(self._status.status())

    def tick(self) -> None:
        """Once a second."""
        self._tick_at_ns = self._clock.monotonic_ns() + _TICK_NS
        self._desk.tick()
        self._live.tick()
        self._core.service()
        stuck = [reader.thread.name for reader in self._readers if reader.stuck()]
        self._stuck_ticks = self._stuck_ticks + 1 if stuck else 0
        if self._stuck_ticks >= _STUCK_TICKS:
            _LOG.critical("%s: nothing comes and no time-out struck; starting anew", " and ".join(stuck))
            if self._readers[0].stuck():  # the main stream's: the successor goes on with this reason
                self._coverage.broke(GapReason.STALLED, "nothing comes and no time-out struck")
            self.stuck = True

    def answer(self, received: Received) -> tuple[Reply, bytes]:
        """Carry a command out; failures become replies."""
        try:
            return self._obey(received)
        except VigilarError as err:
            return Reply(ok=False, text=str(err), code=err.code), b""
        except Exception:  # noqa: BLE001  (an edge: one bad command must not end the recording)
            _LOG.exception("command %s failed unexpectedly", type(received.message).__name__)
            return Reply(ok=False, text="unexpected failure; see the worker's log", code="internal"), b""

    def _obey(self, received: Received) -> tuple[Reply, bytes]:
        match received.message:
            case RecordNow(seconds=seconds):
                if not 0 < seconds <= _LONGEST_WISH_S:
                    raise InvalidRequestError(f"seconds must lie between 0 and {_LONGEST_WISH_S:g}")
                return Reply(ok=True, text=self._desk.record_now(seconds)), b""
            case SetRecordingMode(mode=mode):
                self._desk.set_mode(mode)
                self._coverage.set_mode(mode)
            case KeyframeRequest():
                return Reply(ok=True), self._key_frame()
            case OpenLive(viewer=viewer):
                self._live.open(viewer)
            case CloseLive(viewer=viewer):
                self._live.close(viewer)
            case other:
                raise InvalidRequestError(f"{type(other).__name__} is no command for a capture process")
        return Reply(ok=True), b""

    def _key_frame(self) -> bytes:
        chunk = self._desk.newest_key()
        if chunk is None:
            raise UnavailableError("the camera has sent no picture yet")
        return StillSource(encode_info(chunk.info), chunk.packets[0].data, chunk.first_ns).encode()


def read_settings[T](data: bytes, kind: type[T]) -> T:
    """Decode what came on the configuration descriptor. Raises InvalidRequestError without its content."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as err:
        # The text could quote a value, and values here hold passwords: name only the place.
        place = str(err).rpartition(" - at ")[2].strip("`") or "?"
        raise InvalidRequestError(
            f"the settings handed to this process cannot be read (at {place})"
        ) from None
