"""Live MPEG-TS between processes: one topic per viewer; an empty chunk is the end.

Apart from the reader's side (`bus.live`), so that the process that sends needs no asyncio.
"""

from typing import Final

import zmq

VIEWER_BACKLOG: Final = 512
END: Final = b""


class LivePublisher:
    """Binds a camera's live XPUB socket; one thread owns it."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> None:
        self.watchers: set[str] = set()
        self.socket = context.socket(zmq.XPUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, VIEWER_BACKLOG)
        self.socket.bind(endpoint)

    def departed(self) -> list[str]:
        """Return the viewers whose last reader left or died since the last call, and keep `watchers`."""
        gone: list[str] = []
        while True:
            try:
                event = self.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return gone
            viewer = event[1:].decode("utf-8", "replace")
            if event[:1] == b"\x01":
                self.watchers.add(viewer)
            else:
                self.watchers.discard(viewer)
                gone.append(viewer)

    def send(self, viewer: str, chunk: bytes) -> None:
        """Send a chunk to one viewer; END tells it that no more will come."""
        self.socket.send_multipart([viewer.encode(), chunk], zmq.NOBLOCK)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
