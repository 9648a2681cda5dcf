"""The box burns; the recordings' disk, last night's backup and the recovery key on paper are left."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from fakecam.process import FakeCameraProcess
from fakecam.scene import Walk
from fakecam.spec import CameraSpec
from fakecam.timecode import read_timecode
from rig.house import House, Json, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yard = CameraSpec.yard("sub", sub=True, walks=(Walk(11.0, 5.0),), seconds=30.0, audio=None)
    with FakeCameraProcess([yard.named("main"), yard]) as fake:
        cameras: Json = {
            "yard": {"main": fake.url("main"), "sub": fake.url("sub"), "recording": {"post_roll": 2}}
        }
        with House(tmp_path / "old", cameras, backup={"enabled": True}) as running:
            running.wait_online()
            yield running


def vigilar(*words: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "vigilar.cli", *map(str, words)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_new_box_goes_on_where_the_old_one_was(house: House, tmp_path: Path) -> None:
    # given a worker that recorded a walk-in, of which somebody took note, and its own backup after that
    clip: Json = wait_for(lambda: house.clips(trigger="motion"), "a clip", 90, log=house.log)[-1]
    event = wait_for(
        lambda: [each for each in house.get("/events", type="motion")["items"] if each["clip_id"]],
        "its event",
        30,
        log=house.log,
    )[0]
    with house.client() as client:
        assert client.post(f"/api/v1/events/{event['id']}/acknowledge").status_code == 200
    wait_for(
        lambda: house.get("/diagnostics")["backup"]["result"] == "ok", "a backup by itself", 90, log=house.log
    )
    assert len(list((house.data / "backups").glob("*.vgb"))) == 1
    assert not [each for each in house.get("/health")["items"] if each["key"].startswith("backup")]
    made = vigilar("backup", "create", "-c", house.config, "-o", tmp_path / "usb.vgb")
    assert made.returncode == 0, made.stderr
    assert "recovery key is not saved yet" in made.stderr
    checked = vigilar("backup", "verify", "-c", house.config)
    assert checked.returncode == 0, checked.stdout
    paper = vigilar("vault", "recovery-kit", "-c", house.config, "--json").stdout.split('"')[-2]
    assert house.stop() == 0

    # when the old box is gone, and a new one is made of its recordings, the backup and the paper
    new = House(tmp_path / "new", {})
    shutil.rmtree(new.run)
    new.port, new.run = house.port, house.run
    new.config.unlink()
    for kind in ("clips", "journal"):
        shutil.move(house.data / kind, new.data / kind)
    shutil.copy(house.folder / "token", new.folder / "token")
    shutil.rmtree(house.data)
    where = ("--root", new.data, "--data", new.data, "--to-keys", new.keys)
    restored = vigilar(
        "backup", "restore", tmp_path / "usb.vgb", "-c", new.config, *where, typed=paper + "\n"
    )
    assert restored.returncode == 0, restored.stderr

    # then it runs, plays the old clip, knows the event and who may ask
    with new:
        new.wait_ready()
        wait_for(lambda: clip["id"] in {each["id"] for each in new.clips()}, "the clip", 30, log=new.log)
        with new.client() as client:
            answer = client.get(f"/api/v1/clips/{clip['id']}/media.mp4")
            assert client.get(f"/api/v1/events/{event['id']}").json()["acknowledged"] is not None
        with av.open(io.BytesIO(answer.content)) as container:
            codes = [read_timecode(frame) for frame in container.decode(video=0)]
        assert len(codes) > 50
        assert codes == sorted(codes)
        assert new.stop() == 0
    proven = vigilar("vault", "verify", "-c", new.config, "--json")
    assert proven.returncode == 0, proven.stdout + proven.stderr
