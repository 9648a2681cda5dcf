"""Answers that are sent as they are made: they end when the client leaves, and when the server closes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vigilar.domain.errors import VigilarError

_log = logging.getLogger(__name__)
_CLOSE_WITHIN_S: Final = 2.0
_STALL_S: Final = 60.0


class _StalledError(Exception):
    """The other side takes nothing any more."""


class StreamedResponse(Response):
    """Sends `chunks`; whatever ends it, the chunks' iterator is closed and then `on_end` awaited, once.

    Unlike the framework's own, it does not need the next chunk to notice that nobody listens any more, and it
    ends when the other side takes nothing for `stall_s` (a player that was paused asks again, with Range).
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        closing: asyncio.Event,
        on_end: Callable[[], Awaitable[None]] | None = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str,
        stall_s: float = _STALL_S,
    ) -> None:
        self.status_code = status_code
        self.media_type = media_type
        self.background = None
        self._chunks = chunks
        self._closing = closing
        self._on_end = on_end
        self._stall_s = stall_s
        self.sent = 0
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then chunks until they end, the client leaves or the server closes."""
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            await self._send_until_over(receive, send)
        finally:
            await self._end()

    async def _send_until_over(self, receive: Receive, send: Send) -> None:
        pump = asyncio.create_task(self._pump(send))
        others = (asyncio.create_task(_gone(receive)), asyncio.create_task(self._closing.wait()))
        try:
            await asyncio.wait((pump, *others), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pump, *others):
                task.cancel()
            await asyncio.gather(pump, *others, return_exceptions=True)
        finished = not pump.cancelled() and pump.exception() is None
        promised = self.headers.get("content-length")
        # A stream of unknown length may be ended early in good order; one with a promised length may not.
        whole = finished or self._closing.is_set() if promised is None else str(self.sent) == promised
        if whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pump(self, send: Send) -> None:
        try:
            async for chunk in self._chunks:
                await self._send_chunk(chunk, send)
        except _StalledError:
            _log.info("an answer was ended after %d bytes: none was taken for %g s", self.sent, self._stall_s)
            raise
        except (VigilarError, OSError) as err:
            _log.warning("an answer broke off after %d bytes: %s", self.sent, err)
            raise
        except Exception:
            _log.exception("an answer broke off after %d bytes", self.sent)
            raise

    async def _send_chunk(self, chunk: bytes, send: Send) -> None:
        try:
            async with asyncio.timeout(self._stall_s):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError as err:
            raise _StalledError from err
        self.sent += len(chunk)

    async def _end(self) -> None:
        """Close what feeds the answer, also when the task itself is being cancelled meanwhile."""
        closing = asyncio.ensure_future(self._close())
        interruption: asyncio.CancelledError | None = None
        while not closing.done():
            try:
                await asyncio.shield(closing)
            except asyncio.CancelledError as err:
                interruption = err
        closing.result()
        if interruption is not None:
            raise interruption

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                if (aclose := getattr(self._chunks, "aclose", None)) is not None:
                    await aclose()
                if self._on_end is not None:
                    await self._on_end()
        except TimeoutError:
            _log.warning("what fed an answer did not close in %g s", _CLOSE_WITHIN_S)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
