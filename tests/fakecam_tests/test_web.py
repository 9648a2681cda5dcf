"""The camera over HTTP."""

import http.client
import io
import itertools
import urllib.error
import urllib.request
from dataclasses import replace

import av
import pytest

from fakecam.fixtures import Serve
from fakecam.scene import AudioCodec, Scene, VideoCodec
from fakecam.spec import Auth, CameraSpec
from fakecam.timecode import read_timecode
from fakecam_tests.watching import first


def drain(answer: http.client.HTTPResponse) -> None:
    """Read until the camera hangs up: raises an OSError, or StopIteration if it did so politely."""
    while answer.read(10_000):
        pass
    raise StopIteration


def test_motion_jpeg_comes_picture_by_picture(cameras: Serve) -> None:
    cams = cameras(CameraSpec("door", Scene.small(seconds=1.0, codec=VideoCodec.MJPEG)))

    codes = [seen.timecode for seen in first(cams.web_url("door", "mjpg"), 14)]

    assert [(b - a) % 1000 for a, b in itertools.pairwise(codes)] == [100] * 13


@pytest.mark.parametrize("codec", [VideoCodec.H264, VideoCodec.HEVC])
def test_a_transport_stream_goes_on_over_the_loop(cameras: Serve, codec: VideoCodec) -> None:
    cams = cameras(CameraSpec("door", Scene.small(seconds=1.0, codec=codec, audio=AudioCodec.AAC)))

    seen = first(cams.web_url("door", "ts"), 16)

    codes = [picture.timecode for picture in seen]
    assert [(b - a) % 1000 for a, b in itertools.pairwise(codes)] == [100] * 15
    steps = [b.time_s - a.time_s for a, b in itertools.pairwise(seen)]
    assert steps == pytest.approx([0.1] * 15, abs=0.002)


def test_a_transport_stream_has_the_sound(cameras: Serve) -> None:
    cams = cameras(CameraSpec("door", Scene.small(seconds=1.0, audio=AudioCodec.AAC)))

    with av.open(
        cams.web_url("door", "ts"), timeout=(5, 5), options={"analyzeduration": "1000000"}
    ) as stream:
        times = [packet.pts for _, packet in zip(range(20), stream.demux(audio=0), strict=False)]

    assert len(times) == 20
    assert {b - a for a, b in itertools.pairwise(times) if a and b} <= set(range(5758, 5763))


def test_a_still_is_a_jpeg(cameras: Serve) -> None:
    cams = cameras(CameraSpec.small("door"))

    with urllib.request.urlopen(cams.web_url("door", "jpg"), timeout=5) as answer:
        body = answer.read()

    with av.open(io.BytesIO(body), "r") as picture:
        assert read_timecode(next(picture.decode(video=0))) == 0


def test_the_password_is_asked_for_here_too(cameras: Serve) -> None:
    spec = replace(CameraSpec.small("door"), user="guard", password="x", auth=Auth.DIGEST)
    cams = cameras(spec)

    assert first(cams.web_url("door", "ts"), 1)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(cams.web_url("door", "jpg", credentials=False), timeout=5)


@pytest.mark.parametrize("path", ["/door.mjpg", "/door.exe", "/attic.jpg"])
def test_what_there_is_not_is_not_found(cameras: Serve, path: str) -> None:
    cams = cameras(CameraSpec.small("door"))

    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(cams.web_url("door", "jpg").replace("/door.jpg", path), timeout=5)


def test_a_watcher_is_cut_off_by_a_kick(cameras: Serve) -> None:
    cams = cameras(CameraSpec("door", Scene.small(seconds=1.0, codec=VideoCodec.MJPEG)))

    with urllib.request.urlopen(cams.web_url("door", "mjpg"), timeout=5) as answer:
        assert answer.read(1000)
        assert cams.fault("door", "kick")["kicked"] == 1
        with pytest.raises((OSError, StopIteration)):
            drain(answer)
    assert cams.clients("door") == 0
