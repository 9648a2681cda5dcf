"""A process's line to a Hub (DEALER). One thread owns it; others hand their messages to that thread."""

import logging

import zmq

from vigilar.bus.conversation import Conversation, Frames
from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.messages import AnyMessage, Reply
from vigilar.bus.outstanding import DEFAULT_LIMIT
from vigilar.bus.wire import Kind, Received, new_id, pack
from vigilar.domain.clock import Clock

_LOG = logging.getLogger(__name__)
_LINGER_MS = 300


class Link:
    """Connects by itself, as often as it takes; never blocks.

    What matters is kept until the Hub's side acknowledges it and sent again by `service()`, which the owner
    calls about once a second. States are dropped while nobody is there to hear them.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        endpoint: str,
        identity: str,
        *,
        clock: Clock,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self._clock = clock
        self._talk = Conversation(endpoint.rpartition("/")[2].removesuffix(".sock"), limit)
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.ROUTING_ID, identity.encode())
        self.socket.setsockopt(zmq.LINGER, _LINGER_MS)
        # Without this, messages pile up in a pipe that dies with the peer: unsent is better than lost unseen.
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 200)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        self.socket.connect(endpoint)

    @property
    def unacknowledged(self) -> int:
        """How many messages wait for their acknowledgement."""
        return len(self._talk.outstanding)

    @property
    def dropped(self) -> int:
        """How many that mattered were dropped because the window was full."""
        return self._talk.outstanding.dropped

    def send(
        self,
        message: AnyMessage,
        blob: bytes = b"",
        *,
        matters: bool = False,
        urgent: bool = False,
        topic: str = "",
    ) -> None:
        """Send a message; `matters`: until acknowledged (see Outstanding for `urgent` and `topic`)."""
        if matters:
            self._talk.keep(message, blob, urgent=urgent, topic=topic)
            self.service()
        else:
            self._put(pack(Kind.STATE, new_id(), message, blob))

    def receive(self) -> Received | None:
        """Return the next message for us, or None when nothing waits."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            try:
                received, answer = self._talk.take(frames)
            except MalformedMessageError as err:
                _LOG.error("dropped what came from %s: %s", self._talk.peer, err)
                continue
            if answer is not None:
                self._put(answer)
            if received is not None:
                return received

    def ack(self, received: Received) -> None:
        """Say that it was handled for good."""
        self._put(self._talk.finish(received.id))

    def reply(self, received: Received, reply: Reply, blob: bytes = b"") -> None:
        """Answer a command."""
        self._put(pack(Kind.REPLY, received.id, reply, blob))

    def service(self) -> None:
        """Send what is due (again), oldest first."""
        now = self._clock.monotonic_ns()
        for message_id, frames in self._talk.outstanding.due(now):
            if not self._put(frames):
                return
            self._talk.outstanding.sent(message_id, now)

    def close(self) -> None:
        """Close; what was handed to the socket has a moment to leave."""
        self.socket.close()

    def _put(self, frames: Frames) -> bool:
        try:
            self.socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True
