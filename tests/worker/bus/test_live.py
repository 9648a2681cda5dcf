import asyncio
from pathlib import Path

import zmq
import zmq.asyncio

from vigilar.bus.endpoints import live_endpoint
from vigilar.bus.live import AsyncLiveFeed
from vigilar.bus.livecast import END, LivePublisher


def test_each_viewer_gets_its_own_chunks_until_the_end_and_its_leaving_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        context = zmq.asyncio.Context()
        blocking = zmq.Context(context)
        publisher = LivePublisher(blocking, live_endpoint(tmp_path, "door"))
        one = AsyncLiveFeed(context, live_endpoint(tmp_path, "door"), "v1")
        other = AsyncLiveFeed(context, live_endpoint(tmp_path, "door"), "v10")
        for _ in range(2):
            assert await asyncio.to_thread(publisher.socket.poll, 3000, zmq.POLLIN)
            publisher.socket.recv()

        for viewer, chunk in (("v10", b"other"), ("v1", b"a"), ("v1", b"b"), ("v1", END)):
            publisher.send(viewer, chunk)
        heard = [chunk async for chunk in one.chunks()]
        one.close()
        assert await asyncio.to_thread(publisher.socket.poll, 3000, zmq.POLLIN)

        assert heard == [b"a", b"b"]
        assert publisher.departed() == ["v1"]
        other.close()
        publisher.close()
        context.destroy(linger=0)

    asyncio.run(scenario())
