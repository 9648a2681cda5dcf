"""What can be wrong with a camera, switched on and off while somebody watches."""

import socket
import time
from dataclasses import replace
from itertools import islice, pairwise

import pytest

from fakecam.fixtures import Serve
from fakecam.remote import ControlError
from fakecam.scene import AudioCodec, Scene
from fakecam.spec import CameraSpec
from fakecam_tests.rtsp_client import Rtp, RtspClient
from fakecam_tests.watching import watch

DOOR = CameraSpec.small("door", audio="pcm_alaw", seconds=1.0)


def drain(client: RtspClient, seconds: float) -> list[Rtp]:
    """Return the packets of the next while."""
    end, found = time.monotonic() + seconds, []
    while time.monotonic() < end:
        try:
            found.append(client.packet())
        except TimeoutError:
            break
    return found


def test_a_stalled_camera_sends_nothing_and_keeps_the_connection(cameras: Serve) -> None:
    cams = cameras(DOOR)
    with RtspClient(cams.url("door"), timeout_s=0.6) as client:
        client.play()
        client.packets(3)

        cams.fault("door", "stall")
        drain(client, 0.3)
        with pytest.raises(TimeoutError):
            client.packet()

        assert cams.clients("door") == 1
        cams.fault("door", "resume")
        assert client.packet()


def test_a_muted_camera_accepts_and_never_answers(cameras: Serve) -> None:
    cams = cameras(DOOR)

    cams.fault("door", "mute")

    with RtspClient(cams.url("door"), timeout_s=0.4) as client:
        with pytest.raises(TimeoutError):
            client.ask("OPTIONS")
    cams.fault("door", "resume")
    with RtspClient(cams.url("door")) as client:
        assert client.ask("OPTIONS").status == 200


def test_a_kicked_client_is_cut_off_and_may_come_back(cameras: Serve) -> None:
    cams = cameras(DOOR)
    with RtspClient(cams.url("door")) as client:
        client.play()

        assert cams.fault("door", "kick")["kicked"] == 1

        with pytest.raises((EOFError, ConnectionError)):
            drain(client, 2.0)
    with RtspClient(cams.url("door")) as client:
        client.play()
        assert client.packet()


def test_an_unplugged_camera_refuses_until_it_is_plugged_in_at_the_same_address(cameras: Serve) -> None:
    cams = cameras(DOOR)
    url = cams.url("door")
    with RtspClient(url) as client:
        client.play()
        cams.fault("door", "down")
        with pytest.raises((EOFError, ConnectionError)):
            drain(client, 2.0)
    with pytest.raises(ConnectionRefusedError), RtspClient(url):
        pass

    cams.fault("door", "up")

    assert cams.url("door") == url
    with RtspClient(url) as client:
        client.play()
        assert client.packet()


def test_lost_packets_leave_gaps_in_the_numbers(cameras: Serve) -> None:
    cams = cameras(DOOR)
    with RtspClient(cams.url("door")) as client:
        client.play()
        cams.fault("door", "loss", p=0.3)
        drain(client, 0.1)

        packets = client.packets(60)

    steps = [(b.sequence - a.sequence) % 2**16 for a, b in pairwise(packets)]
    assert 0.1 < sum(step - 1 for step in steps) / sum(steps) < 0.5


def test_the_sound_stops_and_comes_back_while_the_picture_goes_on(cameras: Serve) -> None:
    cams = cameras(DOOR)
    with RtspClient(cams.url("door")) as client:
        client.play(tracks=2)
        cams.fault("door", "quiet")
        drain(client, 0.1)
        assert {packet.channel for packet in drain(client, 0.5)} == {0}

        cams.fault("door", "sound")

        assert client.packets(3, channel=2)


def test_timestamps_jump_back(cameras: Serve) -> None:
    cams = cameras(DOOR)
    with RtspClient(cams.url("door")) as client:
        client.play()
        before = client.frames(1)[0].timestamp
        cams.fault("door", "shift", seconds=-30)
        after = client.frames(4)[-1].timestamp

    assert -30.5 < ((after - before + 2**31) % 2**32 - 2**31) / 90_000 < -29


def test_timestamps_stand_still(cameras: Serve) -> None:
    cams = cameras(DOOR)
    with RtspClient(cams.url("door")) as client:
        client.play()
        cams.fault("door", "timestamps", mode="frozen")
        client.frames(2)
        frames = client.frames(4)

    assert len({frame.timestamp for frame in frames}) == 1


def test_a_restart_changes_source_and_numbers_and_begins_the_film_anew(cameras: Serve) -> None:
    cams = cameras(CameraSpec.small("door"))
    with RtspClient(cams.url("door")) as client:
        client.play()
        before = client.packet()
        cams.fault("door", "restart")
        after = next(packet for packet in drain(client, 2.0) if packet.source != before.source)

    begun = cams.timeline("door").epoch_ns / 1e9
    assert 0 <= after.came_s - begun < 2.0


def test_the_picture_changes_its_size_in_mid_stream(cameras: Serve) -> None:
    cams = cameras(CameraSpec.small("door", seconds=2.0))
    pictures = watch(cams.url("door"))
    assert [(seen.width, seen.height) for seen in islice(pictures, 3)] == [(320, 180)] * 3

    cams.play("door", replace(Scene.small(seconds=2.0), width=480, height=270))

    later = list(islice(pictures, 25))
    assert (later[-1].width, later[-1].height) == (480, 270)
    assert cams.clients("door") == 1


def test_another_film_may_have_sound_where_the_first_had_none(cameras: Serve) -> None:
    cams = cameras(CameraSpec.small("door", seconds=1.0))

    cams.play("door", Scene.small(seconds=1.0, audio=AudioCodec.AAC), kick=True)

    with RtspClient(cams.url("door")) as client:
        assert "MPEG4-GENERIC" in client.play(tracks=2)
        assert client.packets(2, channel=2)


def test_what_cannot_be_done_is_said(cameras: Serve) -> None:
    cams = cameras(DOOR)

    with pytest.raises(ControlError, match="no such camera or action: attic/stall"):
        cams.fault("attic", "stall")
    with pytest.raises(ControlError, match="no such camera or action: explode"):
        cams.fault("door", "explode")
    with pytest.raises(ControlError, match="no-such-file"):
        cams.play("door", "/no-such-file.mov")
    with pytest.raises(ControlError, match="sideways"):
        cams.fault("door", "timestamps", mode="sideways")


def test_a_client_that_talks_nonsense_harms_nobody(cameras: Serve) -> None:
    cams = cameras(DOOR)
    port = cams.status("door")["url"].rpartition(":")[2].partition("/")[0]

    for words in (b"\r\n\r\n", b"\x16\x03\x01\0\xff" * 40 + b"\r\n\r\n", b"SETUP\r\n\r\n", b"$\0\xff\xff"):
        with socket.create_connection(("127.0.0.1", int(port)), 2) as connection:
            connection.sendall(words)

    with RtspClient(cams.url("door")) as client:
        client.play()
        assert client.packet()
