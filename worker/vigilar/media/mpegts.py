"""Live packets as MPEG-TS, a writer per viewer. Pictures are copied; sound alone may be converted, to AAC."""

from fractions import Fraction
from typing import Final, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError

from vigilar.media.errors import MediaError
from vigilar.media.packet import VIDEO_TICKS_PER_S, MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo
from vigilar.media.template import AvPacket, Template

_COPIED: Final = frozenset({"aac", "mp3"})
_AAC_BIT_RATE: Final = 48_000
_OPTIONS: Final = {
    "flush_packets": "1",
    "max_interleave_delta": "300000",
    # Tables again with each key frame: a viewer that reconnects needs no more than one.
    "mpegts_flags": "+pat_pmt_at_frames",
    "max_delay": "0",
}


class _Pipe:
    """What the muxer has written and nobody has taken yet. Cannot be sought in, as a live stream cannot."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._chunks.append(data)
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken


class TsWriter:
    """Muxes one viewer's MPEG-TS; begins with the first video key frame. Not thread-safe.

    MPEG-TS has no place for MJPEG. For a new StreamInfo make a new writer.
    """

    def __init__(self, info: StreamInfo, *, audio: bool = True) -> None:
        """Raises MediaError when MPEG-TS cannot carry the stream."""
        if info.video_codec == "mjpeg":
            raise MediaError("an MJPEG camera cannot be shown live as MPEG-TS")
        self._info = info
        self._pipe = _Pipe()
        self._template = Template(info)
        self._start: Fraction | None = None
        try:
            self._out: OutputContainer = av.open(self._pipe, "w", format="mpegts", options=_OPTIONS)
            self._video = self._template.add_video(self._out, info)
            self._sound: _Copy | _ToAac | None = None
            if audio and info.audio_codec is not None and self._template.audio is not None:
                kind = _Copy if info.audio_codec in _COPIED else _ToAac
                self._sound = kind(self._out, self._template.audio, info)
        except (FFmpegError, ValueError) as err:
            raise MediaError(f"cannot make MPEG-TS of {info.video_codec} ({type(err).__name__})") from None

    def add(self, packet: MediaPacket) -> bytes:
        """Return what can be sent now: often nothing, for packets are put in order of time first."""
        try:
            if packet.kind is PacketKind.VIDEO:
                self._add_video(packet)
            elif self._sound is not None and self._start is not None:
                for coded in self._sound.convert(packet, self._start):
                    self._out.mux(coded)
        except FFmpegError as err:
            if packet.kind is PacketKind.VIDEO:
                raise MediaError(f"a packet could not be sent live ({err.strerror})") from None
            self._sound = None  # sound that cannot be converted ends; the picture goes on
        return self._pipe.take()

    def close(self) -> bytes:
        """End the stream; return the rest."""
        try:
            self._out.close()
        except FFmpegError as err:
            raise MediaError(f"the live stream could not be ended ({err.strerror})") from None
        return self._pipe.take()

    def _add_video(self, packet: MediaPacket) -> None:
        if self._start is None:
            if not packet.keyframe:
                return
            self._start = Fraction(packet.dts, VIDEO_TICKS_PER_S)
        coded: AvPacket = av.Packet(packet.data)
        start = int(self._start * VIDEO_TICKS_PER_S)
        _stamp(coded, packet, start, Fraction(1, VIDEO_TICKS_PER_S))
        coded.stream = self._video
        self._out.mux(coded)


class _Copy:
    """Sound that viewers can play as it is."""

    def __init__(self, out: OutputContainer, template: AudioStream, info: StreamInfo) -> None:
        self._stream = out.add_stream_from_template(template, opaque=True)
        self._base = Fraction(1, info.sample_rate)

    def convert(self, packet: MediaPacket, start: Fraction) -> list[AvPacket]:
        offset = int(start / self._base)
        if packet.pts < offset:
            return []
        coded: AvPacket = av.Packet(packet.data)
        _stamp(coded, packet, offset, self._base)
        coded.stream = self._stream
        return [coded]


class _ToAac:
    """FLAC (or another kind browsers do not take from MPEG-TS) to AAC."""

    def __init__(self, out: OutputContainer, template: AudioStream, info: StreamInfo) -> None:
        source = template.codec_context
        self._decoder = cast("AudioCodecContext", av.CodecContext.create(source.name, "r"))
        self._decoder.extradata = source.extradata
        self._base = Fraction(1, info.sample_rate)
        self._rate = info.sample_rate
        self._stream = out.add_stream("aac", rate=info.sample_rate, bit_rate=_AAC_BIT_RATE)
        self._encoder = self._stream.codec_context
        self._encoder.layout = "mono" if info.channels == 1 else "stereo"
        self._encoder.time_base = self._base
        self._resampler = av.AudioResampler("fltp", self._encoder.layout, info.sample_rate)
        self._samples = av.AudioFifo()
        self._anchored = False
        self._next_pts = 0

    def convert(self, packet: MediaPacket, start: Fraction) -> list[AvPacket]:
        at = packet.pts - int(start * self._rate)
        if at < 0:
            return []
        if not self._anchored or abs(at - self._next_pts - self._samples.samples) > self._rate // 4:
            # Sound began, or was missing for a while: count from here.
            self._next_pts = max(at, self._next_pts)
            self._anchored = True
            self._samples = av.AudioFifo()
        for decoded in self._decoder.decode(av.Packet(packet.data)):
            for frame in self._resampler.resample(decoded):
                frame.pts = None
                self._samples.write(frame)
        return self._encoded()

    def _encoded(self) -> list[AvPacket]:
        made: list[AvPacket] = []
        while (frame := self._samples.read(self._encoder.frame_size or 1024)) is not None:
            frame.pts, frame.time_base = self._next_pts, self._base
            self._next_pts += frame.samples
            # The encoder's run-in comes out as a packet from before the beginning.
            made.extend(coded for coded in self._stream.encode(frame) if (coded.pts or 0) >= 0)
        return made


def _stamp(coded: AvPacket, packet: MediaPacket, offset: int, base: Fraction) -> None:
    coded.time_base = base
    coded.pts = packet.pts - offset
    coded.dts = packet.dts - offset
    coded.duration = packet.duration
    coded.is_keyframe = packet.keyframe
