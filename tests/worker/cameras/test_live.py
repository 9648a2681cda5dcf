import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from vigilar.bus.messages import CloseLive, OpenLive, Reply
from vigilar.cameras.background import Background
from vigilar.cameras.live import MAX_TICKETS, MAX_VIEWERS, TICKET_S, UNREAD_S, LiveViews
from vigilar.domain.errors import NotFoundError, UnavailableError
from worker.cameras.house import Desk, a_camera, desk
from worker.store.fakes import run


@dataclass
class Feed:
    """Yields `ready`, then waits until ended."""

    camera: str
    viewer: str
    ready: list[bytes] = field(default_factory=lambda: [b"one", b"two"])
    over: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in self.ready:
            yield chunk
        await self.over.wait()

    def close(self) -> None:
        self.closed += 1


@dataclass
class Studio:
    desk: Desk
    background: Background
    live: LiveViews
    feeds: list[Feed]

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(self.background) == 0

    def opened(self) -> list[str]:
        return [c.viewer for c in self.desk.processes.commands("capture:door") if isinstance(c, OpenLive)]

    def ended(self) -> list[str]:
        return [c.viewer for c in self.desk.processes.commands("capture:door") if isinstance(c, CloseLive)]


def studio() -> Studio:
    d = desk(a_camera(), a_camera("yard"), a_camera("attic", enabled=False))
    feeds: list[Feed] = []

    def open_feed(camera: str, viewer: str) -> Feed:
        feeds.append(Feed(camera, viewer))
        return feeds[-1]

    background = Background()
    return Studio(d, background, LiveViews(d.registry, d.processes, open_feed, background, d.clock), feeds)


def test_a_ticket_opens_its_camera_and_leaving_tells_the_camera() -> None:
    async def scenario() -> None:
        s = studio()
        ticket = s.live.issue("door")

        stream = await s.live.stream(ticket.ticket)
        assert [await anext(stream), await anext(stream)] == [b"one", b"two"]
        assert s.live.viewers == 1
        await stream.aclose()  # type: ignore[attr-defined]
        await s.settle()

        assert s.opened() == s.ended() == [s.feeds[0].viewer]
        assert s.feeds[0].closed == 1
        assert s.live.viewers == 0

    run(scenario())


def test_a_stream_ends_when_the_camera_ends_it() -> None:
    async def scenario() -> list[bytes]:
        s = studio()
        stream = await s.live.stream(s.live.issue("door").ticket)
        s.feeds[0].over.set()
        return [chunk async for chunk in stream]

    assert run(scenario()) == [b"one", b"two"]


@pytest.mark.parametrize("how", ["revoke", "restart"])
def test_a_waiting_stream_ends_at_once_when_it_may_go_on_no_more(how: str) -> None:
    async def scenario() -> None:
        s = studio()
        ticket = s.live.issue("door").ticket
        other = await s.live.stream(s.live.issue("yard").ticket)
        stream = await s.live.stream(ticket)
        watching = asyncio.ensure_future(_all(stream))
        await asyncio.sleep(0.01)

        for _ in range(2):
            if how == "revoke":
                s.live.revoke("door")
            else:
                s.live.end_streams("door")

        assert await asyncio.wait_for(watching, 2) == [b"one", b"two"]
        assert await anext(other) == b"one"
        if how == "revoke":
            with pytest.raises(NotFoundError):
                await s.live.stream(ticket)
        else:
            await s.live.stream(ticket)
        await s.background.close()

    run(scenario())


async def _all(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in stream]


def test_a_ticket_lasts_while_it_is_used_and_no_longer() -> None:
    async def scenario() -> None:
        s = studio()
        ticket = s.live.issue("door")
        for _ in range(3):
            s.desk.clock.forward(TICKET_S - 1)
            await _close(await s.live.stream(ticket.ticket))
        s.desk.clock.forward(TICKET_S + 1)
        with pytest.raises(NotFoundError):
            await s.live.stream(ticket.ticket)
        await s.background.close()

    run(scenario())


async def _close(stream: AsyncIterator[bytes]) -> None:
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("ticket", ["", "x" * 43, "../door"])
def test_a_ticket_nobody_issued_opens_nothing(ticket: str) -> None:
    async def scenario() -> None:
        s = studio()
        s.live.issue("door")
        with pytest.raises(NotFoundError):
            await s.live.stream(ticket)
        assert s.feeds == []

    run(scenario())


def test_tickets_are_for_cameras_that_can_be_watched() -> None:
    s = studio()
    with pytest.raises(NotFoundError):
        s.live.issue("cellar")
    with pytest.raises(UnavailableError):
        s.live.issue("attic")


def test_a_camera_that_refuses_leaves_nothing_open() -> None:
    async def scenario() -> None:
        s = studio()
        s.desk.processes.answers["OpenLive"] = (Reply(ok=False, text="no stream yet"), b"")
        with pytest.raises(UnavailableError, match="no stream yet"):
            await s.live.stream(s.live.issue("door").ticket)
        assert s.live.viewers == 0
        assert s.feeds[0].closed == 1
        await s.background.close()

    run(scenario())


def test_a_stream_nobody_reads_is_let_go() -> None:
    async def scenario() -> None:
        s = studio()
        await s.live.stream(s.live.issue("door").ticket)
        s.desk.clock.forward(UNREAD_S + 1)
        s.live.tick()
        await s.settle()
        assert s.live.viewers == 0
        assert s.ended() == [s.feeds[0].viewer]

    run(scenario())


def test_tickets_and_viewers_are_bounded() -> None:
    async def scenario() -> None:
        s = studio()
        first = s.live.issue("door").ticket
        for _ in range(MAX_TICKETS):
            last = s.live.issue("door").ticket
        with pytest.raises(NotFoundError):
            await s.live.stream(first)
        for _ in range(MAX_VIEWERS):
            await s.live.stream(last)
        with pytest.raises(UnavailableError, match="open already"):
            await s.live.stream(last)
        assert s.live.revoke("door") == MAX_TICKETS
        await s.background.close()

    run(scenario())
