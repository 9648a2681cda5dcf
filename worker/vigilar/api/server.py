"""Runs the application on uvicorn, in a loop that belongs to somebody else."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Final, override

import uvicorn
from fastapi import FastAPI

from vigilar.api.connection import PatientProtocol, give_up_on_who_does_not_read
from vigilar.api.edge import MAX_BODY
from vigilar.api.runtime import runtime_of
from vigilar.domain.errors import VigilarError
from vigilar.domain.settings import ApiSettings

_log = logging.getLogger(__name__)
_GRACE_S: Final = 1
_BACKLOG: Final = 128
_MAX_CONNECTIONS: Final = 256
_MAX_HEAD: Final = 32 * 1024
_PING_S: Final = 30.0


class ListenError(VigilarError):
    """The API's address cannot be listened on."""

    code = "listen"


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own, and without waking ten times a second to look at a flag."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop
        self._closing = closing

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def main_loop(self) -> None:
        await self._stop.wait()
        self._closing.set()


async def listen(settings: ApiSettings) -> list[socket.socket]:
    """Return listening sockets for every address the host's name stands for. Raises ListenError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as err:
        raise ListenError(f"api.host: {settings.host!r} is no address of this machine") from err
    sockets: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
            sockets.append(_bound(family, address))
    except OSError as err:
        for opened in sockets:
            opened.close()
        raise ListenError(
            f"the API cannot listen on {settings.host} port {settings.port} ({err.strerror}); "
            "set api.host and api.port to something free"
        ) from err
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    listening = socket.create_server((str(address[0]), int(str(address[1]))), family=family, backlog=_BACKLOG)
    give_up_on_who_does_not_read(listening)
    # asyncio sets it only on sockets whose protocol number says TCP, which these do not: without it a small
    # answer waits 40 ms for the delayed acknowledgement of its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def serve(
    app: FastAPI,
    settings: ApiSettings,
    stop: asyncio.Event,
    *,
    sockets: Sequence[socket.socket] | None = None,
) -> None:
    """Serve `app` until `stop` is set; then end open streams and WebSockets and return in about a second.

    `sockets` (from `listen`) may be given by who wants to know the port first. Installs no signal handler,
    logs no access: paths can hold live tickets. Raises ListenError.
    """
    listening = list(sockets) if sockets is not None else await listen(settings)
    # uvicorn tells of every WebSocket with its whole address, query included, at INFO; and anybody can cause
    # its warnings (malformed requests), any number of them.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    server = _Server(_config(app), stop, runtime_of(app).closing)
    for each in listening:
        _log.info("API listens on %s port %d", *each.getsockname()[:2])
    try:
        await server.serve(listening)
    finally:
        for each in listening:
            each.close()


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=PatientProtocol,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the edge sets it; uvicorn would need its timer for that
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=_MAX_HEAD,
        ws_max_size=MAX_BODY,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        ws_per_message_deflate=False,
    )
