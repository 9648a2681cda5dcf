"""One MP4 file, written as it is recorded: fragments while open, one flat file with an index when closed.

The settings are the house's: a fragment in one write each 0.5 s, a silent sound track holds nothing back
for more than 0.3 s, and closing makes one flat `mdat` of the whole by rewriting a few bytes near the start.
"""

from fractions import Fraction
from typing import Final, Protocol

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from vigilar.media.errors import MediaError
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo
from vigilar.media.template import AvPacket, Template

FRAGMENT_S: Final = 0.5
BUFFER_SIZE: Final = 8 << 20
_OPTIONS: Final = {
    # empty_moov: else nothing is written at all until sound has come, and a torn file loses its beginning.
    # negative_cts_offsets: with B-frames the first picture still stands at 0, and sound in its place to it.
    "movflags": "hybrid_fragmented+empty_moov+default_base_moof+negative_cts_offsets",
    "frag_duration": str(int(FRAGMENT_S * 1_000_000)),
    "flush_packets": "1",
    "max_interleave_delta": "300000",
    "avoid_negative_ts": "disabled",
}


class Sink(Protocol):
    """Where the bytes go: appended, but for a seek back near the start when the file is closed."""

    def write(self, data: bytes, /) -> int:
        """Write at the position and advance it."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move the position."""

    def tell(self) -> int:
        """Return the position."""


class _SinkGuard:
    """Stands between muxer and sink: once closed, the muxer's clean-up writes nothing more."""

    __slots__ = ("closed", "seek", "tell", "write")

    def __init__(self, sink: Sink) -> None:
        self.closed = False
        self.write, self.seek, self.tell = sink.write, sink.seek, sink.tell


class Mp4Writer:
    """Muxes one stream's packets into an MP4. Begins with the first video key frame, which stands at time 0.

    Not thread-safe. Errors of the sink pass through unchanged; the muxer's own are MediaErrors.
    """

    def __init__(self, sink: Sink, info: StreamInfo) -> None:
        """Raises UnsupportedError when MP4 cannot hold the streams."""
        self._guard = _SinkGuard(sink)
        self._template = Template(info)
        self._start: float | None = None
        self._first_pts = 0
        self._leading = True
        self._closed = False
        try:
            out = av.open(self._guard, "w", format="mp4", buffer_size=BUFFER_SIZE, options=_OPTIONS)
            self._out: OutputContainer = out
            self._video = self._template.add_video(out, info, "hvc1" if info.video_codec == "hevc" else None)
            self._video_base = self._video.time_base
            self._ticks = self._video_base.denominator
            self._audio: AudioStream | None = None
            if info.audio_codec is not None and self._template.audio is not None:
                self._audio = out.add_stream_from_template(self._template.audio, opaque=True)
                self._audio.time_base = Fraction(1, info.sample_rate)
                self._audio_base = self._audio.time_base
            self._rate = info.sample_rate
        except FFmpegError as err:
            raise MediaError(f"cannot write {info.video_codec} to MP4 ({err.strerror})") from None

    @property
    def started(self) -> bool:
        """Whether the first key frame has been written."""
        return self._start is not None

    def mux(self, packet: MediaPacket) -> bool:
        """Write one packet; return False for one that does not belong into the file.

        Those are: what comes before the first key frame, pictures that are shown before it but need earlier
        ones (leading pictures of an open GOP), and sound from before its time.
        """
        if packet.kind is PacketKind.VIDEO:
            if not self._admit(packet):
                return False
            stream: VideoStream | AudioStream = self._video
            base, start = self._video_base, self._first_pts
        else:
            if self._audio is None or self._start is None:
                return False
            stream = self._audio
            base, start = self._audio_base, round(self._start * self._rate)
            if packet.pts < start:
                return False
        out: AvPacket = av.Packet(packet.data)
        out.stream = stream
        out.time_base = base
        out.pts = packet.pts - start
        out.dts = packet.dts - start
        out.duration = packet.duration
        out.is_keyframe = packet.keyframe
        self._write(out)
        return True

    def _admit(self, packet: MediaPacket) -> bool:
        if self._start is None:
            if not packet.keyframe:
                return False
            self._first_pts = packet.pts
            self._start = packet.pts / self._ticks
        elif self._leading:
            if packet.pts < self._first_pts:
                return False
            # Leading pictures follow their key frame directly in decoding order.
            self._leading = False
        return True

    def _write(self, packet: AvPacket) -> None:
        try:
            self._out.mux_one(packet)
        except FFmpegError as err:
            raise MediaError(f"a packet could not be written to MP4 ({err.strerror})") from None

    def close(self) -> None:
        """Write what is held back and the index. Call once; the sink is then complete."""
        if self._closed:
            return
        self._closed = True
        try:
            self._out.close()
        except FFmpegError as err:
            self._guard.closed = True
            raise MediaError(f"the MP4 could not be finished ({err.strerror})") from None

    def abandon(self) -> None:
        """Stop without writing anything more: what is in the sink plays as a fragmented MP4."""
        self._closed = True
        self._guard.closed = True
        self._out.close()
