"""Pictures between processes: a camera's looked-at video packets, published in small batches.

Publish/subscribe: what nobody reads in time is lost, which is right for pictures and nothing else. A batch
is [topic = camera id, head, data, data …]; the head carries one tuple per packet and, when the batch holds
a key frame, the encoded stream description, so that a reader can begin at any key frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import zmq

from vigilar.bus.errors import MalformedMessageError
from vigilar.domain.camera import CameraId

_SEND_LIMIT: Final = 64
_RECEIVE_LIMIT: Final = 256


class VideoPacket(Protocol):
    """What the publisher needs of a packet (media.MediaPacket has it)."""

    @property
    def data(self) -> bytes:
        """Return the payload."""

    @property
    def pts(self) -> int:
        """Return the presentation time, 1/90000 s."""

    @property
    def dts(self) -> int:
        """Return the decoding time, 1/90000 s."""

    @property
    def duration(self) -> int:
        """Return the duration, 1/90000 s."""

    @property
    def keyframe(self) -> bool:
        """Return whether decoding can begin here."""

    @property
    def arrival_ns(self) -> int:
        """Return when it arrived, CLOCK_MONOTONIC."""


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """`packets`: (pts, dts, duration, keyframe, arrival_ns) each. `sequence` rises by one per batch."""

    sequence: int
    info: bytes
    packets: list[tuple[int, int, int, bool, int]]


class StillSource(msgspec.Struct, frozen=True):
    """A key frame with what is needed to decode it. `info`: the encoded stream description."""

    info: bytes
    data: bytes
    arrival_ns: int

    def encode(self) -> bytes:
        """Return it as a blob."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, blob: bytes) -> "StillSource":
        """Read a blob. Raises MalformedMessageError."""
        try:
            return msgspec.msgpack.decode(blob, type=cls)
        except (msgspec.DecodeError, msgspec.ValidationError) as err:
            raise MalformedMessageError(f"a still's source cannot be read: {err}") from err


class PacketPublisher:
    """Binds the camera's XPUB socket; one thread owns it. `wanted` tells whether anybody listens."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, camera: CameraId) -> None:
        self._topic = camera.encode()
        self._sequence = 0
        self._encoder = msgspec.msgpack.Encoder()
        self.wanted = False
        self.socket = context.socket(zmq.XPUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, _SEND_LIMIT)
        self.socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.socket.bind(endpoint)

    def poll(self) -> bool:
        """Take note of who came or went; return whether somebody new listens. Cheap: call once per batch."""
        newcomer = False
        while True:
            try:
                event = self.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return newcomer
            if event[1:] == self._topic:
                self.wanted = event[:1] == b"\x01"
                newcomer = newcomer or self.wanted

    def publish(self, info: bytes, packets: Sequence[VideoPacket]) -> None:
        """Send a batch; `info` is the encoded stream description, or empty when the reader has it already."""
        head = _Head(
            self._sequence, info, [(p.pts, p.dts, p.duration, p.keyframe, p.arrival_ns) for p in packets]
        )
        self._sequence += 1
        # An XPUB socket drops for a reader that is full; it never blocks the demuxer.
        self.socket.send_multipart(
            [self._topic, self._encoder.encode(head), *[p.data for p in packets]], zmq.NOBLOCK
        )

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


@dataclass(frozen=True, slots=True)
class PacketBatch[P, I]:
    """Packets of one camera in decoding order.

    `info` comes with key frames, else None. `lost`: batches between the last one and this were dropped, or
    the publisher started anew: decode again from the next key frame.
    """

    camera: CameraId
    info: I | None
    packets: list[P]
    lost: bool


class PacketSubscriber[P, I]:
    """One SUB socket for any number of cameras; one thread owns it.

    `make_packet(data, pts, dts, duration, keyframe, arrival_ns)` and `read_info(bytes)` build the reader's
    own values.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        make_packet: Callable[[bytes, int, int, int, bool, int], P],
        read_info: Callable[[bytes], I],
    ) -> None:
        self._make = make_packet
        self._read_info = read_info
        self._decoder = msgspec.msgpack.Decoder(_Head)
        self._expected: dict[bytes, int] = {}
        self.socket = context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, _RECEIVE_LIMIT)

    def connect(self, endpoint: str) -> None:
        """Connect to one camera's publisher (it need not be there yet)."""
        self.socket.connect(endpoint)

    def subscribe(self, camera: CameraId) -> None:
        """Begin to receive a camera."""
        self.socket.setsockopt(zmq.SUBSCRIBE, camera.encode())

    def unsubscribe(self, camera: CameraId) -> None:
        """Stop receiving a camera; its publisher then does no work for us."""
        self.socket.setsockopt(zmq.UNSUBSCRIBE, camera.encode())

    def receive(self) -> PacketBatch[P, I] | None:
        """Return the next batch, or None when nothing waits. Raises MalformedMessageError."""
        try:
            topic, head_bytes, *data = self.socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None
        try:
            head = self._decoder.decode(head_bytes)
            packets = [self._make(d, *h) for d, h in zip(data, head.packets, strict=True)]
            info = self._read_info(head.info) if head.info else None
        except (ValueError, msgspec.DecodeError, msgspec.ValidationError) as err:
            raise MalformedMessageError(f"packets of camera {topic.decode()} cannot be read: {err}") from err
        lost = self._expected.get(topic) != head.sequence
        self._expected[topic] = head.sequence + 1
        return PacketBatch(topic.decode(), info, packets, lost)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
