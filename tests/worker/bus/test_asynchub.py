import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import zmq
import zmq.asyncio

from vigilar.bus.asynchub import AsyncHub
from vigilar.bus.endpoints import core_endpoint
from vigilar.bus.errors import PeerUnavailableError
from vigilar.bus.link import Link
from vigilar.bus.messages import LookStarted, RecordNow, Reply
from vigilar.domain.errors import UnavailableError
from worker.bus.fakes import HandClock


@asynccontextmanager
async def running_hub(run_dir: Path) -> AsyncIterator[tuple[AsyncHub, Link, HandClock]]:
    context = zmq.asyncio.Context()
    hub = AsyncHub(context, core_endpoint(run_dir))
    task = asyncio.create_task(hub.run())
    blocking = zmq.Context(context)
    clock = HandClock()
    link = Link(blocking, core_endpoint(run_dir), "capture:door", clock=clock)
    try:
        assert await asyncio.to_thread(link.socket.poll, 3000, zmq.POLLOUT)
        link.send(LookStarted(0))
        assert (await asyncio.wait_for(anext(aiter(hub)), 3)).message == LookStarted(0)
        yield hub, link, clock
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        link.close()
        hub.close()
        context.destroy(linger=0)


async def hear(link: Link) -> None:
    assert await asyncio.to_thread(link.socket.poll, 3000, zmq.POLLIN)


def test_messages_are_delivered_once_and_acknowledged_after_the_handler(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_hub(tmp_path) as (hub, link, _):
            link.send(LookStarted(1), matters=True)
            received = await asyncio.wait_for(anext(aiter(hub)), 3)
            assert received.message == LookStarted(1)
            assert link.unacknowledged == 1

            await hub.ack(received)

            await hear(link)
            assert link.receive() is None
            assert link.unacknowledged == 0

    asyncio.run(scenario())


def test_a_rejected_message_is_delivered_again_when_it_is_sent_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_hub(tmp_path) as (hub, link, clock):
            link.send(LookStarted(1), matters=True)
            received = await asyncio.wait_for(anext(aiter(hub)), 3)

            hub.reject(received)
            clock.forward(3)
            link.service()

            again = await asyncio.wait_for(anext(aiter(hub)), 3)
            assert again.id == received.id

    asyncio.run(scenario())


def test_a_request_returns_the_peers_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_hub(tmp_path) as (hub, link, _):
            asked = asyncio.create_task(hub.request("capture:door", RecordNow(3.0), 3))
            await hear(link)
            received = link.receive()
            assert received is not None
            link.reply(received, Reply(ok=True, text="door_x"), b"blob")

            assert await asked == (Reply(ok=True, text="door_x"), b"blob")

    asyncio.run(scenario())


def test_a_request_to_a_peer_that_is_not_there_says_so_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_hub(tmp_path) as (hub, _, _):
            with pytest.raises(UnavailableError, match="capture:yard"):
                await hub.request("capture:yard", RecordNow(3.0), 30)

    asyncio.run(scenario())


def test_a_request_nobody_answers_ends_in_time_and_its_late_answer_harms_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running_hub(tmp_path) as (hub, link, _):
            with pytest.raises(PeerUnavailableError, match="did not answer"):
                await hub.request("capture:door", RecordNow(3.0), 0.05)
            await hear(link)
            late = link.receive()
            assert late is not None
            link.reply(late, Reply(ok=True))

            link.send(LookStarted(9))
            received = await asyncio.wait_for(anext(aiter(hub)), 3)
            assert received.message == LookStarted(9)

    asyncio.run(scenario())
