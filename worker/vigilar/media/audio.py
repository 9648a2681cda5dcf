"""Sound on its way to the file: AAC and the like are copied, G.711 and other PCM become FLAC.

MP4 has no G.711. FLAC keeps every bit of it, at a fifth of AAC's cost. Whatever fails here ends the sound,
never the picture: `add` then returns nothing more and says so once in `problem`.
"""

import re
from fractions import Fraction
from typing import Final, Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.error import FFmpegError

from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.template import AvPacket, CopiedAudio, FlacShape
from vigilar.media.timestamps import SessionTimeline, TimestampRepair

COPIED: Final = frozenset({"aac", "opus", "mp3", "flac"})
_PCM_PREFIXES: Final = ("pcm_", "adpcm_g726", "adpcm_g722")
_UNCHECKED_MOST: Final = 16
"""So many packets that follow each other to the sample are only counted, before arrival is asked again."""
_REANCHOR_S: Final = 0.25
"""Samples are counted from the first; when timestamps are this far from the count, sound was lost."""


class AudioPath(Protocol):
    """How the packets of one audio stream become MediaPackets."""

    codec: str
    sample_rate: int
    channels: int
    problem: str

    def shape(self) -> FlacShape | CopiedAudio:
        """Return what a writer's template needs."""

    def add(self, packet: AvPacket, arrival_ns: int) -> list[MediaPacket]:
        """Return the packets that are complete now."""


def audio_path(stream: AudioStream, session: SessionTimeline) -> AudioPath | None:
    """Return how to keep this stream's sound; None for kinds that are not kept."""
    context = stream.codec_context
    if context is None or not context.sample_rate or not 0 < context.layout.nb_channels <= 8:
        return None
    name = context.codec.canonical_name
    if name in COPIED:
        return CopiedPath(stream, session)
    if name.startswith(_PCM_PREFIXES) and context.layout.nb_channels <= 2:
        return FlacPath(stream, session)
    return None


class CopiedPath:
    """Copies packets; ADTS headers (AAC from MPEG-TS and some cameras) are taken off."""

    def __init__(self, stream: AudioStream, session: SessionTimeline) -> None:
        """`stream` must outlive this."""
        context = stream.codec_context
        self.codec = context.codec.canonical_name
        self.sample_rate = context.sample_rate
        self.channels = context.layout.nb_channels
        self.problem = ""
        self._stream = stream
        self._ratio = Fraction(stream.time_base.numerator, stream.time_base.denominator) * self.sample_rate
        self._strip: BitStreamFilterContext | None = None
        self._extradata: bytes | None = None
        if self.codec == "aac" and not context.extradata:
            self._strip = BitStreamFilterContext("aac_adtstoasc", in_stream=stream)
            self._extradata = _audio_specific_config(self.sample_rate, context.layout.name)
        step = 1024 if self.codec == "aac" else self.sample_rate // 50
        self._repair = TimestampRepair(self.sample_rate, session, step=step)

    def shape(self) -> CopiedAudio:
        """Return the stream as a template, with the configuration ADTS only implies."""
        return CopiedAudio(self._stream, self._extradata)

    def add(self, packet: AvPacket, arrival_ns: int) -> list[MediaPacket]:
        """Return the packet, times repaired."""
        try:
            bare = [packet] if self._strip is None else self._strip.filter(packet)
        except FFmpegError as err:
            self.problem = f"sound dropped: {self.codec} packets cannot be read ({err.strerror})"
            return []
        return [self._stamped(one, arrival_ns) for one in bare if one.size]

    def _stamped(self, packet: AvPacket, arrival_ns: int) -> MediaPacket:
        stamp = self._repair.repair(_rescaled(packet.pts, self._ratio), arrival_ns)
        return MediaPacket(
            PacketKind.AUDIO, bytes(packet), stamp.dts, stamp.dts, stamp.duration, True, arrival_ns
        )


class FlacPath:
    """Encodes PCM as FLAC. Several packets go through the codecs at once: they cost by the call."""

    codec = "flac"

    def __init__(self, stream: AudioStream, session: SessionTimeline) -> None:
        """`stream` carries PCM (or a simple ADPCM) with a known rate and one or two channels."""
        context = stream.codec_context
        self.sample_rate = context.sample_rate
        self.channels = context.layout.nb_channels
        self.problem = ""
        self._ratio = Fraction(stream.time_base.numerator, stream.time_base.denominator) * self.sample_rate
        self._repair = TimestampRepair(self.sample_rate, session, step=self.sample_rate // 50)
        self._decoder = context
        self._encoder = flac_encoder(self.shape())
        self._block = self.shape().block
        self._base = Fraction(1, self.sample_rate)
        self._samples = av.AudioFifo()
        self._resampler = av.AudioResampler("s16", self.shape().layout, self.sample_rate)
        self._pending = bytearray()
        self._bits = _bits_per_sample(context) * self.channels
        self._block_bytes = self._block * self._bits // 8
        self._anchored = False
        self._next_pts = 0
        self._expected: int | None = None
        self._unchecked = 0
        self._broken = False

    def shape(self) -> FlacShape:
        """Return what the encoder makes."""
        return FlacShape(self.sample_rate, self.channels)

    def add(self, packet: AvPacket, arrival_ns: int) -> list[MediaPacket]:
        """Return the FLAC packets that are complete now, often none."""
        if self._broken:
            return []
        data, pts = bytes(packet), _rescaled(packet.pts, self._ratio)
        if pts is None or pts != self._expected or self._unchecked >= _UNCHECKED_MOST:
            self._anchor(self._repair.repair(pts, arrival_ns).dts)
            self._unchecked = 0
        self._unchecked += 1
        self._expected = None if pts is None else pts + len(data) * 8 // self._bits
        try:
            return self._encode(data, arrival_ns)
        except (FFmpegError, ValueError) as err:
            reason = err.strerror if isinstance(err, FFmpegError) else "unexpected format"
            self.problem = f"sound dropped: it cannot be encoded ({reason})"
            self._broken = True
            return []

    def _encode(self, data: bytes, arrival_ns: int) -> list[MediaPacket]:
        self._pending += data
        whole = len(self._pending) // self._block_bytes * self._block_bytes
        if not whole:
            return []
        # Whole blocks only: a rest in the fifo would keep later sound waiting for a block more.
        chunk = bytes(self._pending[:whole])
        del self._pending[:whole]
        for decoded in self._decoder.decode(av.Packet(chunk)):
            decoded.pts = None  # counted here, not by the fifo
            for frame in self._resampler.resample(decoded):
                frame.pts = None
                self._samples.write(frame)
        return self._drain(arrival_ns)

    def _drain(self, arrival_ns: int) -> list[MediaPacket]:
        made: list[MediaPacket] = []
        while (frame := self._samples.read(self._block)) is not None:
            frame.pts, frame.time_base = self._next_pts, self._base
            self._next_pts += self._block
            for encoded in self._encoder.encode(frame):
                pts = encoded.pts or 0
                made.append(
                    MediaPacket(PacketKind.AUDIO, bytes(encoded), pts, pts, self._block, True, arrival_ns)
                )
        return made

    def _anchor(self, pts: int) -> None:
        """Count samples from `pts`; anew when sound was lost, so that what follows is in its place."""
        if self._anchored:
            waiting = self._samples.samples + len(self._pending) * 8 // self._bits
            if abs(pts - self._next_pts - waiting) <= _REANCHOR_S * self.sample_rate:
                return
            pts = max(pts, self._next_pts)
        self._anchored, self._next_pts = True, pts
        self._pending.clear()
        self._samples = av.AudioFifo()


def flac_encoder(shape: FlacShape) -> AudioCodecContext:
    """Return an opened FLAC encoder for 16-bit sound, set for little work."""
    encoder = av.CodecContext.create("flac", "w")
    encoder.sample_rate = shape.sample_rate
    encoder.layout = shape.layout
    encoder.format = "s16"
    encoder.time_base = Fraction(1, shape.sample_rate)
    encoder.options = shape.options
    encoder.open()
    return encoder


def _bits_per_sample(context: AudioCodecContext) -> int:
    """Return how many bits of the stream make one sample of one channel."""
    name = context.codec.canonical_name
    if name.startswith("adpcm"):
        told = (context.bit_rate or 0) // (context.sample_rate * context.layout.nb_channels)
        return told if 2 <= told <= 5 else 4
    digits = re.match(r"pcm_[sf](\d+)", name) or re.match(r"pcm_u(\d+)", name)
    return int(digits[1]) if digits else 8


def _rescaled(ticks: int | None, ratio: Fraction) -> int | None:
    return None if ticks is None else ticks * ratio.numerator // ratio.denominator


def _audio_specific_config(sample_rate: int, layout: str) -> bytes | None:
    """Return AAC-LC's configuration as libavcodec's own encoder writes it."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate = sample_rate
    encoder.layout = layout
    encoder.format = "fltp"
    encoder.flags |= Flags.global_header
    encoder.open()
    return encoder.extradata
