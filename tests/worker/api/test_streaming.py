"""Streamed answers: however they end, what feeds them is closed once, and only once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from vigilar.api.streaming import StreamedResponse
from vigilar.domain.errors import UnavailableError
from worker.api.running import until

pytestmark = pytest.mark.anyio


@dataclass
class Source:
    """Yields `chunks`, then ends, fails or waits; notes how it was closed."""

    chunks: tuple[bytes, ...] = (b"one", b"two")
    then: str = "end"
    ended: int = 0
    closed: int = 0
    slow_to_close: bool = False

    async def read(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self.chunks:
                yield chunk
            if self.then == "wait":
                await asyncio.Event().wait()
            if self.then == "fail":
                raise UnavailableError("the disk is gone")
        finally:
            self.ended += 1

    async def close(self) -> None:
        if self.slow_to_close:
            await asyncio.sleep(0.05)
        self.closed += 1


@dataclass
class Client:
    """The other side of an ASGI answer. `leave` is its going away; `deaf`: takes nothing after the head."""

    deaf: bool = False
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    got: list[dict[str, Any]] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if self.deaf and message["type"] == "http.response.body":
            await asyncio.Event().wait()
        self.got.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)

    @property
    def complete(self) -> bool:
        return bool(self.got) and self.got[-1].get("more_body") is False


def answering(
    source: Source, client: Client, closing: asyncio.Event | None = None, **more: Any
) -> asyncio.Task[None]:
    answer = StreamedResponse(
        source.read(),
        closing=closing or asyncio.Event(),
        on_end=source.close,
        media_type="video/mp2t",
        **more,
    )
    return asyncio.create_task(answer({"type": "http"}, client.receive, client.send))


async def test_it_ends_when_the_chunks_do() -> None:
    source, client = Source(), Client()

    await answering(source, client)

    assert (client.body, client.complete) == (b"onetwo", True)
    assert (source.ended, source.closed) == (1, 1)


async def test_it_ends_when_the_client_leaves() -> None:
    source, client = Source(then="wait"), Client()
    task = answering(source, client)
    await until(lambda: client.body == b"onetwo")

    client.leave.set()
    await task

    assert (source.ended, source.closed) == (1, 1)


@pytest.mark.parametrize(("headers", "complete"), [({}, True), ({"Content-Length": "999"}, False)])
async def test_it_ends_when_the_server_closes(headers: dict[str, str], complete: bool) -> None:
    source, client, closing = Source(then="wait"), Client(), asyncio.Event()
    task = answering(source, client, closing, headers=headers)
    await until(lambda: client.body == b"onetwo")

    closing.set()
    await task

    assert client.complete is complete
    assert (source.ended, source.closed) == (1, 1)


async def test_a_source_that_fails_leaves_the_answer_unfinished(caplog: pytest.LogCaptureFixture) -> None:
    source, client = Source(then="fail"), Client()

    await answering(source, client)

    assert (client.body, client.complete) == (b"onetwo", False)
    assert (source.ended, source.closed) == (1, 1)
    assert "broke off after 6 bytes: the disk is gone" in caplog.text


@pytest.mark.parametrize(("promised", "complete"), [("6", True), ("7", False)])
async def test_an_answer_shorter_than_promised_does_not_look_whole(promised: str, complete: bool) -> None:
    source, client = Source(), Client()

    await answering(source, client, headers={"Content-Length": promised})

    assert (client.body, client.complete) == (b"onetwo", complete)


async def test_a_client_that_takes_nothing_is_let_go() -> None:
    source, client = Source(), Client(deaf=True)

    await answering(source, client, stall_s=0.01)

    assert not client.complete
    assert (source.ended, source.closed) == (1, 1)


@pytest.mark.parametrize("already_ending", [False, True])
async def test_being_cancelled_at_any_moment_closes_all_and_stays_cancelled(already_ending: bool) -> None:
    source, client = Source(then="wait", slow_to_close=True), Client()
    task = answering(source, client)
    await until(lambda: client.body == b"onetwo")
    if already_ending:
        client.leave.set()
        await until(lambda: source.ended)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (source.ended, source.closed) == (1, 1)
