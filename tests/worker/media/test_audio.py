"""Sound is kept whole, in its place, and never costs the picture."""

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from vigilar.media.audio import FlacPath, audio_path
from vigilar.media.packet import MediaPacket
from vigilar.media.timestamps import SessionTimeline
from worker.media.footage import Film, Shot, encode, tone
from worker.media.reading import read, to_mp4


class Feed:
    """A G.711 stream as a camera sends it: 20 ms to a packet."""

    def __init__(self, codec: str = "pcm_alaw", rate: int = 8000, seconds: float = 4.0) -> None:
        data = Film(encode(Shot(seconds=seconds)), Shot(), codec, rate).muxed("mov")
        self._container: Any = av.open(io.BytesIO(data))
        self.stream: Any = self._container.streams.audio[0]
        self.sound = b"".join(bytes(p) for p in self._container.demux(self.stream))
        self.path = audio_path(self.stream, SessionTimeline())
        self.made: list[MediaPacket] = []
        self._size = 160 if rate == 8000 else 320

    def send(
        self,
        packet: int,
        *,
        stamped: bool = True,
        pts: int | None = None,
        at_ns: int | None = None,
        data: bytes | None = None,
    ) -> None:
        start = packet * self._size
        coded: Any = av.Packet(self.sound[start : start + self._size] if data is None else data)
        coded.stream = self.stream
        if stamped:
            coded.pts = start if pts is None else pts
        coded.time_base = self.stream.time_base
        assert self.path is not None
        self.made += self.path.add(coded, packet * 20_000_000 if at_ns is None else at_ns)

    def decoded(self) -> bytes:
        assert isinstance(self.path, FlacPath)
        decoder: Any = av.CodecContext.create("flac", "r")
        decoder.extradata = self._extradata()
        frames = [frame for packet in self.made for frame in decoder.decode(av.Packet(packet.data))]
        return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)

    def _extradata(self) -> bytes:
        assert isinstance(self.path, FlacPath)
        encoder: Any = self.path._encoder
        return bytes(encoder.extradata)


def g711_decoded(codec: str, data: bytes) -> bytes:
    decoder: Any = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    return b"".join(bytes(f.planes[0])[: f.samples * 2] for f in decoder.decode(av.Packet(data)))


@pytest.mark.parametrize("codec", ["pcm_alaw", "pcm_mulaw"])
def test_g711_becomes_flac_bit_for_bit(codec: str) -> None:
    feed = Feed(codec)

    for number in range(150):
        feed.send(number)

    sound = feed.decoded()
    assert len(sound) >= 2 * (150 * 160 - 3 * 1024)
    assert sound == g711_decoded(codec, feed.sound)[: len(sound)]
    assert all(later.pts - earlier.pts == earlier.duration for earlier, later in pairwise(feed.made))


def test_a_gap_in_the_sound_leaves_the_rest_in_its_place() -> None:
    feed = Feed()
    for number in [*range(50), *range(100, 150)]:
        feed.send(number)

    gaps = [later.pts - earlier.pts - earlier.duration for earlier, later in pairwise(feed.made)]

    after = next(index for index, packet in enumerate(feed.made) if packet.pts > 60 * 160)
    assert feed.made[after].pts == 100 * 160
    sound = feed.decoded()[2 * 1024 * after :]
    assert sound == g711_decoded("pcm_alaw", feed.sound)[2 * 16_000 : 2 * 16_000 + len(sound)]
    assert sum(gap > 0 for gap in gaps) == 1
    assert min(gaps) == 0


def test_sound_stays_with_the_picture_when_timestamps_are_missing() -> None:
    feed = Feed()
    for number in range(150):
        feed.send(number, stamped=number % 2 == 0)

    assert abs(feed.made[-1].pts - 150 * 160) < 8000 * 0.4


def test_g722_is_counted_in_its_own_samples() -> None:
    shot = Shot(codec="mjpeg", seconds=3, pix_fmt="yuvj420p")
    container: Any = av.open(io.BytesIO(Film(encode(shot), shot, "g722", 16_000).muxed("avi")))
    stream = container.streams.audio[0]
    path = audio_path(stream, SessionTimeline())
    assert path is not None

    made = []
    for number, packet in enumerate(packet for packet in container.demux(stream) if packet.size):
        packet.pts = number  # the container counts fiftieths of a second, and counts them wrong
        made += path.add(packet, number * 20_000_000)

    assert len(made) >= 146 * 320 // 1024 - 2
    assert all(later.pts - earlier.pts == 1024 for earlier, later in pairwise(made))


def test_packets_of_any_size_are_taken() -> None:
    feed = Feed()
    at = 0
    for number, size in enumerate([1, 7, 3000, 160, 5, 8000, 31]):
        feed.send(number, pts=at, at_ns=at * 125_000, data=feed.sound[at : at + size])
        at += size

    assert feed.decoded() == g711_decoded("pcm_alaw", feed.sound)[: len(feed.decoded())]
    assert at // 1024 - 1 <= len(feed.made) <= at // 1024


def test_aac_with_adts_headers_loses_them(tmp_path: Path) -> None:
    reading = read(Film(encode(Shot()), Shot(), "aac", 16_000).write(tmp_path / "film.ts"))

    assert not any(packet.data.startswith((b"\xff\xf1", b"\xff\xf9")) for packet in reading.audio)
    with av.open(io.BytesIO(to_mp4(reading.info, reading.packets))) as film:
        stream: Any = film.streams.audio[0]
        assert stream.codec_context.extradata
        assert (stream.codec_context.sample_rate, stream.codec_context.layout.nb_channels) == (16_000, 1)
        frames = list(film.decode(stream))
    assert len(frames) > 35


def test_sound_that_cannot_be_read_ends_without_a_word_to_the_picture() -> None:
    data = Film(encode(Shot(seconds=1)), Shot(), "aac", 16_000).muxed("ts")
    container: Any = av.open(io.BytesIO(data))
    stream = container.streams.audio[0]
    path = audio_path(stream, SessionTimeline())
    assert path is not None
    packet: Any = av.Packet(b"\xff\xf1\x00")
    packet.stream, packet.pts = stream, 0

    made = path.add(packet, 0)

    assert made == []
    assert "sound dropped" in path.problem


def test_kinds_that_are_not_kept_are_said_to_be_none() -> None:
    data = Film(encode(Shot(seconds=1)), Shot(), "adpcm_ms", 8000).muxed("avi")
    container: Any = av.open(io.BytesIO(data))

    assert audio_path(container.streams.audio[0], SessionTimeline()) is None


def test_the_tone_used_here_is_no_silence() -> None:
    assert max(tone(8000, 0.1)) > 0
