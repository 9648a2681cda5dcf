"""Those who look get the brightness at once; damaged pictures are left out, not guessed at."""

import io
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from vigilar.media.decode import Decoder, LumaFrame, Skip, jpeg, key_frame_jpeg
from vigilar.media.errors import UnsupportedError
from vigilar.media.packet import MediaPacket
from worker.media.footage import FPS, Film, Shot, encode
from worker.media.reading import Reading, read

SHOTS = [
    Shot(),
    Shot(bframes=2),
    Shot(codec="hevc"),
    Shot(codec="hevc", bframes=2),
    Shot(codec="hevc", pix_fmt="yuv420p10le"),
    Shot(pix_fmt="yuv444p", options={"profile": "high444"}),
    Shot(codec="mjpeg", pix_fmt="yuvj420p"),
]


def filmed(tmp_path: Path, shot: Shot) -> Reading:
    ending = "avi" if shot.codec == "mjpeg" else "mp4"
    return read(Film(encode(shot), shot).write(tmp_path / f"film.{ending}"))


def decoded(decoder: Decoder, packets: list[MediaPacket]) -> list[LumaFrame]:
    return [frame for packet in packets for frame in decoder.decode(packet)]


def stripes(number: int, shot: Shot) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return ((np.arange(shot.width) + 3 * number) * 2 % 256).astype(np.float64)


@pytest.mark.parametrize("shot", SHOTS, ids=str)
def test_every_picture_comes_out_in_order_with_its_arrival(tmp_path: Path, shot: Shot) -> None:
    reading = filmed(tmp_path, shot)
    decoder = Decoder(reading.info)

    frames = decoded(decoder, reading.video)

    assert len(frames) >= 3 * FPS - shot.bframes
    assert all(frame.luma.shape == (180, 320) and frame.luma.dtype == np.uint8 for frame in frames)
    arrivals = {packet.arrival_ns for packet in reading.video}
    assert {frame.arrival_ns for frame in frames} <= arrivals
    assert frames[0].keyframe
    assert decoder.errors == 0
    assert decoder.decoded == len(frames)


def test_the_brightness_is_that_of_the_scene(tmp_path: Path) -> None:
    shot = Shot()
    frames = decoded(Decoder(filmed(tmp_path, shot).info), filmed(tmp_path, shot).video)

    for number in (0, 7, 20):
        off = np.abs(frames[number].luma.mean(axis=0) - stripes(number, shot))
        assert np.median(off) < 4, number


@pytest.mark.parametrize("shot", SHOTS[:5], ids=str)
def test_key_frames_alone_come_out_at_once(tmp_path: Path, shot: Shot) -> None:
    reading = filmed(tmp_path, shot)
    decoder = Decoder(reading.info, keys_only=True)

    for packet in reading.video:
        frames = decoder.decode(packet)
        assert [frame.arrival_ns for frame in frames] == ([packet.arrival_ns] if packet.keyframe else [])
    assert decoder.decoded == 3


def test_looking_closer_begins_with_the_next_key_frame(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())
    decoder = Decoder(reading.info, keys_only=True)
    decoded(decoder, reading.video[:5])

    decoder.skip = Skip.NOTHING
    waiting = decoded(decoder, reading.video[5:15])
    after = decoded(decoder, reading.video[15:])

    assert waiting == []
    assert len(after) == 30
    decoder.skip = Skip.ALL_BUT_KEYS
    assert len(decoded(decoder, reading.video[30:])) == 1


def test_pictures_nothing_refers_to_can_be_left_out(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot(bframes=2))
    decoder = Decoder(reading.info)
    decoder.skip = Skip.NON_REFERENCE

    frames = decoded(decoder, reading.video)

    assert FPS * 0.8 < len(frames) < FPS * 2.2


def test_after_damage_nothing_is_shown_until_the_next_key_frame(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())
    video = list(reading.video)
    video[5] = MediaPacket(*_fields(video[5], data=b"\x00\x00\x00\x01\x41" + b"\xff" * 30))
    decoder = Decoder(reading.info)

    frames = decoded(decoder, video)

    assert decoder.errors >= 1
    shown = [video.index(next(p for p in video if p.arrival_ns == f.arrival_ns)) for f in frames]
    assert shown[:5] == [0, 1, 2, 3, 4]
    assert shown[-30:] == list(range(15, 45))
    assert len(shown) < 45


def test_garbage_and_losses_are_counted_never_raised(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())
    random = np.random.default_rng(1)
    decoder = Decoder(reading.info)

    for packet in reading.video * 3:
        data = bytearray(packet.data)
        for _ in range(3):
            data[int(random.integers(len(data)))] ^= int(random.integers(1, 256))
        decoder.decode(MediaPacket(*_fields(packet, data=bytes(data))))

    assert decoder.errors > 0


def _fields(packet: MediaPacket, *, data: bytes) -> tuple[object, ...]:
    return packet.kind, data, packet.pts, packet.dts, packet.duration, packet.keyframe, packet.arrival_ns


def test_sound_is_not_looked_at(tmp_path: Path) -> None:
    reading = read(Film(encode(Shot(seconds=1)), Shot(), "pcm_alaw").write(tmp_path / "film.mov"))

    assert all(Decoder(reading.info).decode(packet) == [] for packet in reading.audio)


@pytest.mark.parametrize("shot", SHOTS, ids=str)
def test_a_key_frame_becomes_a_jpeg_of_the_asked_width(tmp_path: Path, shot: Shot) -> None:
    reading = filmed(tmp_path, shot)

    data = key_frame_jpeg(reading.info, reading.video[0].data, width=160)

    assert data.startswith(b"\xff\xd8\xff")
    with av.open(io.BytesIO(data)) as image:
        picture = next(image.decode(video=0))
    assert (picture.width, picture.height) == (160, 90)


def test_a_still_is_never_larger_than_the_picture_and_quality_counts(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())
    key = reading.video[0].data

    sizes = [len(key_frame_jpeg(reading.info, key, width=9999, quality=quality)) for quality in (1, 50, 100)]

    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    with av.open(io.BytesIO(key_frame_jpeg(reading.info, key, width=9999))) as image:
        assert next(image.decode(video=0)).width == 320


def test_a_still_has_the_colours_of_the_scene(tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, width=320, height=180)
        red = np.full((180, 320, 3), (200, 30, 40), np.uint8)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(red, format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    reading = read(path)

    data = key_frame_jpeg(reading.info, reading.video[0].data, width=320)

    with av.open(io.BytesIO(data)) as image:
        shown = next(image.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(shown.mean(axis=(0, 1)) - (200, 30, 40)).max() < 8


def test_the_last_picture_looked_at_can_be_shown_too(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())
    frame = decoded(Decoder(reading.info), reading.video)[-1]

    assert jpeg(frame.picture, width=64).startswith(b"\xff\xd8")


def test_what_cannot_be_decoded_is_said_so(tmp_path: Path) -> None:
    reading = filmed(tmp_path, Shot())

    with pytest.raises(UnsupportedError):
        key_frame_jpeg(reading.info, b"\x00\x00\x00\x01\x65nonsense", width=160)
    with pytest.raises(UnsupportedError):
        Decoder(replace(reading.info, video_codec="no_such_codec"))
