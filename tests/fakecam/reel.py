"""A film cut for sending: every frame already in RTP packets, in memory, shared by all who show it."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import av

from fakecam.rtp import Payload, packetised
from fakecam.samples import UnservableError, read_samples
from fakecam.sdp import media_lines
from fakecam.spec import Params

_VIDEO_CODECS = ("h264", "hevc", "mjpeg")
_AUDIO_CODECS = ("aac", "pcm_alaw", "pcm_mulaw")
_STATIC_PAYLOADS = {"pcm_mulaw": 0, "pcm_alaw": 8, "mjpeg": 26}
_NANOSECONDS = 1_000_000_000


class Kind(StrEnum):
    """What a track holds."""

    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Unit:
    """One frame or piece of sound: when it goes out (ns from the loop's start), its RTP time, its packets."""

    due_ns: int
    ticks: int
    key: bool
    payload: Payload


@dataclass(frozen=True, slots=True)
class Track:
    """One medium of a reel, its units in sending order. It loops after `loop_ns` = `loop_ticks` at `rate`."""

    kind: Kind
    codec: str
    rate: int
    sdp: tuple[str, ...]
    units: tuple[Unit, ...]
    loop_ns: int
    loop_ticks: int


@dataclass(frozen=True, slots=True)
class Reel:
    """A film ready for sending: picture first, then sound if there is any."""

    path: Path
    tracks: tuple[Track, ...]

    @property
    def loop_ns(self) -> int:
        """How long the pictures play until they begin anew."""
        return self.tracks[0].loop_ns


@lru_cache(maxsize=16)
def load(path: Path, params: Params) -> Reel:
    """Return a file as a reel. Raises UnservableError when it has no picture that can be sent by RTP."""
    with av.open(str(path)) as film:
        video = next((s.index for s in film.streams.video if s.codec_context.name in _VIDEO_CODECS), None)
        audio = next((s.index for s in film.streams.audio if s.codec_context.name in _AUDIO_CODECS), None)
    if video is None:
        raise UnservableError(f"{path.name} has no picture in one of {', '.join(_VIDEO_CODECS)}")
    indexes = [index for index in (video, audio) if index is not None]
    return Reel(path, tuple(_track(path, index, number, params) for number, index in enumerate(indexes)))


def _track(path: Path, index: int, number: int, params: Params) -> Track:
    with av.open(str(path)) as film:
        stream = film.streams[index]
        codec = stream.codec_context.name
        samples = read_samples(film, stream, keep_sets=params is not Params.SDP)
        rate = stream.sample_rate if isinstance(stream, av.AudioStream) else 90_000
        payload_type = _STATIC_PAYLOADS.get(codec, 96 + number)
        units = tuple(
            Unit(round(sample.dts * _NANOSECONDS), ticks, sample.key, payload)
            for sample, ticks, payload in packetised(samples, stream, payload_type, rate, channel=2 * number)
        )
        lines = media_lines(stream, payload_type, b"" if params is Params.INBAND else samples.sets)
    last = samples.frames[-1]
    loop = last.dts + last.duration
    kind = Kind.VIDEO if number == 0 else Kind.AUDIO
    return Track(kind, codec, rate, lines, units, round(loop * _NANOSECONDS), round(loop * rate))
