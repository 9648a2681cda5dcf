"""The blocking Hub (ROUTER): many peers, known by their identity. One thread owns it."""

from typing import Any

import zmq

from vigilar.bus.conversation import Frames
from vigilar.bus.messages import AnyMessage, Reply
from vigilar.bus.switchboard import Switchboard, address
from vigilar.bus.wire import Kind, Received, new_id, pack
from vigilar.domain.clock import Clock

_LINGER_MS = 300


class Hub:
    """Binds; never blocks. `service()` is to be called about once a second.

    A peer that comes back under its identity takes its place over from the one that died.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, *, clock: Clock) -> None:
        self._clock = clock
        self._board = Switchboard()
        self.socket = context.socket(zmq.ROUTER)
        prepare_router(self.socket)
        self.socket.bind(endpoint)

    def send(
        self, peer: str, message: AnyMessage, *, matters: bool = False, urgent: bool = False, topic: str = ""
    ) -> None:
        """Send to one peer; `matters`: until acknowledged, even if the peer is not there yet."""
        if matters:
            self._board.keep(peer, message, urgent=urgent, topic=topic)
            self.service()
        else:
            self._put(address(peer, pack(Kind.STATE, new_id(), message)))

    def receive(self) -> Received | None:
        """Return the next message for us, or None when nothing waits."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            received, answer = self._board.take(frames)
            if answer is not None:
                self._put(answer)
            if received is not None:
                return received

    def ack(self, received: Received) -> None:
        """Say that it was handled for good."""
        self._put(self._board.finish(received))

    def reply(self, received: Received, reply: Reply, blob: bytes = b"") -> None:
        """Answer a command."""
        self._put(address(received.peer, pack(Kind.REPLY, received.id, reply, blob)))

    def service(self) -> None:
        """Send what is due (again), per peer, oldest first."""
        now = self._clock.monotonic_ns()
        for talk in self._board.talks():
            for message_id, frames in talk.outstanding.due(now):
                if not self._put(address(talk.peer, frames)):
                    break
                talk.outstanding.sent(message_id, now)

    def close(self) -> None:
        """Close; what was handed to the socket has a moment to leave."""
        self.socket.close()

    def _put(self, frames: Frames) -> bool:
        try:
            self.socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError as err:
            if err.errno in UNREACHABLE:
                return False
            raise
        return True


UNREACHABLE = frozenset({zmq.EAGAIN, zmq.EHOSTUNREACH})
"""What a ROUTER says of a peer that is not there or does not read."""


def prepare_router(socket: zmq.Socket[Any]) -> None:
    """Set what both Hubs need: tell of unknown peers, let a restarted peer take its identity over."""
    socket.setsockopt(zmq.LINGER, _LINGER_MS)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
