"""The look process put together: sockets, turns, timers, commands. One thread does everything."""

import logging
import os
from dataclasses import dataclass
from functools import partial
from typing import Final

import zmq

from vigilar.bus.endpoints import core_endpoint, look_endpoint, packets_endpoint
from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.hub import Hub
from vigilar.bus.link import Link
from vigilar.bus.messages import ConditionState, LookStarted, MotionState
from vigilar.bus.packets import PacketSubscriber
from vigilar.bus.wire import Kind
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.settings import LookCamera, LookSettings
from vigilar.look.camera import CameraLook
from vigilar.look.commands import Commands
from vigilar.look.queues import Batch, Queues
from vigilar.look.stills import read_info
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo

_LOG = logging.getLogger(__name__)
TICK_NS: Final = NANOSECONDS // 2
STATUS_NS: Final = 5 * NANOSECONDS
NAP_MS: Final = 400
"""While nothing stirs pictures gather this long: two looks a second need no more wake-ups than that."""
STINT_NS: Final = NANOSECONDS // 5
"""Longest stretch of decoding before commands are answered again."""
FAREWELL_NS: Final = NANOSECONDS // 2


def _packet(*fields: *tuple[bytes, int, int, int, bool, int]) -> MediaPacket:
    return MediaPacket(PacketKind.VIDEO, *fields)


@dataclass(frozen=True, slots=True)
class Lines:
    """The process's sockets."""

    pictures: PacketSubscriber[MediaPacket, StreamInfo]
    captures: Hub
    core: Link

    def watch(self, camera: CameraId, watched: bool) -> None:
        """Ask for a camera's pictures, or no longer; its capture process works only for who listens."""
        if watched:
            self.pictures.subscribe(camera)
        else:
            self.pictures.unsubscribe(camera)

    def close(self) -> None:
        """Close them; what was handed to them has a moment to leave."""
        self.pictures.close()
        self.captures.close()
        self.core.close()


def open_lines(
    context: zmq.Context[zmq.Socket[bytes]], run_dir: str, cameras: tuple[LookCamera, ...], clock: Clock
) -> Lines:
    """Open the sockets and ask for the pictures of every camera that is to be judged."""
    pictures = PacketSubscriber(context, _packet, read_info)
    captures = Hub(context, look_endpoint(run_dir), clock=clock)
    lines = Lines(pictures, captures, Link(context, core_endpoint(run_dir), "look", clock=clock))
    for each in cameras:
        pictures.connect(packets_endpoint(run_dir, each.camera))
        if each.motion.enabled:
            lines.watch(each.camera, True)
    return lines


class LookProcess:
    """Looks for all cameras until told to stop."""

    def __init__(
        self, settings: LookSettings, lines: Lines, *, clock: Clock, stop_fds: tuple[int, ...]
    ) -> None:
        """`stop_fds`: descriptors on which anything to read, or their end, means stop."""
        self._lines = lines
        self._clock = clock
        self._stop_fds = stop_fds
        self._queues = Queues()
        self._cameras: dict[CameraId, CameraLook] = {
            each.camera: CameraLook(
                each, clock=clock, say=partial(self._say, each.camera), complain=self._complain
            )
            for each in settings.cameras
        }
        self._commands = Commands(self._cameras, lines.watch)
        self._told: set[str] = set()
        self._tick_ns = self._status_ns = clock.monotonic_ns()

    def run(self) -> None:
        """Work until asked to stop; then end what is open and say so."""
        self._lines.core.send(LookStarted(os.getpid()), matters=True)
        patient, eager = self._pollers()
        while not self._wait(patient, eager).intersection(self._stop_fds):
            self._serve()
            self._gather()
            self._look()
            self._tick()
        self._farewell()

    def _pollers(self) -> tuple[zmq.Poller, zmq.Poller]:
        patient, eager = zmq.Poller(), zmq.Poller()
        for poller in (patient, eager):
            for readable in (*self._stop_fds, self._lines.captures.socket, self._lines.core.socket):
                poller.register(readable, zmq.POLLIN)
        eager.register(self._lines.pictures.socket, zmq.POLLIN)
        return patient, eager

    def _wait(self, patient: zmq.Poller, eager: zmq.Poller) -> set[object]:
        """Wait for something to do. Idle cameras' pictures gather; commands are heard at once."""
        if len(self._queues):
            ready = patient.poll(0)
        elif any(camera.stirring for camera in self._cameras.values()):
            ready = eager.poll(TICK_NS // 1_000_000)
        else:
            ready = patient.poll(NAP_MS)
        return {readable for readable, _ in ready}

    def _gather(self) -> None:
        while True:
            try:
                batch = self._lines.pictures.receive()
            except MalformedMessageError as err:
                _LOG.error("%s", err)
                continue
            if batch is None:
                return
            if batch.packets and batch.camera in self._cameras:
                self._queues.put(batch)

    def _look(self) -> None:
        end_ns = self._clock.monotonic_ns() + STINT_NS
        while (now := self._clock.monotonic_ns()) < end_ns:
            taken = self._queues.take(now)
            if taken is None:
                return
            batch, lost = taken
            camera = self._cameras[batch.camera]
            if camera.enabled:
                self._take(camera, batch, lost=lost)

    @staticmethod
    def _take(camera: CameraLook, batch: Batch, *, lost: bool) -> None:
        try:
            camera.take(batch.info, batch.packets, lost=lost)
        except Exception:  # noqa: BLE001  (an edge: what one camera sends must not blind the others)
            _LOG.exception("a picture could not be judged", extra={"camera": camera.camera})

    def _serve(self) -> None:
        while (received := self._lines.captures.receive()) is not None:
            if received.kind is Kind.MATTERS:
                self._lines.captures.ack(received)
        while (received := self._lines.core.receive()) is not None:
            if received.kind is Kind.COMMAND:
                self._lines.core.reply(received, *self._commands.answer(received))

    def _say(self, camera: CameraId, state: MotionState) -> None:
        """Tell the recorder and the core.

        A beginning and an end are never dropped; between them the newest state is enough.
        """
        begins = state.event_id not in self._told
        topic = "" if begins else state.event_id
        urgent = begins or not state.active
        self._lines.captures.send(camera, state, matters=True, urgent=urgent, topic=topic)
        self._lines.core.send(state, matters=True, urgent=urgent, topic=topic)
        if state.active:
            self._told.add(state.event_id)
        else:
            self._told.discard(state.event_id)

    def _complain(self, state: ConditionState) -> None:
        """Tell the core; between beginning and end the newest state is enough."""
        begins = state.event_id not in self._told
        topic = "" if begins else state.event_id
        self._lines.core.send(state, matters=True, urgent=begins or not state.active, topic=topic)
        if state.active:
            self._told.add(state.event_id)
        else:
            self._told.discard(state.event_id)

    def _tick(self) -> None:
        now = self._clock.monotonic_ns()
        if now < self._tick_ns:
            return
        self._tick_ns = now + TICK_NS
        for camera in self._cameras.values():
            camera.tick()
        self._lines.captures.service()
        self._lines.core.service()
        if now >= self._status_ns:
            self._status_ns = now + STATUS_NS
            for camera in self._cameras.values():
                self._lines.core.send(camera.status())

    def _farewell(self) -> None:
        """End what is open, and give the core a moment to hear of it."""
        for camera in self._cameras.values():
            camera.end()
        end_ns = self._clock.monotonic_ns() + FAREWELL_NS
        while self._lines.core.unacknowledged and self._clock.monotonic_ns() < end_ns:
            self._lines.core.socket.poll(50, zmq.POLLIN)
            self._serve()
