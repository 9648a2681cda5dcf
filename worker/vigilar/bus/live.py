"""Live MPEG-TS as a viewer's process receives it (see `bus.livecast`)."""

from collections.abc import AsyncIterator

import zmq
import zmq.asyncio

from vigilar.bus.livecast import END, VIEWER_BACKLOG


class AsyncLiveFeed:
    """One viewer's side in an asyncio process. Construct it before sending OpenLive, or the start is lost."""

    def __init__(self, context: zmq.asyncio.Context, endpoint: str, viewer: str) -> None:
        self._viewer = viewer.encode()
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, VIEWER_BACKLOG)
        self.socket.setsockopt(zmq.SUBSCRIBE, self._viewer)
        self.socket.connect(endpoint)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield MPEG-TS until the publisher ends it; cancel to leave earlier."""
        while True:
            viewer, chunk = await self.socket.recv_multipart()
            if viewer != self._viewer:
                continue  # a topic is a prefix: another viewer's id may begin with ours
            if chunk == END:
                return
            yield chunk

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
