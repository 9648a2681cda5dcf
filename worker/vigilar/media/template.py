"""The `init` of a StreamInfo: a small ftyp+moov by libavformat, from which writers take their streams.

No video decoder is opened to make or to read one: the picture's size comes from libavcodec's parsers, and the
list of allowed decoders is empty. So a decoder's crash cannot reach a process that only records.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vigilar.media.errors import NotAVideoError, UnsupportedError
from vigilar.media.packet import VIDEO_TICKS_PER_S
from vigilar.media.stream_info import StreamInfo

NO_DECODERS: Final = {"codec_whitelist": "none"}
"""Option for `av.open`: probing may parse, but not decode."""

type AvPacket = Packet[Any]
"""A packet of libav; the alias is lazy, for the class cannot be subscripted at run time."""

NO_TAG: Final = "\0\0\0\0"
"""The tag of the source's container means nothing in ours: libavformat shall choose."""

VIDEO_TIME_BASE: Final = Fraction(1, VIDEO_TICKS_PER_S)


@dataclass(frozen=True, slots=True)
class FlacShape:
    """Sound that we encode as FLAC ourselves."""

    sample_rate: int
    channels: int

    @property
    def layout(self) -> str:
        """Libav's name of the channel layout."""
        return "mono" if self.channels == 1 else "stereo"

    @property
    def block(self) -> int:
        """Samples to a packet: about an eighth of a second, for packets cost by the piece."""
        return 1024 if self.sample_rate <= 16_000 else 4096

    @property
    def options(self) -> dict[str, str]:
        """The encoder's options."""
        return {"compression_level": "2", "frame_size": str(self.block)}


@dataclass(frozen=True, slots=True)
class CopiedAudio:
    """Sound that is copied as it comes. `extradata` replaces the stream's own where it has none (ADTS)."""

    stream: AudioStream
    extradata: bytes | None


def picture_size(key_frame: bytes, codec: str) -> tuple[int, int]:
    """Return (width, height) of an Annex B key frame with its parameter sets, or of a JPEG.

    Raises NotAVideoError when it has no readable size.
    """
    if codec == "mjpeg":
        size = _jpeg_size(key_frame)
    else:
        parser = cast("VideoCodecContext", av.CodecContext.create(codec, "r"))
        try:
            parser.parse(key_frame)
            parser.parse(None)
        except FFmpegError as err:
            raise NotAVideoError(f"the key frame cannot be read ({err.strerror})") from None
        size = (parser.width, parser.height)
    if not all(0 < side <= 16_384 for side in size):
        raise NotAVideoError("the key frame has no readable picture size")
    return size


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk a JPEG's few header segments to its frame header (SOF0 … SOF15)."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + length
    return 0, 0


def make_init(
    codec: str, size: tuple[int, int], key_frame: bytes, audio: FlacShape | CopiedAudio | None
) -> bytes:
    """Return the ftyp+moov of these streams. `key_frame` holds its parameter sets.

    Raises UnsupportedError when MP4 cannot hold them.
    """
    sink = io.BytesIO()
    try:
        out = av.open(
            sink, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof+frag_custom"}
        )
        video = out.add_mux_stream(codec, width=size[0], height=size[1])
        video.time_base = VIDEO_TIME_BASE
        _add_audio(out, audio)
        packet = av.Packet(key_frame)
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = video, 0, 0, True
        # The header goes out with the first packet; libavformat takes the parameters from that packet.
        out.mux(packet)
        init = sink.getvalue()
        out.close()
    except (FFmpegError, ValueError) as err:
        reason = err.strerror if isinstance(err, FFmpegError) else "no codec parameters"
        raise UnsupportedError(f"MP4 cannot hold this {codec} stream ({reason})") from None
    return init


def _add_audio(out: OutputContainer, audio: FlacShape | CopiedAudio | None) -> None:
    match audio:
        case FlacShape():
            stream = out.add_stream("flac", rate=audio.sample_rate)
            stream.codec_context.layout = audio.layout
            stream.codec_context.format = "s16"
            stream.codec_context.options = audio.options
        case CopiedAudio():
            copied = out.add_stream_from_template(audio.stream, opaque=True)
            copied.codec_context.codec_tag = NO_TAG
            if audio.extradata is not None:
                copied.codec_context.extradata = audio.extradata
        case None:
            pass


class Template:
    """An opened `init`: its streams serve `add_stream_from_template` while this lives."""

    __slots__ = ("_container", "audio", "video")

    def __init__(self, info: StreamInfo) -> None:
        """Raises UnsupportedError when `info.init` is not one."""
        try:
            self._container: InputContainer = av.open(io.BytesIO(info.init), "r", options=NO_DECODERS)
        except FFmpegError as err:
            raise UnsupportedError(f"unreadable stream description ({err.strerror})") from None
        self.video: VideoStream = self._container.streams.video[0]
        audio = self._container.streams.audio
        self.audio: AudioStream | None = audio[0] if audio else None

    def add_video(self, out: OutputContainer, info: StreamInfo, tag: str | None = None) -> VideoStream:
        """Add the video stream to `out`; packets are then Annex B, in 1/90000 s."""
        stream = out.add_stream_from_template(self.video, opaque=True)
        context: Any = stream.codec_context
        if info.parameter_sets:
            # Annex B here tells the muxers that the packets are Annex B too (else: length-prefixed).
            context.extradata = info.parameter_sets
        context.codec_tag = tag or NO_TAG
        stream.time_base = VIDEO_TIME_BASE
        return stream
