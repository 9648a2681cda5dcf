"""One client's WebSocket: the whole state first, then every change, and its commands in between."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from vigilar.api.auth import Principal
from vigilar.api.errors import body_of
from vigilar.api.runtime import Runtime
from vigilar.api.services import Subscription
from vigilar.api.views import Json, rendered_delta
from vigilar.api.ws.commands import Command, Snapshot, carry_out
from vigilar.api.ws.messages import CloseCode, Refusal, encoded, failure, read_command, result, snapshot
from vigilar.domain.errors import VigilarError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds of one client. `queue`: changes kept for it; `commands`: carried out at once."""

    queue: int = 512
    commands: int = 8
    send_timeout_s: float = 20.0
    recheck_token_s: float = 15.0


class Closed(Exception):  # noqa: N818 - an outcome, not an error
    """The worker ends this connection."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(code.name)
        self.code: Final = code


class Session:
    """Runs one authenticated connection until either side ends it."""

    def __init__(
        self, socket: WebSocket, house: Runtime, principal: Principal, limits: SessionLimits
    ) -> None:
        self._socket = socket
        self._house = house
        self._principal = principal
        self._limits = limits
        self._sending = asyncio.Lock()
        self._resync = asyncio.Event()
        self._free = asyncio.Semaphore(limits.commands)
        self._commands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve the client. Raises Closed if the worker ends it, WebSocketDisconnect if the client did."""
        parts = {asyncio.create_task(part) for part in (self._feed(), self._listen(), self._watch_token())}
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest = parts | self._commands
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        for task in done:
            task.result()

    # --- state -------------------------------------------------------------------------------------------

    async def _feed(self) -> None:
        while True:
            self._resync.clear()
            # No await between the two: no change can fall between queue and snapshot.
            queue = self._house.services.feed.subscribe(self._limits.queue)
            seq, state = self._house.services.feed.snapshot()
            try:
                await self._send(snapshot(seq, state))
                await self._pass_on(queue, seq)
            finally:
                queue.close()

    async def _pass_on(self, queue: Subscription, after: int) -> None:
        """Send changes until the client asks for the whole state, or was too slow to be sent them all."""
        wanted = asyncio.create_task(self._resync.wait())
        change = asyncio.create_task(queue.next())
        try:
            while True:
                await asyncio.wait((wanted, change), return_when=asyncio.FIRST_COMPLETED)
                if wanted.done() or queue.lagged:
                    return
                delta = change.result()
                change = asyncio.create_task(queue.next())
                if delta.seq > after:
                    await self._send(rendered_delta(delta))
        finally:
            wanted.cancel()
            change.cancel()
            await asyncio.gather(wanted, change, return_exceptions=True)

    # --- commands ----------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            text = await self._receive()
            match read_command(text) if text is not None else _NOT_TEXT:
                case Refusal(answer):
                    await self._send(answer)
                case Snapshot() as command:
                    await self._send(result(command.id, None))
                    self._resync.set()
                case command:
                    await self._begin(self._answer(command))

    async def _begin(self, answering: Coroutine[Any, Any, None]) -> None:
        await self._free.acquire()  # a client with too many open commands is not read any further
        task = asyncio.create_task(answering)
        self._commands.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._free.release()
        self._commands.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("a command's answer could not be sent: %s", error)

    async def _answer(self, command: Command) -> None:
        try:
            data = await carry_out(command, self._house.services, actor=f"api:{self._principal.name}")
            answer = result(command.id, data)
        except VigilarError as err:
            answer = failure(command.id, body_of(err))
        except Exception as err:  # noqa: BLE001 - the outermost edge of a command: it gets an answer
            _log.exception("command %s failed", command.type)
            answer = failure(command.id, body_of(err))
        await self._send(answer)

    # --- the connection ----------------------------------------------------------------------------------

    async def _watch_token(self) -> None:
        while True:
            await asyncio.sleep(self._limits.recheck_token_s)
            if not await self._house.doorman.still_welcome(self._principal):
                raise Closed(CloseCode.UNAUTHORIZED)

    async def _receive(self) -> str | None:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        return text if isinstance(text, str) else None

    async def _send(self, message: Json) -> None:
        try:
            async with asyncio.timeout(self._limits.send_timeout_s), self._sending:
                await self._socket.send_text(encoded(message))
        except TimeoutError as err:
            raise Closed(CloseCode.TOO_SLOW) from err


_NOT_TEXT: Final = read_command("")
