"""Cameras over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from vigilar.domain.camera import RecordingMode
from vigilar.domain.settings import MotionSettings, Zone
from worker.api.fakes import JPEG, FakeHouse, camera

YARD = "/api/v1/cameras/yard"
GATE = {"name": "gate", "points": [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]}


def test_cameras_come_in_the_order_of_the_configuration(client: TestClient) -> None:
    assert [each["id"] for each in client.get("/api/v1/cameras").json()["items"]] == ["yard", "door"]


def test_a_camera_is_told_whole(client: TestClient) -> None:
    assert client.get(YARD).json() == {
        "id": "yard",
        "name": "Yard",
        "state": "online",
        "mode": "motion",
        "motion": False,
        "recording": False,
        "main": {
            "video_codec": "h264",
            "width": 1920,
            "height": 1080,
            "fps": 15.0,
            "key_interval_s": 1.0,
            "audio_codec": "aac",
            "bit_rate": 2_000_000,
        },
        "sub": None,
        "motion_settings": {
            "enabled": True,
            "sensitivity": 50,
            "min_area": 0.0015,
            "include": [],
            "exclude": [],
            "idle_looks_per_s": 2.0,
            "active_looks_per_s": 30.0,
            "thrift": False,
        },
        "last_motion": "2026-11-21T07:30:00Z",
        "last_clip": None,
        "restarts": 0,
        "reconnects": 2,
        "problem": "",
        "missing_today_s": 0.0,
    }


def test_a_camera_that_is_not_there_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/v1/cameras/cellar")

    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "there is no camera 'cellar'")


def test_a_snapshot_has_the_asked_width(client: TestClient, house: FakeHouse) -> None:
    answer = client.get(f"{YARD}/snapshot.jpg", params={"width": 640})

    assert (answer.status_code, answer.content) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert house.cameras.asked == [("snapshot", "yard", 640)]


@pytest.mark.parametrize("width", ["0", "15", "7681", "-1", "1e9", "wide", "99999999999999999999"])
def test_absurd_widths_are_refused(client: TestClient, house: FakeHouse, width: str) -> None:
    assert client.get(f"{YARD}/snapshot.jpg", params={"width": width}).status_code == 422
    assert house.cameras.asked == []


@pytest.mark.parametrize(
    ("body", "seconds"), [(None, 30.0), ({}, 30.0), ({"seconds": 5}, 5.0), ({"seconds": 600}, 600)]
)
def test_recording_begins_and_its_clip_is_named(
    client: TestClient, house: FakeHouse, body: dict[str, Any] | None, seconds: float
) -> None:
    answer = client.post(f"{YARD}/record", json=body) if body is not None else client.post(f"{YARD}/record")

    assert (answer.status_code, answer.json()) == (202, {"clip_id": "yard_20261121T073000Z"})
    assert house.cameras.asked == [("record", "yard", seconds)]


@pytest.mark.parametrize(
    "body", [{"seconds": 0}, {"seconds": 601}, {"seconds": "5"}, {"seconds": True}, {"secs": 5}]
)
def test_absurd_recordings_are_refused(client: TestClient, house: FakeHouse, body: dict[str, Any]) -> None:
    assert client.post(f"{YARD}/record", json=body).status_code == 422
    assert house.cameras.asked == []


def test_the_mode_can_be_changed(client: TestClient, house: FakeHouse) -> None:
    answer = client.patch(YARD, json={"mode": "continuous"})

    assert (answer.status_code, answer.json()["mode"]) == (200, "continuous")
    assert house.cameras.views["yard"].mode is RecordingMode.CONTINUOUS


def test_motion_settings_that_are_left_out_stay(client: TestClient, house: FakeHouse) -> None:
    before = MotionSettings(sensitivity=80, exclude=(Zone("tree", ((0, 0), (1, 0), (1, 1))),), thrift=True)
    house.cameras.views["yard"] = camera(motion_settings=before)

    answer = client.patch(YARD, json={"motion": {"min_area": 0.01, "include": [GATE]}})

    assert answer.status_code == 200
    assert house.cameras.views["yard"].motion_settings == MotionSettings(
        sensitivity=80,
        min_area=0.01,
        include=(Zone("gate", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))),),
        exclude=before.exclude,
        thrift=True,
    )
    assert answer.json()["motion_settings"]["include"] == [GATE]


def test_an_empty_list_of_zones_takes_them_away(client: TestClient, house: FakeHouse) -> None:
    zones = (Zone("tree", ((0, 0), (1, 0), (1, 1))),)
    house.cameras.views["yard"] = camera(motion_settings=MotionSettings(exclude=zones))

    client.patch(YARD, json={"motion": {"exclude": []}})

    assert house.cameras.views["yard"].motion_settings.exclude == ()


def test_an_empty_change_changes_nothing(client: TestClient, house: FakeHouse) -> None:
    before = house.cameras.views["yard"]

    assert client.patch(YARD, json={"mode": None, "motion": {}}).status_code == 200
    assert house.cameras.views["yard"] == before


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "sometimes"},
        {"name": "Garden"},
        {"motion": {"sensitivity": 101}},
        {"motion": {"sensitivity": 50.5}},
        {"motion": {"min_area": 0}},
        {"motion": {"enabled": 1}},
        {"motion": {"include": [GATE, GATE]}},
        {"motion": {"include": [{"name": "gate", "points": [[0, 0], [1, 1]]}]}},
        {"motion": {"include": [{"name": "gate", "points": [[0, 0], [0.5, 0.5], [1, 1]]}]}},
        {"motion": {"include": [{"name": "gate", "points": [[0, 0], [1.5, 0], [1, 1]]}]}},
        {"motion": {"include": [{"name": "../gate", "points": GATE["points"]}]}},
        {"motion": {"include": [{"name": f"z{n}", "points": GATE["points"]} for n in range(33)]}},
        [],
    ],
)
def test_absurd_changes_are_refused_whole(client: TestClient, house: FakeHouse, change: Any) -> None:
    before = house.cameras.views["yard"]
    sent = {"mode": "off", **change} if isinstance(change, dict) else change

    assert client.patch(YARD, json=sent).status_code == 422
    assert house.cameras.views["yard"] == before


def test_a_camera_that_is_away_says_so(client: TestClient, house: FakeHouse) -> None:
    house.cameras.away.add("yard")

    for answer in (client.post(f"{YARD}/record"), client.patch(YARD, json={"mode": "off"})):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
