"""The looked-at stream on its way to `look`."""

from typing import Final

import msgspec

from vigilar.bus.packets import PacketPublisher
from vigilar.capture.chunk import Chunk
from vigilar.media.packet import PacketKind
from vigilar.media.stream_info import StreamInfo

_GROUP_LIMIT: Final = 400


class StreamPublisher:
    """Publishes the pictures of each chunk while somebody listens. Owned by the stream's reader thread.

    A newcomer gets the group of pictures so far, so that it can begin to decode at once.
    """

    def __init__(self, publisher: PacketPublisher) -> None:
        self._publisher = publisher
        self._group: list[Chunk] = []
        self._info: StreamInfo | None = None
        self._info_bytes = b""

    def take(self, chunk: Chunk) -> None:
        """Publish a chunk."""
        if chunk.key:
            self._group.clear()
        if len(self._group) < _GROUP_LIMIT:
            self._group.append(chunk)
        newcomer = self._publisher.poll()
        if not self._publisher.wanted:
            return
        if newcomer and self._group[0].key and self._group[-1] is chunk:
            for each in self._group:
                self._send(each)
        else:
            self._send(chunk)

    def _send(self, chunk: Chunk) -> None:
        pictures = [packet for packet in chunk.packets if packet.kind is PacketKind.VIDEO]
        if pictures:
            self._publisher.publish(self.encoded(chunk.info) if chunk.key else b"", pictures)

    def encoded(self, info: StreamInfo) -> bytes:
        """Return the description as it travels."""
        if info is not self._info:
            self._info, self._info_bytes = info, encode_info(info)
        return self._info_bytes


def encode_info(info: StreamInfo) -> bytes:
    """Return a stream description as msgpack."""
    return msgspec.msgpack.encode(info)
