"""The server in a loop of somebody else's: it listens, streams, and goes in good order."""

import asyncio
import contextlib
import logging
import signal
import socket

import httpx2
import pytest
from fastapi import FastAPI

from vigilar.api.connection import PatientProtocol
from vigilar.api.server import ListenError, listen, serve
from vigilar.domain.settings import ApiSettings
from worker.api.fakes import FILM, TICKET, FakeHouse
from worker.api.running import receive, running, until

pytestmark = pytest.mark.anyio
GREETING = "GET /health HTTP/1.1\nHost: x\n\n"
BODY = "POST /api/v1/cameras/yard/record HTTP/1.1\nHost: x\nContent-Length: 100\n\n"
MEDIA = "/api/v1/clips/yard_20261121T073000Z/media.mp4"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_it_answers_over_the_network(app: FastAPI, token: str) -> None:
    async with (
        running(app) as server,
        httpx2.AsyncClient(base_url=server.address, headers=bearer(token)) as client,
    ):
        cameras = await client.get("/api/v1/cameras")
        film = await client.get(MEDIA, headers={"Range": "bytes=1-3000"})

    assert len(cameras.json()["items"]) == 2
    assert (film.status_code, film.content) == (206, FILM[1:3001])
    assert "server" not in cameras.headers
    assert cameras.headers["date"].endswith("GMT")


async def test_signal_handlers_stay_whose_they_were(app: FastAPI) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    async with running(app) as server, httpx2.AsyncClient(base_url=server.address) as client:
        await client.get("/health")
        during = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    assert before == during


async def test_a_stream_starts_at_once_and_ends_when_its_viewer_leaves(
    app: FastAPI, house: FakeHouse
) -> None:
    async with running(app) as server:
        async with (
            httpx2.AsyncClient(base_url=server.address) as client,
            client.stream("GET", f"/api/v1/live/{TICKET}.ts") as answer,
        ):
            first = await anext(aiter(answer.aiter_bytes()))
            assert not house.live.ended.is_set()
        async with asyncio.timeout(5):
            await house.live.ended.wait()

    assert answer.headers["content-type"] == "video/mp2t"
    assert answer.headers["cache-control"] == "no-store"
    assert first.startswith(b"G")


async def test_stopping_ends_streams_and_sockets_soon(
    app: FastAPI, house: FakeHouse, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    async with running(app) as server, server.socket(bearer(token)) as viewer:
        assert (await receive(viewer))["type"] == "server_info"
        async with (
            httpx2.AsyncClient(base_url=server.address) as client,
            client.stream("GET", f"/api/v1/live/{TICKET}.ts") as answer,
        ):
            stream = aiter(answer.aiter_bytes())
            await anext(stream)

            began = loop.time()
            server.stop.set()
            async for _ in stream:
                pass
            async with asyncio.timeout(5):
                await viewer.wait_closed()
                await server.task

    assert loop.time() - began < 3
    assert viewer.close_code == 1012
    assert house.live.ended.is_set()
    assert all(subscription.closed for subscription in house.feed.subscriptions)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_viewer_who_leaves_in_mid_film_leaves_nothing_open(
    app: FastAPI, house: FakeHouse, token: str
) -> None:
    house.clips.media.film = bytes(64 << 20)
    async with running(app) as server:
        _, writer = await server.raw(f"GET {MEDIA} HTTP/1.1\nHost: x\nAuthorization: Bearer {token}\n\n")
        await until(lambda: house.clips.media.reads)
        writer.transport.abort()
        await until(lambda: house.clips.media.closed)

    assert house.clips.media.closed == 1


async def test_a_film_that_breaks_off_does_not_look_whole(app: FastAPI, house: FakeHouse, token: str) -> None:
    house.clips.media.fails_after = 5000
    async with (
        running(app) as server,
        httpx2.AsyncClient(base_url=server.address, headers=bearer(token)) as client,
    ):
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(MEDIA)

    assert house.clips.media.closed == 1


async def test_neither_tickets_nor_tokens_are_logged(
    app: FastAPI, house: FakeHouse, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.live.endless = False
    with caplog.at_level(logging.DEBUG):
        async with running(app) as server:
            async with httpx2.AsyncClient(base_url=server.address, headers=bearer(token)) as client:
                caplog.clear()
                assert (await client.get(f"/api/v1/live/{TICKET}.ts")).status_code == 200
                await client.get("/api/v1/live/canary-canary-canary.ts")
                await client.get("/api/v1/cameras?token=canary-token")
            reader, writer = await server.raw(
                "GET /api/v1/ws?token=canary-token HTTP/1.1\nHost: x\nConnection: Upgrade\n"
                f"Upgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: {'A' * 22}==\n\n"
            )
            assert b"101" in await reader.readline()
            writer.close()

    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("vigilar", "uvicorn"))
    )
    assert token not in ours
    assert TICKET not in ours
    assert "canary" not in ours


async def test_garbage_does_not_bring_it_down(app: FastAPI) -> None:
    async with running(app) as server:
        for garbage in (
            "\x00\x01\x02\n\n",
            "GET\n\n",
            "GET / HTTP/9.9\n\n",
            "GET /" + "x" * 100_000 + " HTTP/1.1\n\n",
        ):
            reader, writer = await server.raw(garbage)
            async with asyncio.timeout(5):
                await reader.read(200)
            writer.close()
        async with httpx2.AsyncClient(base_url=server.address) as client:
            assert (await client.get("/health")).status_code == 200


async def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"127.0.0.1 port {port}.*api.host and api.port"):
            await listen(ApiSettings(host="127.0.0.1", port=port))


async def test_a_host_that_is_none_is_said_in_one_line(app: FastAPI) -> None:
    with pytest.raises(ListenError, match=r"api\.host: 'no such host'"):
        await serve(app, ApiSettings(host="no such host"), asyncio.Event())


async def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ListenError, match=r"192\.0\.2\.1"):
        await listen(ApiSettings(host="192.0.2.1", port=0))


@pytest.mark.parametrize("said", ["", "GET /health HT", f"{GREETING}GET /hea", f"{BODY}xx"])
async def test_who_never_finishes_a_request_is_shown_out(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr(PatientProtocol, "request_within_s", 0.1)
    async with running(app) as server:
        reader, writer = await server.raw(said)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                while await reader.read(1000):
                    pass
        writer.close()


async def test_patience_does_not_end_who_is_being_answered(
    app: FastAPI, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientProtocol, "request_within_s", 0.05)
    async with (
        running(app) as server,
        server.socket(bearer(token)) as viewer,
        httpx2.AsyncClient(base_url=server.address) as client,
        client.stream("GET", f"/api/v1/live/{TICKET}.ts") as answer,
    ):
        await receive(viewer)
        await asyncio.sleep(0.2)
        stream = answer.aiter_bytes()
        assert (await anext(aiter(stream))).startswith(b"G")
        assert (await receive(viewer))["type"] == "snapshot"
        await (await viewer.ping())


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system's kernel has no such option")
async def test_the_kernel_gives_up_on_who_does_not_read() -> None:
    (listening,) = await listen(ApiSettings(host="127.0.0.1", port=0))
    with listening, socket.create_connection(listening.getsockname()):
        accepted, _ = await asyncio.get_running_loop().sock_accept(listening)
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 300_000
