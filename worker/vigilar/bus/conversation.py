"""One side of the talk with one peer, without any socket: what to send, deliver, say again."""

import logging

from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.messages import AnyMessage
from vigilar.bus.outstanding import DEFAULT_LIMIT, Outstanding
from vigilar.bus.seen import Seen, Sight
from vigilar.bus.wire import Kind, Received, decode, new_id, pack, split

_LOG = logging.getLogger(__name__)

type Frames = list[bytes]


class Conversation:
    """Keeps what matters until it is acknowledged, and delivers what arrives once."""

    def __init__(self, peer: str, limit: int = DEFAULT_LIMIT) -> None:
        self.peer = peer
        self.outstanding = Outstanding(limit)
        self._seen = Seen()

    def keep(self, message: AnyMessage, blob: bytes = b"", *, urgent: bool = False, topic: str = "") -> None:
        """Put a message that matters among the outstanding; it is due at once."""
        message_id = new_id()
        self.outstanding.add(
            message_id, pack(Kind.MATTERS, message_id, message, blob), urgent=urgent, topic=topic
        )

    def take(self, frames: Frames) -> tuple[Received | None, Frames | None]:
        """Return (what to deliver, what to answer at once) for frames. Raises MalformedMessageError."""
        kind, message_id, payload, blob = split(frames)
        match kind:
            case Kind.ACK:
                self.outstanding.acknowledge(message_id)
                return None, None
            case Kind.MATTERS:
                return self._take_once(message_id, payload, blob)
            case _:
                return Received(decode(payload), blob, self.peer, message_id, kind), None

    def _take_once(
        self, message_id: bytes, payload: bytes, blob: bytes
    ) -> tuple[Received | None, Frames | None]:
        match self._seen.look(message_id):
            case Sight.DONE:
                return None, pack(Kind.ACK, message_id)
            case Sight.IN_WORK:
                return None, None
            case Sight.NEW:
                pass
        try:
            message = decode(payload)
        except MalformedMessageError as err:
            # Sent again it would be as unreadable: acknowledge, or it fills the peer's window for good.
            _LOG.error("dropped a message from %s: %s", self.peer, err)
            return None, self.finish(message_id)
        return Received(message, blob, self.peer, message_id, Kind.MATTERS), None

    def finish(self, message_id: bytes) -> Frames:
        """Return the acknowledgement of a message whose handling is finished for good."""
        self._seen.finish(message_id)
        return pack(Kind.ACK, message_id)

    def forget(self, message_id: bytes) -> None:
        """Its handling failed: let the peer's next sending be delivered again."""
        self._seen.forget(message_id)
