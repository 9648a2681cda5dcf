"""A Hub's memory of all its peers, without any socket: shared by the blocking and the asyncio Hub."""

import logging

from vigilar.bus.conversation import Conversation, Frames
from vigilar.bus.errors import MalformedMessageError
from vigilar.bus.messages import AnyMessage
from vigilar.bus.outstanding import DEFAULT_LIMIT
from vigilar.bus.wire import Received

_LOG = logging.getLogger(__name__)


class Switchboard:
    """One Conversation per peer, by identity."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._talks: dict[str, Conversation] = {}

    def take(self, frames: Frames) -> tuple[Received | None, Frames | None]:
        """Return (what to deliver, what to send at once) for frames from a ROUTER socket; never raises."""
        identity, body = frames[0], frames[1:]
        peer = identity.decode("utf-8", "replace")
        try:
            received, answer = self.talk(peer).take(body)
        except MalformedMessageError as err:
            _LOG.error("dropped what came from %s: %s", peer, err)
            return None, None
        return received, None if answer is None else [identity, *answer]

    def keep(self, peer: str, message: AnyMessage, *, urgent: bool = False, topic: str = "") -> None:
        """Keep a message that matters for a peer, whether it is there or not."""
        self.talk(peer).keep(message, urgent=urgent, topic=topic)

    def finish(self, received: Received) -> Frames:
        """Return the frames that acknowledge it."""
        return address(received.peer, self.talk(received.peer).finish(received.id))

    def forget(self, received: Received) -> None:
        """Let it be delivered again when it is sent again."""
        self.talk(received.peer).forget(received.id)

    def talks(self) -> tuple[Conversation, ...]:
        """Return every peer's conversation."""
        return tuple(self._talks.values())

    def talk(self, peer: str) -> Conversation:
        """Return the conversation with a peer, begun now if need be."""
        found = self._talks.get(peer)
        if found is None:
            found = self._talks[peer] = Conversation(peer, self._limit)
        return found


def address(peer: str, frames: Frames) -> Frames:
    """Put the peer's identity in front, as a ROUTER socket wants it."""
    return [peer.encode(), *frames]
