"""What a stream carries: everything needed to write its packets to a file or to decode them."""

from dataclasses import dataclass

from vigilar.domain.camera import StreamFacts
from vigilar.media.packet import VIDEO_TICKS_PER_S, PacketKind


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream's codecs and their parameters; a new one is announced before the key frame it holds from.

    `video_codec` is "h264", "hevc" or "mjpeg". `parameter_sets` (Annex B: VPS, SPS, PPS) is empty for MJPEG.
    `init` is an ftyp+moov made by libavformat for these streams, the template for writers. `audio_codec` is
    None (no sound kept) or what the audio packets hold ("aac", "flac", "opus", "mp3"). `fps` is 0 where the
    stream does not tell. Plain data: travels over the bus as msgpack.
    """

    video_codec: str
    width: int
    height: int
    parameter_sets: bytes
    init: bytes
    audio_codec: str | None = None
    sample_rate: int = 0
    channels: int = 0
    fps: float = 0.0

    def ticks_per_s(self, kind: PacketKind) -> int:
        """Return how many ticks of a packet's pts make a second; 0 for audio where there is none."""
        return VIDEO_TICKS_PER_S if kind is PacketKind.VIDEO else self.sample_rate

    def facts(self, *, key_interval_s: float = 0.0, bit_rate: int = 0) -> StreamFacts:
        """Return what people are told of the stream; the measured figures are the caller's."""
        return StreamFacts(
            video_codec=self.video_codec,
            width=self.width,
            height=self.height,
            fps=self.fps,
            key_interval_s=key_interval_s,
            audio_codec=self.audio_codec,
            bit_rate=bit_rate,
        )
