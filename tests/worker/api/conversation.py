"""How a test talks over the WebSocket."""

import asyncio
import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection

from vigilar.api.app import create_app
from vigilar.api.auth import TokenAuth
from vigilar.api.ws.endpoint import EndpointLimits
from worker.api.fakes import FakeHouse
from worker.api.running import receive

CLIP = "yard_20261121T073000Z"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def past_snapshot(socket: ClientConnection) -> dict[str, Any]:
    """Read the greeting and return the snapshot."""
    assert (await receive(socket))["type"] == "server_info"
    found = await receive(socket)
    assert found["type"] == "snapshot"
    return found


async def command(socket: ClientConnection, **fields: Any) -> dict[str, Any]:
    """Send a command and return its answer, whatever else comes in between."""
    await socket.send(json.dumps({"id": 1, **fields}))
    while (message := await receive(socket))["type"] != "result":
        pass
    return message


async def closed(socket: ClientConnection) -> int | None:
    """Read until the worker closes; return the code."""
    async with asyncio.timeout(10):
        await socket.wait_closed()
    return socket.close_code


def small(house: FakeHouse, hash_file: Path, **limits: Any) -> FastAPI:
    return create_app(
        house.services(),
        auth=TokenAuth(hash_file),
        version="9.8.7",
        server_id="house-1",
        limits=EndpointLimits(**limits),
    )
