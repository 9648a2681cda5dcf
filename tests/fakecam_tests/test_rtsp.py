"""Serving over RTSP: packet by packet, and as an NVR sees it."""

import itertools
import socket
import time
from dataclasses import replace
from pathlib import Path

import av
import pytest

from fakecam.fixtures import Serve
from fakecam.scene import Scene, VideoCodec
from fakecam.spec import Auth, CameraSpec, Params, Start, Transport
from fakecam_tests.rtsp_client import RtspClient
from fakecam_tests.watching import first

LOOPING = CameraSpec.small("door", audio="pcm_alaw", seconds=1.0)


def carries_parameter_sets(payload: bytes) -> bool:
    """Return whether an RTP payload of H.264 begins a key frame: SPS or SEI and SPS, single or aggregated."""
    kind = payload[0] & 31
    return (payload[3] & 31 if kind == 24 else payload[1] & 31 if kind == 28 else kind) in {5, 6, 7}


def test_packets_and_times_go_on_without_a_seam_over_the_loop(cameras: Serve) -> None:
    cams = cameras(LOOPING)

    with RtspClient(cams.url("door")) as client:
        client.play(tracks=2)
        packets = [client.packet() for _ in range(130)]

    for channel, step in ((0, 9000), (2, 320)):
        own = [packet for packet in packets if packet.channel == channel]
        times = list(dict.fromkeys(packet.timestamp for packet in own))
        assert own[-1].came_s - own[0].came_s > 1.2
        assert len({packet.source for packet in own}) == 1
        assert {(b.sequence - a.sequence) % 2**16 for a, b in itertools.pairwise(own)} == {1}
        assert {(b - a) % 2**32 for a, b in itertools.pairwise(times)} == {step}


def test_frames_come_in_real_time(cameras: Serve) -> None:
    cams = cameras(LOOPING)

    with RtspClient(cams.url("door")) as client:
        client.play()
        frames = client.frames(12)

    assert frames[-1].came_s - frames[0].came_s == pytest.approx(1.1, abs=0.25)


def test_play_announces_the_packet_that_comes_next_and_reports_what_time_it_means(cameras: Serve) -> None:
    cams = cameras(LOOPING)

    with RtspClient(cams.url("door")) as client:
        client.ask("DESCRIBE")
        client.ask("SETUP", "/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        info = client.ask("PLAY").headers["rtp-info"]
        packet = client.packet()

    assert f"seq={packet.sequence};rtptime={packet.timestamp}" in info
    (report,) = client.reports
    assert report.timestamp == packet.timestamp
    assert report.wall_s == pytest.approx(time.time(), abs=1.0)


def test_a_camera_may_leave_reports_out(cameras: Serve) -> None:
    cams = cameras(replace(LOOPING, sender_reports=False))

    with RtspClient(cams.url("door")) as client:
        client.play()
        client.packets(5)

    assert client.reports == []


def test_a_client_may_choose_its_channels(cameras: Serve) -> None:
    cams = cameras(LOOPING)

    with RtspClient(cams.url("door")) as client:
        client.ask("SETUP", "/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=6-7")
        client.ask("PLAY")
        packets = client.packets(20, channel=6)

    assert {(b.sequence - a.sequence) % 2**16 for a, b in itertools.pairwise(packets)} == {1}


def test_requests_that_make_no_sense_are_refused(cameras: Serve) -> None:
    cams = cameras(replace(LOOPING, transport=Transport.TCP))

    with RtspClient(cams.url("door")) as client:
        assert client.ask("OPTIONS").status == 200
        assert client.ask("SETUP", "/trackID=7", Transport="RTP/AVP/TCP").status == 404
        assert (
            client.ask("SETUP", "/trackID=0", Transport="RTP/AVP;unicast;client_port=5000-5001").status == 461
        )
        assert client.ask("RECORD").status == 501
    with RtspClient(cams.url("door").replace("/door", "/attic")) as client:
        assert client.ask("DESCRIBE").status == 404


def test_a_camera_that_is_so_minded_starts_with_a_key_frame(cameras: Serve) -> None:
    cams = cameras(replace(CameraSpec.small("door"), start=Start.KEY))

    with RtspClient(cams.url("door")) as client:
        client.play()
        packet = client.packet()

    assert carries_parameter_sets(packet.payload)


@pytest.mark.parametrize(
    "scene",
    [
        Scene.small(),
        Scene.small(codec=VideoCodec.HEVC),
        Scene.small(codec=VideoCodec.MJPEG),
        replace(Scene.small(), b_frames=2),
    ],
    ids=["h264", "hevc", "mjpeg", "b-frames"],
)
def test_pictures_arrive_whole_and_when_they_were_served(cameras: Serve, scene: Scene) -> None:
    cams = cameras(CameraSpec("door", scene))

    seen = first(cams.url("door"), 12)

    codes = [picture.timecode for picture in seen]
    assert [(b - a) % 4000 for a, b in itertools.pairwise(codes)] == [100] * 11
    delay_ms = (seen[-1].at_ns - cams.served_at("door", codes[-1], seen[-1].at_ns)) / 1e6
    assert -50 < delay_ms < 1200


@pytest.mark.parametrize("params", list(Params))
def test_parameter_sets_may_be_in_either_place(cameras: Serve, params: Params) -> None:
    cams = cameras(replace(CameraSpec.small("door"), params=params))

    assert len(first(cams.url("door"), 3)) == 3


def test_udp_carries_whole_frames(cameras: Serve) -> None:
    big = Scene(1280, 720, 10, 2.0, bit_rate=3_000_000, gop_s=1.0, preset="ultrafast")
    cams = cameras(replace(CameraSpec("door", big), transport=Transport.UDP))

    codes = [picture.timecode for picture in first(cams.url("door"), 15, rtsp_transport="udp")]

    assert [(b - a) % 2000 for a, b in itertools.pairwise(codes)] == [100] * 14


@pytest.mark.parametrize("auth", [Auth.DIGEST, Auth.BASIC, Auth.BOTH])
def test_the_password_opens_the_camera(cameras: Serve, auth: Auth) -> None:
    cams = cameras(replace(CameraSpec.small("door"), user="guard", password="sword-fish", auth=auth))

    assert len(first(cams.url("door"), 1)) == 1
    with pytest.raises(av.error.HTTPUnauthorizedError):
        first(cams.url("door", credentials=False), 1)


def test_rtsps_shows_a_certificate_that_can_be_verified(cameras: Serve, tmp_path: Path) -> None:
    cams = cameras(replace(CameraSpec.small("door"), tls=True, user="guard", password="x"))
    trusted = tmp_path / "camera.pem"
    trusted.write_text(cams.certificate())

    assert cams.url("door").startswith("rtsps://")
    assert len(first(cams.url("door"), 2, tls_verify="1", ca_file=str(trusted))) == 2
    with pytest.raises(av.error.OSError, match="Input/output error"):
        first(cams.url("door"), 1, tls_verify="1")


def test_cameras_on_one_port_are_told_apart_by_their_paths(cameras: Serve) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hevc = CameraSpec("yard", Scene.small(codec=VideoCodec.HEVC), port=port, path="/streams/2")
    cams = cameras(replace(LOOPING, port=port), hevc)

    with RtspClient(cams.url("door")) as client:
        assert "H264" in client.ask("DESCRIBE").body
    with RtspClient(cams.url("yard")) as client:
        assert "H265" in client.ask("DESCRIBE").body

    assert cams.url("yard") == f"rtsp://127.0.0.1:{port}/streams/2"


def test_main_and_sub_stream_show_the_same_moment(cameras: Serve) -> None:
    cams = cameras(CameraSpec.small("main"), CameraSpec.small("sub"))

    assert cams.timeline("main") == cams.timeline("sub")
