"""The application on a real port, in the test's own loop, with every blocking call in our code an error."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from blockbuster import blockbuster_ctx
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from vigilar.api.server import listen, serve
from vigilar.domain.settings import ApiSettings


@dataclass
class Running:
    """A server under test."""

    port: int
    stop: asyncio.Event
    task: asyncio.Task[None]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def socket(self, headers: Mapping[str, str] | None = None) -> connect:
        """Return a WebSocket client, to be used with `async with`."""
        return connect(f"ws://127.0.0.1:{self.port}/api/v1/ws", additional_headers=headers, proxy=None)

    async def raw(self, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send bytes as they are and return the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request.replace("\n", "\r\n").encode())
        return reader, writer


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[Running]:
    """Serve `app` until the block ends."""
    settings = ApiSettings(host="127.0.0.1", port=0)
    with blockbuster_ctx("vigilar"):
        sockets = await listen(settings)
        port = sockets[0].getsockname()[1]
        stop = asyncio.Event()
        task = asyncio.create_task(serve(app, settings, stop, sockets=sockets))
        try:
            yield Running(port, stop, task)
        finally:
            stop.set()
            async with asyncio.timeout(10):
                await task


async def receive(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message, decoded."""
    async with asyncio.timeout(10):
        message: dict[str, Any] = json.loads(await socket.recv())
    return message


async def until(condition: Callable[[], object], limit_s: float = 5.0) -> None:
    """Wait until `condition` holds: for what happens on the other side of a connection, and tells nobody."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
