"""Reading a whole source at once, and reading back what was written."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av

from vigilar.domain.settings import StreamSettings
from vigilar.media.mp4 import Mp4Writer
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.source import open_source
from vigilar.media.stream_info import StreamInfo
from worker.media.clocks import HandClock


@dataclass(frozen=True)
class Reading:
    """All that came out of a source: `infos` begin with the first."""

    infos: list[StreamInfo]
    items: list[MediaPacket | StreamInfo]

    @property
    def info(self) -> StreamInfo:
        return self.infos[0]

    @property
    def packets(self) -> list[MediaPacket]:
        return [item for item in self.items if isinstance(item, MediaPacket)]

    @property
    def video(self) -> list[MediaPacket]:
        return [packet for packet in self.packets if packet.kind is PacketKind.VIDEO]

    @property
    def audio(self) -> list[MediaPacket]:
        return [packet for packet in self.packets if packet.kind is PacketKind.AUDIO]


def read(path: Path, *, audio: bool = True) -> Reading:
    """Read a file to its end, without waiting."""
    clock = HandClock()
    source = open_source(StreamSettings(url=str(path)), clock=clock, audio=audio, wait=clock.wait)
    items = list(source.packets())
    source.close()
    first = source.info if not any(isinstance(item, StreamInfo) for item in items) else None
    later = [item for item in items if isinstance(item, StreamInfo)]
    return Reading([first or _opened(path, audio=audio), *later], items)


def _opened(path: Path, *, audio: bool) -> StreamInfo:
    clock = HandClock()
    source = open_source(StreamSettings(url=str(path)), clock=clock, audio=audio, wait=clock.wait)
    source.close()
    return source.info


def to_mp4(info: StreamInfo, packets: Iterable[MediaPacket]) -> bytes:
    """Write packets to a finished MP4."""
    sink = io.BytesIO()
    writer = Mp4Writer(sink, info)
    for packet in packets:
        writer.mux(packet)
    writer.close()
    return sink.getvalue()


@dataclass(frozen=True)
class Played:
    """What a player finds in a file; times in seconds."""

    duration: float
    tags: list[str]
    video_times: list[float]
    sizes: set[tuple[int, int]]
    samples: int
    sound_start: float | None


def play(data: bytes, *, strict: bool = True) -> Played:
    """Decode everything; any error raises. `strict`: also what players usually put up with."""
    with av.open(io.BytesIO(data)) as film:
        video = film.streams.video[0]
        if strict:
            video.codec_context.options = {"err_detect": "explode"}
        times, sizes, samples, sound_start = [], set(), 0, None
        for frame in film.decode():
            if isinstance(frame, av.VideoFrame):
                times.append(frame.time)
                sizes.add((frame.width, frame.height))
                assert not frame.is_corrupt
            elif isinstance(frame, av.AudioFrame):
                sound_start = frame.time if sound_start is None else sound_start
                samples += frame.samples
        tags = [stream.codec_context.codec_tag for stream in film.streams]
        return Played((film.duration or 0) / 1e6, tags, times, sizes, samples, sound_start)
