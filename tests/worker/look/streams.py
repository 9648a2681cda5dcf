"""Pictures encoded as a camera would send them: an H.264 stream with key frames at a fixed interval."""

from collections.abc import Iterable, Sequence

import av
import numpy as np
from numpy.typing import NDArray

from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo


def encoded(
    pictures: Iterable[NDArray[np.uint8]], *, fps: int, key_every: int, start_ns: int = 0
) -> tuple[StreamInfo, list[MediaPacket]]:
    """Return the stream's description and its packets, one per picture, arriving `fps` a second."""
    context: av.VideoCodecContext | None = None
    packets: list[MediaPacket] = []
    for number, picture in enumerate(pictures):
        height, width = picture.shape
        if context is None:
            context = _encoder(width, height, fps, key_every)
        planes = np.vstack([picture, np.full((height // 2, width), 128, np.uint8)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        for coded in context.encode(frame):
            packets.append(_packet(bytes(coded), len(packets), fps, coded.is_keyframe, start_ns))
    assert context is not None
    info = StreamInfo("h264", context.width, context.height, b"", b"", fps=float(fps))
    return info, packets


def _encoder(width: int, height: int, fps: int, key_every: int) -> av.VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.gop_size, context.thread_count = fps, key_every, 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20", "sc_threshold": "0"}
    return context


def _packet(data: bytes, number: int, fps: int, keyframe: bool, start_ns: int) -> MediaPacket:
    ticks = number * 90_000 // fps
    arrival_ns = start_ns + number * 1_000_000_000 // fps
    return MediaPacket(PacketKind.VIDEO, data, ticks, ticks, 90_000 // fps, keyframe, arrival_ns)


def at(packet: MediaPacket, arrival_ns: int) -> MediaPacket:
    """Return the packet as if it had arrived at another time."""
    kind, data, pts, dts = packet.kind, packet.data, packet.pts, packet.dts
    return MediaPacket(kind, data, pts, dts, packet.duration, packet.keyframe, arrival_ns)


def damaged(packet: MediaPacket) -> MediaPacket:
    """Return the packet with its payload overwritten in the middle."""
    third = len(packet.data) // 3
    rubbish = packet.data[:third] + b"\x55" * third + packet.data[2 * third :]
    kind, pts, dts = packet.kind, packet.pts, packet.dts
    return MediaPacket(kind, rubbish, pts, dts, packet.duration, packet.keyframe, packet.arrival_ns)


def groups(packets: Sequence[MediaPacket], size: int) -> list[list[MediaPacket]]:
    """Return the packets in batches that begin at key frames, at most `size` long."""
    made: list[list[MediaPacket]] = []
    for packet in packets:
        if packet.keyframe or not made or len(made[-1]) >= size:
            made.append([])
        made[-1].append(packet)
    return made
