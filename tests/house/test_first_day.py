"""A household's first day, over the real API: a walk-in; the clip is found, played, starred, deleted."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from websockets.sync.client import connect

from fakecam.process import FakeCameraProcess
from fakecam.scene import Walk
from fakecam.spec import CameraSpec
from fakecam.timecode import read_timecode
from rig.house import House, Json, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WALKS = (Walk(11.0, 5.0),)
SCENE_S = 30.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yard = CameraSpec.yard("sub", sub=True, walks=WALKS, seconds=SCENE_S, audio=None)
    with FakeCameraProcess([yard.named("main"), yard]) as fake:
        cameras: Json = {
            "yard": {
                "name": "Yard",
                "main": fake.url("main"),
                "sub": fake.url("sub"),
                "recording": {"post_roll": 2},
            }
        }
        with House(tmp_path_factory.mktemp("first-day") / "house", cameras) as running:
            running.wait_online()
            yield running


@pytest.fixture(scope="module")
def clip(house: House) -> Json:
    """The first clip that motion began."""
    found = wait_for(lambda: house.clips(trigger="motion"), "a clip of somebody", 90, log=house.log)
    first: Json = found[-1]
    return first


def vigilar(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-m", "vigilar.cli", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def times_of(mp4: bytes) -> list[int]:
    """Return the time codes of all pictures; raises when one cannot be decoded."""
    with av.open(io.BytesIO(mp4)) as container:
        return [read_timecode(frame) for frame in container.decode(video=0)]


def test_the_clip_shows_what_moved_and_the_time_before(house: House, clip: Json) -> None:
    with house.client() as client:
        codes = times_of(client.get(f"/api/v1/clips/{clip['id']}/media.mp4").content)
    # The walker enters at about 11.3 s of the scene: at least 5 s before are there, and the walk itself.
    assert codes[0] <= 11_300 - 5_000
    assert codes[-1] >= 15_500
    assert codes == sorted(codes)


def test_it_plays_with_seeking(house: House, clip: Json) -> None:
    with house.client() as client:
        path = f"/api/v1/clips/{clip['id']}/media.mp4"
        whole = client.get(path)
        size = len(whole.content)
        part = client.get(path, headers={"Range": f"bytes={size // 2}-{size // 2 + 9999}"})
        absurd = client.get(path, headers={"Range": "bytes=99999999999-"})
        again = client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert whole.headers["content-type"] == "video/mp4"
    assert (part.status_code, part.content) == (206, whole.content[size // 2 : size // 2 + 10000])
    assert absurd.status_code == 416
    assert again.status_code == 304


def test_the_command_line_decrypts_and_verifies_it(house: House, clip: Json, tmp_path: Path) -> None:
    decrypted = tmp_path / "clip.mp4"
    answer = vigilar(
        "vault", "decrypt", "-c", str(house.config), str(house.data / clip["path"]), "-o", str(decrypted)
    )
    assert answer.returncode == 0, answer.stderr
    with house.client() as client:
        assert decrypted.read_bytes() == client.get(f"/api/v1/clips/{clip['id']}/media.mp4").content
    verified = vigilar("vault", "verify", "-c", str(house.config), "--json", str(house.data / clip["path"]))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_event_is_there_and_can_be_acknowledged(house: House, clip: Json) -> None:
    events = [
        event for event in house.get("/events", type="motion")["items"] if event["clip_id"] == clip["id"]
    ]
    assert events
    with house.client() as client:
        path = f"/api/v1/events/{events[0]['id']}"
        assert client.get(path).json()["acknowledged"] is None
        acknowledged = client.post(f"{path}/acknowledge").json()["acknowledged"]
        assert acknowledged is not None
        assert client.post(f"{path}/acknowledge").json()["acknowledged"] == acknowledged


def test_a_snapshot_is_as_wide_as_asked(house: House) -> None:
    with house.client() as client:
        answer = client.get("/api/v1/cameras/yard/snapshot.jpg", params={"width": 320})
    assert answer.status_code == 200, answer.text
    with av.open(io.BytesIO(answer.content), format="mjpeg") as picture:
        frame = next(picture.decode(video=0))
    assert (frame.width, frame.height) == (320, 180)


def test_live_view_plays_with_a_ticket_alone(house: House) -> None:
    with house.client() as client:
        ticket = client.post("/api/v1/cameras/yard/live-ticket").json()
        base = str(client.base_url)
    with av.open(f"{base}{ticket['path']}", timeout=20) as live:
        frames = live.decode(video=0)
        shown = [read_timecode(next(frames)) for _ in range(20)]
    assert len(set(shown)) == len(shown)


def test_state_comes_over_the_websocket(house: House) -> None:
    with house.client() as client:
        token = client.headers["authorization"]
    with connect(
        f"ws://127.0.0.1:{house.port}/api/v1/ws", additional_headers={"Authorization": token}
    ) as socket:
        assert json.loads(socket.recv(5))["type"] == "server_info"
        snapshot = json.loads(socket.recv(5))
        assert snapshot["data"]["cameras"][0]["id"] == "yard"
        socket.send(json.dumps({"id": 1, "type": "camera.record", "camera": "yard", "seconds": 1}))
        deltas, result = _until_clip(socket)
    assert result["ok"] is True
    assert [delta["seq"] for delta in deltas] == list(
        range(snapshot["seq"] + 1, snapshot["seq"] + 1 + len(deltas))
    )
    assert {"camera", "clip"} <= {delta["topic"] for delta in deltas}


def _until_clip(socket: Any) -> tuple[list[Json], Json]:
    deltas: list[Json] = []
    result: Json = {}
    deadline = time.monotonic() + 60
    while not (result and any(delta["topic"] == "clip" for delta in deltas)):
        message = json.loads(socket.recv(deadline - time.monotonic()))
        if message["type"] == "delta":
            deltas.append(message)
        elif message["type"] == "result":
            result = message
    return deltas, result


def test_a_star_and_a_deletion(house: House) -> None:
    # Given two clips made by hand
    with house.client() as client:
        kept = _recorded(
            house, client.post("/api/v1/cameras/yard/record", json={"seconds": 1}).json()["clip_id"]
        )
        # When one is starred and another deleted
        assert client.put(f"/api/v1/clips/{kept['id']}/star").json()["starred"] is True
        assert (house.data / kept["path"]).with_name(f"{kept['id']}.star").exists()
        assert client.delete(f"/api/v1/clips/{kept['id']}").status_code == 204
        # Then the deleted one is gone, from the disk too, and the vault still verifies: it was journalled
        assert client.get(f"/api/v1/clips/{kept['id']}").status_code == 404
    assert not (house.data / kept["path"]).exists()
    verified = vigilar("vault", "verify", "-c", str(house.config), "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _recorded(house: House, clip_id: str) -> Json:
    def there() -> Json | None:
        return next((clip for clip in house.clips() if clip["id"] == clip_id), None)

    found: Json = wait_for(there, f"clip {clip_id}", 60, log=house.log)
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/clips/..%2f..%2fvigilar.db",
        "/api/v1/clips/%2e%2e/media.mp4",
        "/api/v1/cameras/../../etc/passwd",
    ],
)
def test_paths_that_climb_lead_nowhere(house: House, path: str) -> None:
    with house.client() as client:
        assert client.get(path).status_code in {404, 422}


def test_a_wrong_token_opens_nothing(house: House) -> None:
    with house.client() as client:
        answer = client.get("/api/v1/cameras", headers={"Authorization": "Bearer vgl_wrong"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


def test_a_lost_database_is_rebuilt_from_the_files(house: House, clip: Json) -> None:
    # Given a house that was stopped, its database lost
    before = {each["id"] for each in house.clips(limit=200)}
    assert house.stop() == 0
    for path in house.data.glob("vigilar.db*"):
        path.unlink()
    # When it starts again
    house.start()
    house.wait_ready()
    # Then every clip is back, star and all
    wait_for(
        lambda: before <= {each["id"] for each in house.clips(limit=200)}, "the index", 30, log=house.log
    )
    assert clip["id"] in before
