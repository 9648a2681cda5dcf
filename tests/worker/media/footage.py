"""Small streams made on the spot: what a test needs, encoded and put into the container it asks for."""

import io
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

FPS = 15


@dataclass(frozen=True)
class Picture:
    """One encoded picture; times in frames."""

    data: bytes
    pts: int
    dts: int
    key: bool


@dataclass(frozen=True)
class Shot:
    """How to encode a few seconds of moving stripes."""

    codec: str = "h264"
    seconds: float = 3.0
    width: int = 320
    height: int = 180
    gop: int = FPS
    bframes: int = 0
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)


def encode(shot: Shot) -> list[Picture]:
    """Encode a shot; H.264 and H.265 as Annex B with parameter sets before each key frame."""
    encoder: Any = av.CodecContext.create(
        {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}[shot.codec], "w"
    )
    encoder.width, encoder.height, encoder.pix_fmt = shot.width, shot.height, shot.pix_fmt
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, FPS), Fraction(FPS), shot.gop
    encoder.max_b_frames = shot.bframes
    if shot.codec == "h264":
        encoder.options = {
            "preset": "ultrafast",
            "bf": str(shot.bframes),
            "x264-params": f"bframes={shot.bframes}:scenecut=0",
        }
    elif shot.codec == "hevc":
        fixed = "log-level=none:scenecut=0:repeat-headers=1:open-gop=0:pools=1"
        params = f"{fixed}:keyint={shot.gop}:bframes={shot.bframes}"
        encoder.options = {"preset": "ultrafast", "x265-params": params}
    encoder.options |= shot.options
    packets = [packet for frame in [*_frames(shot), None] for packet in encoder.encode(frame)]
    return [Picture(bytes(packet), packet.pts, packet.dts, packet.is_keyframe) for packet in packets]


def _frames(shot: Shot) -> Iterator[av.VideoFrame]:
    for number in range(round(shot.seconds * FPS)):
        frame = av.VideoFrame(shot.width, shot.height, shot.pix_fmt)
        for index, plane in enumerate(frame.planes):
            if index:
                plane.update(bytes([128]) * plane.buffer_size)
                continue
            row = bytes((x + 3 * number) * 2 % 256 for x in range(plane.line_size))
            plane.update(row * (plane.buffer_size // plane.line_size))
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield frame


def tone(rate: int, seconds: float) -> bytes:
    """A 440 Hz tone as 16-bit PCM."""
    count = int(rate * seconds)
    return struct.pack(
        f"<{count}h", *(int(8000 * math.sin(2 * math.pi * 440 * i / rate)) for i in range(count))
    )


@dataclass
class Film:
    """Streams to be put into one container."""

    pictures: Sequence[Picture]
    shot: Shot = Shot()
    audio: str | None = None
    audio_rate: int = 8000
    sound_seconds: float | None = None

    def write(self, path: Path, container: str | None = None) -> Path:
        """Write it to a file; the container follows the name's ending."""
        path.write_bytes(self.muxed(container or path.suffix[1:]))
        return path

    def muxed(self, container: str) -> bytes:
        """Return the file's bytes."""
        sink = io.BytesIO()
        out = av.open(sink, "w", format={"ts": "mpegts", "mkv": "matroska"}.get(container, container))
        video = out.add_mux_stream(self.shot.codec, width=self.shot.width, height=self.shot.height)
        video.time_base = Fraction(1, 90000)
        sound: Any = None
        if self.audio is not None:
            sound = out.add_stream(self.audio, rate=self.audio_rate)
            sound.codec_context.layout = "mono"
        seconds = self.sound_seconds or max(p.dts for p in self.pictures) / FPS
        packets = [*self._video(video), *self._sound(sound, seconds)]
        # A container without a codec context for the picture learns its parameters from the first key frame.
        packets.sort(key=lambda p: float(p.dts * Fraction(p.time_base.numerator, p.time_base.denominator)))
        for packet in packets:
            out.mux(packet)
        out.close()
        return sink.getvalue()

    def sound_only(self, seconds: float = 1.0) -> bytes:
        """Return an MP4 without a picture."""
        sink = io.BytesIO()
        with av.open(sink, "w", format="mp4") as out:
            stream: Any = out.add_stream(self.audio or "aac", rate=self.audio_rate)
            stream.codec_context.layout = "mono"
            for packet in self._sound(stream, seconds):
                out.mux(packet)
        return sink.getvalue()

    def _video(self, stream: Any) -> Iterator[Any]:
        lead = -min(p.dts for p in self.pictures)
        for picture in self.pictures:
            packet: Any = av.Packet(picture.data)
            packet.stream, packet.time_base = stream, Fraction(1, 90000)
            packet.pts = (picture.pts + lead) * (90000 // FPS)
            packet.dts = (picture.dts + lead) * (90000 // FPS)
            packet.duration = 90000 // FPS
            packet.is_keyframe = picture.key
            yield packet

    def _sound(self, stream: Any, seconds: float) -> Iterator[Any]:
        if stream is None:
            return
        context = stream.codec_context
        context.open()
        size = context.frame_size or self.audio_rate // 50
        resampler = av.AudioResampler(context.format.name, "mono", self.audio_rate, frame_size=size)
        frame = av.AudioFrame("s16", "mono", int(self.audio_rate * seconds))
        frame.planes[0].update(tone(self.audio_rate, seconds).ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = self.audio_rate, 0, Fraction(1, self.audio_rate)
        for piece in resampler.resample(frame):
            for packet in context.encode(piece):
                packet.stream = stream
                yield packet
