"""From the bus to who takes a message in: acknowledged only after it is kept."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from vigilar.bus.messages import Message
from vigilar.bus.wire import Received
from vigilar.store.errors import StoreError

log = logging.getLogger(__name__)

type Handler = Callable[[Any], Awaitable[None]]
"""Takes in one message of its type; returns after its commit."""


class Inbox(Protocol):
    """The core's side of the bus."""

    def __aiter__(self) -> AsyncIterator[Received]:
        """Yield messages as they arrive, for ever."""

    async def ack(self, received: Received) -> None:
        """Say that it was handled for good."""

    def reject(self, received: Received) -> None:
        """Its handling failed: have it delivered again."""


class Dispatcher:
    """Handles one message after the other, in the order they came."""

    def __init__(self, inbox: Inbox, handlers: Mapping[type[Message], Sequence[Handler]]) -> None:
        self._inbox = inbox
        self._handlers = handlers
        self.dropped = 0
        """Messages that could not be handled and would not be the next time either."""

    async def run(self) -> None:
        """Handle messages for ever; cancel to stop."""
        async for received in self._inbox:
            await self._handle(received)

    async def _handle(self, received: Received) -> None:
        try:
            for handler in self._handlers.get(type(received.message), ()):
                await handler(received.message)
        except StoreError as err:
            # Not acknowledged: its sender keeps it and says it again in a while.
            log.warning("%s of %s waits: %s", type(received.message).__name__, received.peer, err)
            self._inbox.reject(received)
            return
        except Exception:
            # The outermost edge: one message must not end the core. Said again it would only fail again,
            # and fill its sender's window for good.
            log.exception("%s of %s could not be handled", type(received.message).__name__, received.peer)
            self.dropped += 1
        await self._inbox.ack(received)
