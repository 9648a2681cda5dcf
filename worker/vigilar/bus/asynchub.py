"""The Hub for an asyncio process (the core)."""

import asyncio
from collections.abc import AsyncIterator

import zmq
import zmq.asyncio

from vigilar.bus.conversation import Frames
from vigilar.bus.errors import PeerUnavailableError
from vigilar.bus.hub import UNREACHABLE, prepare_router
from vigilar.bus.messages import AnyMessage, Reply
from vigilar.bus.switchboard import Switchboard, address
from vigilar.bus.wire import Kind, Received, new_id, pack

_QUEUE_LIMIT = 4096


class AsyncHub:
    """Binds at once; `run()` is its task. Iterate it for what arrives; `ack` after the commit.

    When the reader falls behind by more than the queue holds, reading stops and ZeroMQ bounds the rest.
    """

    def __init__(self, context: zmq.asyncio.Context, endpoint: str) -> None:
        self._board = Switchboard()
        self._waiting: dict[bytes, asyncio.Future[tuple[Reply, bytes]]] = {}
        self._inbox: asyncio.Queue[Received] = asyncio.Queue(_QUEUE_LIMIT)
        self.socket = context.socket(zmq.ROUTER)
        prepare_router(self.socket)
        self.socket.bind(endpoint)

    async def run(self) -> None:
        """Receive for ever; cancel to stop."""
        while True:
            received, answer = self._board.take(await self.socket.recv_multipart())
            if answer is not None:
                await self._put(answer)
            if received is None:
                continue
            if received.kind is Kind.REPLY:
                self._resolve(received)
            else:
                await self._inbox.put(received)

    async def __aiter__(self) -> AsyncIterator[Received]:
        """Yield messages as they arrive, for ever."""
        while True:
            yield await self._inbox.get()

    async def ack(self, received: Received) -> None:
        """Say that it was handled for good; does nothing for what wants no acknowledgement."""
        if received.kind is Kind.MATTERS:
            await self._put(self._board.finish(received))

    def reject(self, received: Received) -> None:
        """Its handling failed: it will be delivered again when the peer sends it again."""
        self._board.forget(received)

    async def request(
        self,
        peer: str,
        command: AnyMessage,
        timeout: float,  # noqa: ASYNC109  (a part of the contract: it names the peer that did not answer)
        blob: bytes = b"",
    ) -> tuple[Reply, bytes]:
        """Send a command and wait for its answer, at most `timeout` seconds.

        Raises PeerUnavailableError (an UnavailableError) when the peer is not there or does not answer.
        """
        message_id = new_id()
        future: asyncio.Future[tuple[Reply, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[message_id] = future
        try:
            if not await self._put(address(peer, pack(Kind.COMMAND, message_id, command, blob))):
                raise PeerUnavailableError(
                    f"process {peer!r} is not running; it is restarted by itself, try again"
                )
            return await asyncio.wait_for(future, timeout)
        except TimeoutError as err:
            raise PeerUnavailableError(
                f"process {peer!r} did not answer within {timeout:g} s; try again"
            ) from err
        finally:
            del self._waiting[message_id]

    def close(self) -> None:
        """Close the socket; cancel `run()` first."""
        self.socket.close()

    def _resolve(self, received: Received) -> None:
        future = self._waiting.get(received.id)
        if future is not None and not future.done() and isinstance(received.message, Reply):
            future.set_result((received.message, received.blob))

    async def _put(self, frames: Frames) -> bool:
        try:
            await self.socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError as err:
            if err.errno in UNREACHABLE:
                return False
            raise
        return True
