"""A file stands in for a camera: every codec and container we take, at the pace it was filmed."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from vigilar.domain.settings import StreamSettings
from vigilar.media.errors import MediaError, StalledError
from vigilar.media.nal import parameter_units, unit_type
from vigilar.media.packet import MediaPacket, PacketKind
from vigilar.media.source import open_source
from vigilar.media.stream_info import StreamInfo
from worker.media.clocks import HandClock
from worker.media.footage import FPS, Film, Shot, encode
from worker.media.reading import play, read, to_mp4

TICK = 90_000 // FPS
KINDS = [
    ("mp4", Shot(), "aac", 16_000, "aac"),
    ("mp4", Shot(codec="hevc"), None, 0, None),
    ("mkv", Shot(), "libopus", 48_000, "opus"),
    ("ts", Shot(), "aac", 16_000, "aac"),
    ("ts", Shot(codec="hevc"), None, 0, None),
    ("mov", Shot(), "pcm_alaw", 8_000, "flac"),
    ("mov", Shot(codec="hevc"), "pcm_mulaw", 8_000, "flac"),
    ("mov", Shot(), "pcm_s16le", 48_000, "flac"),
    ("mov", Shot(), "pcm_s24be", 16_000, "flac"),
    ("avi", Shot(codec="mjpeg", pix_fmt="yuvj420p"), "pcm_mulaw", 8_000, "flac"),
]


@pytest.mark.parametrize(("container", "shot", "audio", "rate", "kept"), KINDS)
def test_every_kind_of_stream_becomes_a_playable_recording(
    tmp_path: Path, container: str, shot: Shot, audio: str | None, rate: int, kept: str | None
) -> None:
    path = Film(encode(shot), shot, audio, rate).write(tmp_path / f"film.{container}")

    reading = read(path)

    assert (reading.info.video_codec, reading.info.width, reading.info.height) == (shot.codec, 320, 180)
    assert reading.info.audio_codec == kept
    assert len(reading.video) == 3 * FPS
    assert reading.packets[0].keyframe
    assert reading.packets[0].kind is PacketKind.VIDEO
    assert [packet.keyframe for packet in reading.video[:: shot.gop]] == [True] * 3
    assert all(abs(b.dts - a.dts - TICK) <= 90 for a, b in pairwise(reading.video))  # Matroska counts in ms
    played = play(to_mp4(reading.info, reading.packets))
    assert len(played.video_times) == 3 * FPS
    assert played.duration == pytest.approx(3, abs=0.15)
    assert played.sizes == {(320, 180)}
    if kept:
        assert played.samples >= rate * 2.6
        assert all(a.dts < b.dts for a, b in pairwise(reading.audio))


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("bframes", [1, 2, 4])
@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_b_frames_keep_their_order_of_showing(
    tmp_path: Path, codec: str, bframes: int, container: str
) -> None:
    shot = Shot(codec=codec, bframes=bframes)
    pictures = encode(shot)
    path = Film(pictures, shot).write(tmp_path / f"film.{container}")

    video = read(path).video

    assert [(packet.pts - video[0].pts) // TICK for packet in video] == [p.pts for p in pictures]
    assert all(a.dts < b.dts for a, b in pairwise(video))
    assert all(packet.dts <= packet.pts for packet in video)


def test_what_comes_before_the_first_key_frame_is_left_out(tmp_path: Path) -> None:
    shot = Shot()
    path = Film(encode(shot)[7:], shot).write(tmp_path / "late.ts")

    video = read(path).video

    assert video[0].keyframe
    assert len(video) == 30


def test_sound_is_not_read_where_it_is_not_wanted(tmp_path: Path) -> None:
    path = Film(encode(Shot(seconds=1)), Shot(), "aac", 16_000).write(tmp_path / "film.mp4")

    reading = read(path, audio=False)

    assert reading.info.audio_codec is None
    assert reading.audio == []


def test_sound_of_a_kind_that_is_not_kept_does_not_stop_the_picture(tmp_path: Path) -> None:
    path = Film(encode(Shot(seconds=1)), Shot(), "adpcm_ms", 8000).write(tmp_path / "film.avi")

    reading = read(path)

    assert reading.info.audio_codec is None
    assert len(reading.video) == FPS


def test_another_resolution_in_mid_stream_is_announced_before_its_key_frame(tmp_path: Path) -> None:
    for codec in ("h264", "hevc"):
        small, large = Shot(codec=codec, seconds=2), Shot(codec=codec, seconds=2, width=640, height=360)
        first = Film(encode(small), small).muxed("ts")
        second = Film(encode(large), large).muxed("ts")
        path = tmp_path / f"{codec}.ts"
        path.write_bytes(first + second)

        reading = read(path)

        assert [(info.width, info.height) for info in reading.infos] == [(320, 180), (640, 360)]
        at = reading.items.index(reading.infos[1])
        following = reading.items[at + 1]
        assert isinstance(following, MediaPacket)
        assert following.keyframe
        before = [item for item in reading.items[:at] if isinstance(item, MediaPacket)]
        after = [item for item in reading.items[at:] if isinstance(item, MediaPacket)]
        assert play(to_mp4(reading.infos[0], before)).sizes == {(320, 180)}
        assert play(to_mp4(reading.infos[1], after)).sizes == {(640, 360)}
        assert all(a.dts < b.dts for a, b in pairwise(reading.video))


def test_other_parameters_of_the_same_size_are_announced_too(tmp_path: Path) -> None:
    one, other = (
        Shot(seconds=1),
        Shot(seconds=1, options={"profile": "high", "x264-params": "cabac=1:8x8dct=1"}),
    )
    path = tmp_path / "film.ts"
    path.write_bytes(Film(encode(one), one).muxed("ts") + Film(encode(other), other).muxed("ts"))

    infos = read(path).infos

    assert len(infos) == 2
    assert infos[0].parameter_sets != infos[1].parameter_sets


def test_an_mjpeg_camera_may_change_its_size(tmp_path: Path) -> None:
    one, other = (Shot("mjpeg", 1, w, h, pix_fmt="yuvj420p") for w, h in ((320, 180), (160, 96)))
    path = tmp_path / "film.mjpeg"
    path.write_bytes(b"".join(p.data for p in encode(one) + encode(other)))

    reading = read(path)

    assert [(info.width, info.height) for info in reading.infos] == [(320, 180), (160, 96)]


def test_a_file_is_read_at_the_pace_it_was_filmed(tmp_path: Path) -> None:
    path = Film(encode(Shot()), Shot(), "pcm_alaw").write(tmp_path / "film.mov")

    video = read(path).video

    gaps = [b.arrival_ns - a.arrival_ns for a, b in pairwise(video)]
    assert sum(gaps) == pytest.approx(2.93e9, rel=0.02)
    assert max(gaps) < 0.15e9


def test_a_looped_file_goes_on_without_a_seam(tmp_path: Path) -> None:
    path = Film(encode(Shot(seconds=2)), Shot(), "pcm_alaw").write(tmp_path / "film.mov")
    clock = HandClock()
    settings = StreamSettings(url=str(path), loop_file=True)
    source = open_source(settings, clock=clock, audio=True, wait=clock.wait)

    video = []
    for item in source.packets():
        if isinstance(item, MediaPacket) and item.kind is PacketKind.VIDEO:
            video.append(item)
        if len(video) == 100:
            source.close()

    assert len(video) == 100
    assert all(0 < b.dts - a.dts <= 2 * TICK for a, b in pairwise(video))
    elapsed = (video[-1].arrival_ns - video[0].arrival_ns) / 1e9
    assert elapsed == pytest.approx(99 / FPS, rel=0.05)
    assert (video[-1].dts - video[0].dts) / 90_000 == pytest.approx(elapsed, abs=0.5)


def test_a_closed_source_ends_and_may_be_closed_again(tmp_path: Path) -> None:
    path = Film(encode(Shot()), Shot()).write(tmp_path / "film.mp4")
    clock = HandClock()
    source = open_source(StreamSettings(url=str(path)), clock=clock, audio=True, wait=clock.wait)

    source.close()
    source.close()

    assert list(source.packets()) == []


def test_a_stream_without_key_frames_is_given_up(tmp_path: Path) -> None:
    shot = Shot(seconds=75, width=64, height=48, gop=5000)
    path = Film(encode(shot), shot).write(tmp_path / "film.ts")

    with pytest.raises(StalledError, match="no key frame"):
        read(path)


def test_sound_without_a_picture_is_a_stall(tmp_path: Path) -> None:
    film = Film(encode(Shot(seconds=1)), Shot(), "aac", 16_000, sound_seconds=30)
    path = film.write(tmp_path / "film.ts")

    with pytest.raises(StalledError, match="no picture") as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_damaged_key_frame_does_not_end_the_stream(tmp_path: Path) -> None:
    shot = Shot()
    pictures = encode(shot)
    sps = next(unit for unit in parameter_units(pictures[0].data, "h264") if unit_type(unit, "h264") == 7)
    broken = sps[:4] + b"\xff" * (len(sps) - 4)
    pictures[15] = replace(pictures[15], data=pictures[15].data.replace(sps, broken))
    path = Film(pictures, shot).write(tmp_path / "film.ts")

    reading = read(path)

    assert len(reading.video) >= 44


def test_a_torn_file_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    data = Film(encode(Shot()), Shot()).muxed("ts")
    path = tmp_path / "torn.ts"
    path.write_bytes(data[: len(data) // 2])

    video = read(path).video

    assert 10 < len(video) < 40


def test_damaged_files_never_do_worse_than_a_media_error(tmp_path: Path) -> None:
    data = bytearray(Film(encode(Shot(seconds=1)), Shot(), "aac", 16_000).muxed("mp4"))
    path = tmp_path / "damaged.mp4"
    for at in range(0, len(data), max(1, len(data) // 400)):
        damaged = bytes(data[:at]) + bytes(b ^ 0xA5 for b in data[at : at + 40]) + bytes(data[at + 40 :])
        path.write_bytes(damaged)
        try:
            reading = read(path)
        except MediaError:
            continue
        assert all(a.dts < b.dts for a, b in pairwise(reading.video))


def test_a_stream_description_travels_as_plain_data(tmp_path: Path) -> None:
    info = read(Film(encode(Shot(seconds=1)), Shot(), "pcm_alaw").write(tmp_path / "film.mov")).info

    again = msgspec.msgpack.decode(msgspec.msgpack.encode(info), type=StreamInfo)

    assert again == info
    assert info.facts().audio_codec == "flac"
    assert info.ticks_per_s(PacketKind.AUDIO) == 8000
