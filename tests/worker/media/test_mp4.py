"""A recording plays while it is written, when it was torn, and has an index once closed."""

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vigilar.media.errors import MediaError
from vigilar.media.mp4 import Mp4Writer
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.stream_info import StreamInfo
from worker.media.footage import FPS, Film, Shot, encode
from worker.media.reading import Reading, play, read, to_mp4


class Tape:
    """A sink that remembers what was done to it."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.data = io.BytesIO()
        self.writes: list[tuple[int, int]] = []
        self.seeks: list[int] = []
        self._fail_at = fail_at

    def write(self, data: bytes) -> int:
        if self._fail_at is not None and len(self.writes) >= self._fail_at:
            raise OSError(28, "No space left on device")
        self.writes.append((self.data.tell(), len(data)))
        return self.data.write(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.seeks.append(offset)
        return self.data.seek(offset, whence)

    def tell(self) -> int:
        return self.data.tell()


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    path = tmp_path_factory.mktemp("film") / "film.mov"
    return read(Film(encode(Shot(seconds=6)), Shot(), "pcm_alaw").write(path))


def mux_all(writer: Mp4Writer, packets: Iterable[MediaPacket]) -> None:
    for packet in packets:
        writer.mux(packet)


def boxes(data: bytes) -> Iterator[tuple[str, int, int]]:
    """The top-level boxes: name, offset, size."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if size == 1:
            size = struct.unpack(">Q", data[at + 8 : at + 16])[0]
        yield name.decode("latin1"), at, size
        at += max(size, 8)


def test_while_open_it_is_fragments_of_half_a_second_in_one_write_each(reading: Reading) -> None:
    tape = Tape()
    writer = Mp4Writer(tape, reading.info)
    mux_all(writer, reading.packets)

    names = [name for name, _, _ in boxes(tape.data.getvalue())]
    assert names.count("moof") >= 9
    assert tape.seeks == []
    fragments = [offset for name, offset, _ in boxes(tape.data.getvalue()) if name == "moof"]
    starts = [offset for offset, _ in tape.writes]
    assert set(fragments) <= set(starts)
    assert len(tape.writes) <= len(fragments) + 3
    writer.close()


def test_torn_at_any_fragment_it_plays_up_to_there(reading: Reading) -> None:
    tape = Tape()
    writer = Mp4Writer(tape, reading.info)
    mux_all(writer, reading.packets)
    torn = tape.data.getvalue()
    ends = [offset for name, offset, _ in boxes(torn) if name == "moof"][2:]

    for number, end in enumerate(ends, start=2):
        played = play(torn[:end])
        assert len(played.video_times) >= number * FPS // 2 - 1
    writer.abandon()


def test_closed_it_is_one_flat_file_with_an_index(reading: Reading) -> None:
    tape = Tape()
    writer = Mp4Writer(tape, reading.info)
    mux_all(writer, reading.packets)
    before = len(tape.writes)
    writer.close()

    names = [name for name, _, _ in boxes(tape.data.getvalue())]
    assert [name for name in names if name not in {"free", "wide"}] == ["ftyp", "mdat", "moov"]
    # The one seek back is near the start, and rewrites only a box's head.
    patch = [write for write in tape.writes[before:] if write[0] < 200]
    assert len(tape.seeks) == 1
    assert [size for _, size in patch] in ([8], [16])
    played = play(tape.data.getvalue())
    assert played.duration == pytest.approx(6, abs=0.1)
    assert len(played.video_times) == 6 * FPS


def test_it_begins_at_zero_with_the_first_key_frame_given(reading: Reading) -> None:
    middle = reading.packets[len(reading.packets) // 2 :]
    first_key = next(packet for packet in middle if packet.keyframe and packet.kind is PacketKind.VIDEO)

    played = play(to_mp4(reading.info, middle))

    left = [packet for packet in middle if packet.kind is PacketKind.VIDEO and packet.dts >= first_key.dts]
    assert played.video_times[0] == 0
    assert len(played.video_times) == len(left)
    assert played.sound_start is not None
    assert 0 <= played.sound_start < 0.2


def test_hevc_is_tagged_for_apple(tmp_path: Path) -> None:
    shot = Shot(codec="hevc", seconds=1)
    reading = read(Film(encode(shot), shot).write(tmp_path / "film.mp4"))

    assert play(to_mp4(reading.info, reading.packets)).tags == ["hvc1"]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_b_frames_begin_at_zero_and_sound_keeps_its_place(tmp_path: Path, codec: str) -> None:
    shot = Shot(codec=codec, bframes=2)
    reading = read(Film(encode(shot), shot, "pcm_alaw").write(tmp_path / "film.mov"))

    played = play(to_mp4(reading.info, reading.packets))

    assert played.video_times == pytest.approx([i / FPS for i in range(3 * FPS)], abs=0.001)
    first = reading.video[0].pts / 90_000
    sound = next(packet.pts / 8000 for packet in reading.audio if packet.pts / 8000 >= first)
    assert played.sound_start == pytest.approx(sound - first, abs=0.002)


def test_leading_pictures_of_an_open_group_are_left_out(tmp_path: Path) -> None:
    params = "log-level=none:keyint=15:min-keyint=15:scenecut=0:bframes=3:open-gop=1:repeat-headers=1"
    shot = Shot(codec="hevc", seconds=4, bframes=3, options={"x265-params": params})
    reading = read(Film(encode(shot), shot).write(tmp_path / "film.ts"))
    keys = [index for index, packet in enumerate(reading.video) if packet.keyframe]
    cut = reading.video[keys[1] :]
    leading = [packet for packet in cut[1:8] if packet.pts < cut[0].pts]
    assert leading, "the film has no open group"

    played = play(to_mp4(reading.info, cut))

    assert played.video_times[0] == 0
    assert len(played.video_times) == len(cut) - len(leading)


def test_sound_that_stops_or_never_comes_holds_nothing_back(reading: Reading) -> None:
    half = reading.video[len(reading.video) // 2].pts / 90_000
    stops = [p for p in reading.packets if p.kind is PacketKind.VIDEO or p.pts / 8000 < half]
    for packets in (stops, reading.video):
        tape = Tape()
        writer = Mp4Writer(tape, reading.info)
        for packet in packets:
            writer.mux(packet)

        written = play(tape.data.getvalue())
        assert len(written.video_times) >= 6 * FPS - FPS * 1.2
        writer.close()
        assert len(play(tape.data.getvalue()).video_times) == 6 * FPS


def test_sound_that_begins_late_is_in_its_place(reading: Reading) -> None:
    late = [p for p in reading.packets if p.kind is PacketKind.VIDEO or p.pts >= 3 * 8000]

    played = play(to_mp4(reading.info, late))

    assert played.sound_start == pytest.approx(3, abs=0.2)


def test_packets_that_do_not_belong_are_declined(reading: Reading) -> None:
    writer = Mp4Writer(Tape(), reading.info)
    delta = next(packet for packet in reading.video if not packet.keyframe)

    assert not writer.mux(delta)
    assert not writer.mux(reading.audio[0])
    assert not writer.started
    assert writer.mux(reading.video[0])
    assert writer.started
    writer.close()


def test_an_error_of_the_sink_comes_through_as_it_is(reading: Reading) -> None:
    writer = Mp4Writer(Tape(fail_at=2), reading.info)

    with pytest.raises(OSError, match="No space left") as caught:
        mux_all(writer, reading.packets)

    assert not isinstance(caught.value, MediaError)
    writer.abandon()


def test_abandoned_it_writes_nothing_more(reading: Reading) -> None:
    tape = Tape()
    writer = Mp4Writer(tape, reading.info)
    for packet in reading.packets[:100]:
        writer.mux(packet)
    written = len(tape.data.getvalue())

    writer.abandon()
    writer.close()
    del writer

    assert len(tape.data.getvalue()) == written
    assert len(play(tape.data.getvalue()).video_times) > 0


def test_times_that_run_backward_are_a_media_error(reading: Reading) -> None:
    writer = Mp4Writer(Tape(), reading.info)
    writer.mux(reading.video[0])
    writer.mux(reading.video[5])

    with pytest.raises(MediaError):
        mux_all(writer, reading.video[1:5])
    writer.abandon()


def test_a_description_that_is_none_is_refused(reading: Reading) -> None:
    broken: StreamInfo = replace(reading.info, init=b"not a moov")

    with pytest.raises(MediaError):
        Mp4Writer(Tape(), broken)


def test_a_day_into_the_session_the_file_still_begins_at_zero(reading: Reading) -> None:
    def later(packet: MediaPacket) -> MediaPacket:
        ticks = 86_400 * 30 * (90_000 if packet.kind is PacketKind.VIDEO else 8_000)
        return MediaPacket(
            packet.kind,
            packet.data,
            packet.pts + ticks,
            packet.dts + ticks,
            packet.duration,
            packet.keyframe,
            0,
        )

    played = play(to_mp4(reading.info, map(later, reading.packets)))

    assert played.video_times[0] == 0
    assert played.duration == pytest.approx(6, abs=0.1)
