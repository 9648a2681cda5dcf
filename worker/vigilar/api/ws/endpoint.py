"""Where a WebSocket comes in: greeted, authenticated, counted, and let go in good order."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from vigilar.api.auth import Principal, address_of, bearer_of
from vigilar.api.errors import TooManyAttemptsError, UnauthorizedError, answer_to, body_of
from vigilar.api.runtime import Runtime, runtime_of
from vigilar.api.ws.messages import CloseCode, encoded, failure, read_token, server_info
from vigilar.api.ws.session import Closed, Session, SessionLimits
from vigilar.domain.errors import UnavailableError, VigilarError

_log = logging.getLogger(__name__)
_CLOSE_WITHIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class EndpointLimits:
    """Bounds of all clients together. `strangers`: connected, but not yet authenticated."""

    clients: int = 64
    strangers: int = 16
    auth_timeout_s: float = 10.0
    session: SessionLimits = field(default_factory=SessionLimits)


DEFAULT_LIMITS: Final = EndpointLimits()


class WebSocketEndpoint:
    """Accepts clients and runs a session for each."""

    def __init__(self, limits: EndpointLimits) -> None:
        self._limits: Final = limits
        self._clients = 0
        self._strangers = 0

    async def handle(self, socket: WebSocket) -> None:
        """Serve one connection from its handshake to its end."""
        house = runtime_of(socket.app)
        try:
            principal = await self._meet(socket, house)
            if principal is not None:
                await self._serve(socket, house, principal)
        except WebSocketDisconnect:
            return
        except Closed as err:
            await _close(socket, err.code)
        except Exception:  # noqa: BLE001 - the outermost edge of a connection
            _log.exception("a WebSocket broke")
            await _close(socket, CloseCode.INTERNAL)

    async def _serve(self, socket: WebSocket, house: Runtime, principal: Principal) -> None:
        self._clients += 1
        house.counts.websockets = self._clients
        try:
            await Session(socket, house, principal, self._limits.session).run()
        finally:
            self._clients -= 1
            house.counts.websockets = self._clients

    async def _meet(self, socket: WebSocket, house: Runtime) -> Principal | None:
        """Return who comes in, or None if the handshake was refused."""
        if self._clients >= self._limits.clients or self._strangers >= self._limits.strangers:
            await _refuse(socket, UnavailableError("too many WebSocket clients; close some, then try again"))
            return None
        if "authorization" not in socket.headers:
            return await self._ask(socket, house)
        try:
            principal = await house.doorman.admit(address_of(socket.scope), bearer_of(socket.scope))
        except (UnauthorizedError, TooManyAttemptsError) as err:
            await _refuse(socket, err)
            return None
        await socket.accept()
        await socket.send_text(encoded(server_info(house.info, authenticated=True)))
        return principal

    async def _ask(self, socket: WebSocket, house: Runtime) -> Principal:
        """Let a client in that sends its token as its first message, as browsers must."""
        self._strangers += 1
        try:
            async with asyncio.timeout(self._limits.auth_timeout_s):
                await socket.accept()
                await socket.send_text(encoded(server_info(house.info, authenticated=False)))
                message = await socket.receive()
        except TimeoutError as err:
            raise Closed(CloseCode.AUTH_TIMEOUT) from err
        finally:
            self._strangers -= 1
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            principal = await house.doorman.admit(
                address_of(socket.scope), read_token(message.get("text") or "")
            )
        except (UnauthorizedError, TooManyAttemptsError) as err:
            await socket.send_text(encoded(failure(None, body_of(err))))
            limited = isinstance(err, TooManyAttemptsError)
            raise Closed(CloseCode.TOO_MANY if limited else CloseCode.UNAUTHORIZED) from err
        await socket.send_text(encoded({"type": "auth_ok"}))
        return principal


async def _refuse(socket: WebSocket, error: VigilarError) -> None:
    """Answer the handshake with an ordinary HTTP error, as any other request is."""
    await socket.send_denial_response(answer_to(error))


async def _close(socket: WebSocket, code: CloseCode) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        # Either side may be gone already; there is nothing to save then.
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):  # one who reads nothing does not read this either
                await socket.close(code)
