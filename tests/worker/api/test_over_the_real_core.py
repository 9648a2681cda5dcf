"""The API over the services it is really given, in a core process without cameras."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.sync.client import connect

from worker.api.core import core, settings_in
from worker.api.fuzzing import CHECKS, MANY, made_up, operations

pytestmark = pytest.mark.slow
KNOWN = {"camera_id": "yard"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder = tmp_path_factory.mktemp("core")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with core(settings_in(folder, port), folder / "core.log") as client:
        yield client
    log = Path(folder / "core.log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert client.headers["Authorization"].removeprefix("Bearer ") not in log


@pytest.mark.parametrize(("path", "method"), operations())
@MANY
@given(st.data())
def test_whatever_is_sent_nothing_breaks(
    client: httpx2.Client, path: str, method: str, data: st.DataObject
) -> None:
    case = made_up(data, path, method, KNOWN)

    answer = case.call_and_validate(
        checks=CHECKS,
        base_url=str(client.base_url).rstrip("/"),
        headers={"Authorization": client.headers["Authorization"]},
    )

    assert answer.status_code < 500 or (answer.status_code, camera_asked(path)) == (503, True)


def camera_asked(path: str) -> bool:
    """Return whether the answer depends on a camera's process: there is none here."""
    return "{camera_id}" in path


def test_what_is_asked_of_absent_cameras_is_unavailable_and_says_so(client: httpx2.Client) -> None:
    answers: list[httpx2.Response] = [
        client.get("/api/v1/cameras/yard/snapshot.jpg"),
        client.post("/api/v1/cameras/yard/record"),
        client.patch("/api/v1/cameras/yard", json={"mode": "off"}),
    ]

    assert {answer.status_code for answer in answers} == {503}
    assert all("yard" in answer.json()["error"]["message"] for answer in answers)


def test_the_state_of_every_process_that_is_away_is_in_the_health(client: httpx2.Client) -> None:
    report: dict[str, Any] = client.get("/api/v1/health").json()

    assert report["status"] in {"degraded", "unhealthy"}
    assert {item["camera"] for item in report["items"]} >= {"yard", "door"}


def test_the_storage_is_known_soon_after_the_start(client: httpx2.Client) -> None:
    shown = client.get("/api/v1/storage").json()

    assert [camera["camera"] for camera in shown["cameras"]] == ["yard", "door"]
    assert shown["disk_bytes"] > shown["free_bytes"] > 0
    assert client.get("/api/v1/diagnostics").json()["storage"]["disk_bytes"] == shown["disk_bytes"]
    assert "vigilar_storage_free_bytes" in client.get("/metrics").text


def test_the_handshake_names_one_and_the_same_installation(client: httpx2.Client) -> None:
    names = {client.get("/api/v1/info").json()["server_id"] for _ in range(3)}

    assert len(names) == 1


def test_the_state_over_the_websocket_is_the_state_over_http(client: httpx2.Client) -> None:
    headers = {"Authorization": client.headers["Authorization"]}
    address = str(client.base_url).replace("http://", "ws://").rstrip("/")
    with connect(f"{address}/api/v1/ws", additional_headers=headers, proxy=None) as viewer:
        messages = [json.loads(viewer.recv(10)) for _ in range(2)]
        cameras = client.get("/api/v1/cameras").json()["items"]

    assert [message["type"] for message in messages] == ["server_info", "snapshot"]
    assert messages[0]["data"] == client.get("/api/v1/info").json()
    assert messages[1]["data"]["cameras"] == cameras
