"""Fake cameras as a process, from Python and from the command line."""

import argparse
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakecam.__main__ import parse_camera
from fakecam.fixtures import Serve
from fakecam.process import FakeCameraProcess
from fakecam.remote import ControlError, Timeline
from fakecam.spec import Auth, CameraSpec, Transport
from fakecam_tests.watching import first

SECOND = 1_000_000_000


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_process_serves_and_is_steered(camera_process: Serve) -> None:
    cams = camera_process(CameraSpec.small("door"), CameraSpec.small("yard"))

    seen = first(cams.url("yard"), 3)

    assert cams.fault("door", "stall")["stalled"]
    assert not cams.status("yard")["stalled"]
    near = cams.served_at("yard", seen[-1].timecode, seen[-1].at_ns)
    assert 0 <= seen[-1].at_ns - near < 1.5 * SECOND


def test_the_process_ends_with_the_block() -> None:
    with FakeCameraProcess([CameraSpec.small("door")]) as cams:
        assert cams.status("door")

    with pytest.raises(ControlError, match="do not answer"):
        cams.status("door")


def test_the_process_ends_with_whoever_started_it() -> None:
    code = (
        "import os; from fakecam.process import FakeCameraProcess; from fakecam.spec import CameraSpec;"
        "cams = FakeCameraProcess([CameraSpec.small('door')]).start();"
        "print(cams.control_port, flush=True); os.kill(os.getpid(), 9)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    starter = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )

    assert starter.returncode == -9
    deadline = time.monotonic() + 5
    while _listens(int(starter.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _listens(int(starter.stdout))


def test_cameras_that_cannot_be_served_are_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "words.txt"
    path.write_text("no film")

    with pytest.raises(ControlError, match="did not start"):
        FakeCameraProcess([CameraSpec("door", file=str(path))]).start()

    assert "words.txt" in capfd.readouterr().err


def test_a_timeline_tells_when_a_picture_is_served() -> None:
    timeline = Timeline(epoch_ns=100 * SECOND, loop_ns=60 * SECOND)

    assert timeline.served_at(12_000, near_ns=101 * SECOND) == 112 * SECOND
    assert timeline.served_at(12_000, near_ns=231 * SECOND) == 232 * SECOND
    assert timeline.next_at(12_000, after_ns=112 * SECOND) == 172 * SECOND
    assert timeline.next_at(12_000, after_ns=50 * SECOND) == 112 * SECOND
    assert timeline.timecode_at(175 * SECOND) == 15_000


class TestCommandLine:
    """Cameras described by words."""

    def test_a_scene_with_settings(self) -> None:
        camera = parse_camera(
            "door=small,port=9000,user=guard,password=a,auth=both,transport=tcp,loss=0.1,tls=true"
        )

        assert (camera.name, camera.port, camera.user) == ("door", 9000, "guard")
        assert (camera.auth, camera.transport) == (Auth.BOTH, Transport.TCP)
        assert (camera.loss, camera.tls) == (0.1, True)
        assert camera.scene == CameraSpec.small().scene

    def test_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "film.mov"
        path.touch()

        assert parse_camera(f"door={path}").file == str(path)

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            ("door=nowhere", "no file and no scene"),
            ("door=small,colour=red", "no such key: colour"),
            ("door=small,auth=please", "auth"),
            ("door=small,port=many", "port"),
        ],
    )
    def test_mistakes_are_named(self, words: str, complaint: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError, match=complaint):
            parse_camera(words)

    def test_it_serves_until_it_is_told_to_end(self) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "fakecam", "--control", "127.0.0.1:0", "door=small,port=0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert first(url, 1)
            process.terminate()
            assert process.wait(5) == 0
