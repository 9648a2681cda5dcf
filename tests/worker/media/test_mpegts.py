"""Live viewers get a stream they can come into, with sound their players know."""

import io
from pathlib import Path

import av
import pytest

from vigilar.media.errors import MediaError
from vigilar.media.mpegts import TsWriter
from vigilar.media.nal import parameter_units
from vigilar.media.packet import MediaPacket, PacketKind
from worker.media.footage import FPS, Film, Shot, encode
from worker.media.reading import Reading, play, read


def filmed(tmp_path: Path, shot: Shot, audio: str | None = None, rate: int = 8000) -> Reading:
    return read(Film(encode(shot), shot, audio, rate).write(tmp_path / "film.mov"))


def live(reading: Reading, packets: list[MediaPacket] | None = None, *, audio: bool = True) -> bytes:
    writer = TsWriter(reading.info, audio=audio)
    sent = [writer.add(packet) for packet in (reading.packets if packets is None else packets)]
    return b"".join(sent) + writer.close()


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_pictures_go_out_as_they_came(tmp_path: Path, codec: str, bframes: int) -> None:
    reading = filmed(tmp_path, Shot(codec=codec, bframes=bframes))

    played = play(live(reading))

    assert len(played.video_times) == 3 * FPS
    assert played.video_times == sorted(played.video_times)


def test_g711_is_heard_as_aac(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(), "pcm_alaw")
    assert reading.info.audio_codec == "flac"

    data = live(reading)

    with av.open(io.BytesIO(data)) as film:
        assert [stream.codec_context.name for stream in film.streams] == ["h264", "aac"]
    played = play(data)
    assert played.samples > 8000 * 2
    assert played.sound_start == pytest.approx(played.video_times[0], abs=0.3)


def test_aac_is_copied(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(), "aac", 16_000)

    with av.open(io.BytesIO(live(reading))) as film:
        sound = [bytes(packet) for packet in film.demux(film.streams.audio[0]) if packet.size]

    assert len(sound) >= 40
    assert reading.audio[5].data in b"".join(sound)


def test_sound_can_be_left_out(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(), "pcm_alaw")

    with av.open(io.BytesIO(live(reading, audio=False))) as film:
        assert len(film.streams) == 1


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_parameter_sets_known_only_from_the_sdp_are_put_into_the_stream(tmp_path: Path, codec: str) -> None:
    reading = filmed(tmp_path, Shot(codec=codec))
    bare = [_without_parameters(packet, codec) for packet in reading.video]
    assert not any(parameter_units(packet.data, codec) for packet in bare)

    assert len(play(live(reading, bare)).video_times) == 3 * FPS


def _without_parameters(packet: MediaPacket, codec: str) -> MediaPacket:
    data = packet.data
    for unit in parameter_units(data, codec):
        for start in (b"\x00\x00\x00\x01", b"\x00\x00\x01"):
            data = data.replace(start + unit, b"")
    return MediaPacket(
        packet.kind, data, packet.pts, packet.dts, packet.duration, packet.keyframe, packet.arrival_ns
    )


def test_a_viewer_who_comes_in_late_begins_with_a_key_frame_at_once(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(), "pcm_alaw")
    second_key = [packet for packet in reading.video if packet.keyframe][1]
    late = [p for p in reading.packets if p.arrival_ns >= second_key.arrival_ns - 200_000_000]

    played = play(live(reading, late))

    assert len(played.video_times) == 2 * FPS


def test_without_sound_each_picture_goes_out_when_it_comes(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())
    writer = TsWriter(reading.info)

    sent = [len(writer.add(packet)) for packet in reading.packets]

    assert all(sent)


def test_a_silent_sound_track_holds_pictures_back_for_less_than_half_a_second(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(), "pcm_alaw")
    writer = TsWriter(reading.info)

    data = b"".join(writer.add(packet) for packet in reading.video)

    with av.open(io.BytesIO(data)) as film:
        pictures = sum(1 for packet in film.demux(film.streams.video[0]) if packet.size)
    assert pictures >= 3 * FPS - FPS // 2


def test_damaged_sound_ends_and_the_picture_goes_on(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(), "pcm_alaw")
    broken = [
        p
        if p.kind is PacketKind.VIDEO
        else MediaPacket(p.kind, b"\x00" * 40, p.pts, p.dts, p.duration, p.keyframe, p.arrival_ns)
        for p in reading.packets
    ]

    assert len(play(live(reading, broken)).video_times) == 3 * FPS


def test_mjpeg_has_no_place_in_mpeg_ts(tmp_path: Path) -> None:
    shot = Shot(codec="mjpeg", seconds=1, pix_fmt="yuvj420p")
    reading = read(Film(encode(shot), shot).write(tmp_path / "film.avi"))

    with pytest.raises(MediaError, match="MJPEG"):
        TsWriter(reading.info)
