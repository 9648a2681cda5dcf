"""Decoding on demand, for those who look: brightness planes for motion, whole pictures for stills.

One thread per decoder; with `keys_only` a picture comes out at once, however many the stream reorders. The
one module of this room that imports numpy; a process that only records never imports it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

import av
import numpy as np
from av.codec.context import ThreadType
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vigilar.media.errors import UnsupportedError
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo

type Luma = NDArray[np.uint8]
"""Brightness, shape (height, width), 0…255."""

_PLANAR_8_BIT: Final = frozenset(
    {"gray", "nv12", "nv21"} | {f"yuv{j}{s}p" for j in ("", "j") for s in ("420", "422", "444", "440", "411")}
)
"""Pixel formats whose first plane is the brightness in bytes."""


class Skip(StrEnum):
    """What a decoder leaves out, in libav's names."""

    NOTHING = "NONE"
    NON_REFERENCE = "NONREF"
    ALL_BUT_KEYS = "NONKEY"


@dataclass(frozen=True, slots=True)
class LumaFrame:
    """One decoded picture. `luma` is a view into `picture`'s memory: do not write to it.

    `arrival_ns` and `keyframe` are those of its packet.
    """

    luma: Luma
    arrival_ns: int
    keyframe: bool
    picture: VideoFrame


class Decoder:
    """Decodes one stream's pictures; make a new one for a new StreamInfo. Not thread-safe.

    Damaged input never raises: it is counted in `errors`, and nothing comes out until the next key frame.
    """

    def __init__(self, info: StreamInfo, *, keys_only: bool = False) -> None:
        """`keys_only`: key frames alone, without deblocking, at a fraction of the cost.

        Raises UnsupportedError when this build of libav cannot decode the codec.
        """
        self.errors = 0
        self.decoded = 0
        self._awaiting_key = True
        self._skip = Skip.ALL_BUT_KEYS if keys_only else Skip.NOTHING
        self._context = _context(info, self._skip)

    @property
    def skip(self) -> Skip:
        """What is left out; may be changed at any time, best with the next packet a key frame."""
        return self._skip

    @skip.setter
    def skip(self, value: Skip) -> None:
        if self._skip is Skip.ALL_BUT_KEYS and value is not Skip.ALL_BUT_KEYS:
            # The pictures since the last key frame were left out: what refers to them cannot be decoded.
            self._awaiting_key = True
        self._skip = value
        self._context.skip_frame = value.value

    def decode(self, packet: MediaPacket) -> list[LumaFrame]:
        """Return the pictures this packet completes: usually one, with B-frames sometimes none or two."""
        if packet.kind is not PacketKind.VIDEO:
            return []
        if not packet.keyframe and (self._awaiting_key or self._skip is Skip.ALL_BUT_KEYS):
            return []
        self._awaiting_key = False
        coded: Any = av.Packet(packet.data)
        # The arrival time rides through the decoder in the place of the pts: nothing else is asked of it.
        coded.pts = coded.dts = packet.arrival_ns
        coded.is_keyframe = packet.keyframe
        try:
            pictures = self._context.decode(coded)
            if self._skip is Skip.ALL_BUT_KEYS:
                pictures += self._context.decode(None)
                self._context.flush_buffers()
        except FFmpegError:
            self._lose_track()
            return []
        return [frame for picture in pictures if (frame := self._frame(picture, packet)) is not None]

    def _frame(self, picture: VideoFrame, packet: MediaPacket) -> LumaFrame | None:
        if picture.is_corrupt:
            self._lose_track()
            return None
        self.decoded += 1
        arrival = picture.pts if picture.pts is not None else packet.arrival_ns
        return LumaFrame(luma_of(picture), arrival, bool(picture.key_frame), picture)

    def _lose_track(self) -> None:
        self.errors += 1
        self._awaiting_key = True
        self._context.flush_buffers()


def luma_of(picture: VideoFrame) -> Luma:
    """Return the brightness: a view where it is stored in bytes, else (10 bits, RGB) a converted copy."""
    if picture.format.name not in _PLANAR_8_BIT:
        picture = picture.reformat(format="gray")
    plane = picture.planes[0]
    rows = np.frombuffer(cast("Any", plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: picture.height, : picture.width]


def key_frame_jpeg(info: StreamInfo, key_frame: bytes, *, width: int, quality: int = 85) -> bytes:
    """Return a key frame as a colour JPEG, at most `width` pixels wide, keeping the aspect ratio.

    Raises UnsupportedError when it cannot be decoded.
    """
    return jpeg(_key_frame(info, key_frame), width=width, quality=quality)


def key_frame_luma(info: StreamInfo, key_frame: bytes) -> Luma:
    """Return a key frame's brightness. Raises UnsupportedError when it cannot be decoded."""
    return luma_of(_key_frame(info, key_frame))


def _key_frame(info: StreamInfo, key_frame: bytes) -> VideoFrame:
    context = _context(info, Skip.NOTHING)
    try:
        pictures = [*context.decode(av.Packet(key_frame)), *context.decode(None)]
    except FFmpegError as err:
        raise UnsupportedError(f"the key frame cannot be decoded ({err.strerror})") from None
    if not pictures or pictures[0].is_corrupt:
        raise UnsupportedError("the key frame cannot be decoded")
    return pictures[0]


def jpeg(picture: VideoFrame, *, width: int, quality: int = 85) -> bytes:
    """Return a picture as a colour JPEG, at most `width` pixels wide; `quality` 1…100.

    Raises UnsupportedError when it cannot be encoded.
    """
    wide = max(16, min(width, picture.width) // 2 * 2)
    high = max(16, round(picture.height * wide / picture.width / 2) * 2)
    steps = str(2 + (100 - max(1, min(quality, 100))) * 29 // 99)
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = wide, high, "yuvj420p"
    encoder.framerate = 1
    encoder.thread_count = 1
    encoder.options = {"qmin": steps, "qmax": steps}
    try:
        scaled = picture.reformat(wide, high, "yuvj420p", interpolation="AREA")
        scaled.pts = None
        packets = [*encoder.encode(scaled), *encoder.encode(None)]
    except (FFmpegError, ValueError) as err:
        raise UnsupportedError(f"the picture cannot be made a JPEG ({type(err).__name__})") from None
    return b"".join(bytes(packet) for packet in packets)


def _context(info: StreamInfo, skip: Skip) -> VideoCodecContext:
    try:
        context = cast("VideoCodecContext", av.CodecContext.create(info.video_codec, "r"))
        if info.parameter_sets:
            context.extradata = info.parameter_sets
        context.thread_count = 1
        context.thread_type = ThreadType.NONE
        context.skip_frame = skip.value
        # Deblocking a key frame that only motion is judged by changes nothing that is looked at; left out of
        # pictures that others refer to, its absence would add up to a moving pattern.
        context.options = {"skip_loop_filter": "all" if skip is Skip.ALL_BUT_KEYS else "noref"}
        context.open()
    except (FFmpegError, ValueError):
        raise UnsupportedError(f"{info.video_codec} cannot be decoded here") from None
    return context
