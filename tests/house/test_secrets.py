"""Canaries: credentials in every address and secret, looked for in all the house says, keeps and shows."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakecam.process import FakeCameraProcess
from fakecam.spec import CameraSpec
from rig.accounting import descendants
from rig.house import House, Json, free_port, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CANARY = "Kanarie7"
PASSWORD = f"{CANARY}!p:w/d@%"
QUERY_CANARY = f"token={CANARY}query"
SHOWN = (
    "/health",
    "/api/v1/info",
    "/api/v1/health",
    "/api/v1/diagnostics",
    "/api/v1/cameras",
    "/api/v1/clips",
    "/api/v1/events",
    "/api/v1/system-events",
    "/metrics",
    "/openapi.json",
    "/api/v1/cameras/wrong_password/snapshot.jpg",
    "/api/v1/cameras/nobody_home/snapshot.jpg",
)


@pytest.fixture
def fake() -> Iterator[FakeCameraProcess]:
    watched = CameraSpec("good", CameraSpec.small().scene, user="viewer", password=PASSWORD)
    with FakeCameraProcess([watched, watched.named("strict")]) as cameras:
        yield cameras


@pytest.fixture
def not_a_camera() -> Iterator[int]:
    """A port that accepts connections and hangs up on them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server.getsockname()[1]


def cameras(fake: FakeCameraProcess, port: int) -> dict[str, Json]:
    """Return cameras that fail in every way a camera can, each with a canary in its address or secret."""
    strict = fake.url("strict", credentials=False)
    return {
        "good": {"main": fake.url("good"), "recording": {"mode": "continuous", "segment": 10}},
        "by_secret": {
            "main": {
                "url": fake.url("good", credentials=False),
                "username": "viewer",
                "password_env": "CAM_PW",
            }
        },
        "wrong_password": {"main": strict.replace("//", f"//viewer:{CANARY}wrong@")},
        "nobody_home": {"main": f"rtsp://u{CANARY}:{CANARY}x@127.0.0.1:{free_port()}/a?{QUERY_CANARY}"},
        "hangs_up": {"main": f"rtsp://user:{CANARY}y@127.0.0.1:{port}/live?{QUERY_CANARY}"},
        "over_http": {"main": f"http://user:{CANARY}z@127.0.0.1:{port}/video?{QUERY_CANARY}"},
        "over_tls": {"main": f"rtsps://user:{CANARY}t@127.0.0.1:{port}/live?{QUERY_CANARY}"},
    }


def hits(text: bytes) -> bool:
    """Return whether a canary is in there, in whatever spelling its beginning has."""
    return CANARY.encode() in text


def test_no_credential_is_ever_shown(
    tmp_path: Path, fake: FakeCameraProcess, not_a_camera: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given cameras that work, refuse, hang up and do not exist, all with canaries, and a chatty log
    monkeypatch.setenv("CAM_PW", PASSWORD)
    house = House(
        tmp_path / "house", cameras(fake, not_a_camera), logging={"level": "debug", "format": "json"}
    )
    with house:
        house.wait_online("good", "by_secret")

        # When they have been tried for a while, and a capture process died over it
        house.kill("capture:wrong_password")
        time.sleep(12)

        # Then no process shows one in its arguments
        for pid in descendants(house.pid):
            assert not hits(Path(f"/proc/{pid}/cmdline").read_bytes())
        # … nor the API in any answer
        with house.client() as client:
            for path in SHOWN:
                answer = client.get(path)
                assert not hits(answer.content), path
            token = client.headers["authorization"].removeprefix("Bearer ")
        # … nor the sockets' folder
        for path in house.run.iterdir():
            assert path.is_socket() or not hits(path.read_bytes()), path
        wait_for(lambda: house.clips(kind="segment"), "a sealed segment", 40, log=house.log)
    # … nor anything that is kept: log, database, journals, recordings
    kept = [path for path in house.folder.rglob("*") if path.is_file() and path != house.config]
    assert house.log in kept
    assert house.data / "vigilar.db" in kept
    for path in kept:
        content = path.read_bytes()
        assert not hits(content), path
        assert path.name == "token" or token.encode() not in content, f"the API token is in {path}"
        if path.is_relative_to(house.keys):
            assert path.stat().st_mode & 0o077 == 0, f"others can read {path}"


def test_keys_are_nowhere_but_in_their_folder(tmp_path: Path, fake: FakeCameraProcess) -> None:
    # Given a house that has recorded
    # (its time code never rests: judged for motion it would be recorded without end)
    camera = {"main": fake.url("good"), "motion": {"enabled": False}}
    with House(tmp_path / "house", {"good": camera}) as house:
        house.wait_online()
        with house.client() as client:
            assert client.post("/api/v1/cameras/good/record", json={"seconds": 2}).status_code == 202
        wait_for(house.clips, "the clip", 60, log=house.log)

    # Then neither the keys' bytes nor their hexadecimal stand anywhere else
    secrets = [(house.keys / name).read_bytes() for name in ("storage.key", "journal.key")]
    for path in house.folder.rglob("*"):
        if path.is_file() and not path.is_relative_to(house.keys):
            content = path.read_bytes()
            assert not any(secret in content or secret.hex().encode() in content for secret in secrets), path
    assert house.keys.stat().st_mode & 0o077 == 0
