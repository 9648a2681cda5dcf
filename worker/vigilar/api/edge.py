"""The outermost layer: what goes wrong below becomes an envelope, bodies are bounded, answers counted."""

import logging
from email.utils import formatdate
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vigilar.api.errors import PayloadTooLargeError, answer_to
from vigilar.api.request_counts import RequestCounts
from vigilar.domain.errors import VigilarError

_log = logging.getLogger(__name__)
MAX_BODY: Final = 64 * 1024


class Edge:
    """ASGI middleware around all others."""

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; WebSockets pass, they have an edge of their own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._app(scope, _bounded(scope, receive), answer.send)
        except VigilarError as err:
            await self._refuse(err, answer, scope, receive)
        except Exception as err:  # noqa: BLE001 - the outermost edge: every request gets an answer
            # The path template, never the path: a live ticket is part of it.
            _log.exception("%s %s failed", scope["method"], route_of(scope))
            await self._refuse(err, answer, scope, receive)
        finally:
            self._counts.note(scope["method"], route_of(scope), answer.status)

    async def _refuse(self, err: Exception, answer: "_Answer", scope: Scope, receive: Receive) -> None:
        if answer.status == 0:
            await answer_to(err)(scope, receive, answer.send)


class _Answer:
    """Remembers the status that was sent and adds the headers every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.setdefault("Date", formatdate(usegmt=True))
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def route_of(scope: Scope) -> str:
    """Return the path template of the route that answers, or `other` where none does."""
    return str(getattr(scope.get("route"), "path", "other"))


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Return a `receive` that raises PayloadTooLargeError for more than MAX_BODY bytes, come or announced."""
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        if announced.isdigit() and int(announced[:19]) > MAX_BODY:
            raise PayloadTooLargeError(MAX_BODY)
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > MAX_BODY:
                raise PayloadTooLargeError(MAX_BODY)
        return message

    return bounded
