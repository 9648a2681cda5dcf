"""Connections that are no use are ended: nobody may take all places by saying nothing, or a byte a minute."""

import asyncio
import socket
from typing import Final, override

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_WITHIN_S: Final = 30.0
_UNREAD_MS: Final = 300_000


class PatientProtocol(H11Protocol):
    """uvicorn's protocol, with an end to its patience: a whole request must have come within 30 s."""

    request_within_s = REQUEST_WITHIN_S
    _overdue: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_request()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._overdue is not None:
            self._overdue.cancel()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for_request()

    def _wait_for_request(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue = self.loop.call_later(self.request_within_s, self._end_if_none_came)

    def _end_if_none_came(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if not answering and self.transport.get_protocol() is self:  # else it is a WebSocket by now
            self.transport.abort()


def give_up_on_who_does_not_read(listening: socket.socket) -> None:
    """Let the kernel end accepted connections whose other side takes nothing for five minutes (Linux only).

    The loop cannot: it closes a connection only once all that was written is taken.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
