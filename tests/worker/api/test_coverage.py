from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from vigilar.domain.coverage import CoverageQuery, GapReason
from worker.api.fakes import FakeHouse, camera


def test_a_gap_is_told_whole(client: TestClient) -> None:
    newest = client.get("/api/v1/coverage", params={"limit": 2}).json()["items"][0]

    assert newest == {
        "id": "g4",
        "camera": "yard",
        "start": "2026-11-21T07:34:00Z",
        "end": "2026-11-21T07:34:07.500000Z",
        "seconds": 7.5,
        "reason": "stalled",
        "detail": "nothing comes",
    }


def test_pages_follow_each_other(client: TestClient) -> None:
    first = client.get("/api/v1/coverage", params={"limit": 3}).json()
    second = client.get("/api/v1/coverage", params={"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [gap["id"] for gap in first["items"] + second["items"]] == ["g4", "g3", "g2", "g1", "g0"]
    assert second["next_cursor"] is None


def test_filters_reach_the_service(client: TestClient, house: FakeHouse) -> None:
    answer = client.get(
        "/api/v1/coverage?camera=yard&camera=door&reason=stalled&reason=disk_late"
        "&from=2026-11-21T00:00:00%2B01:00&to=2026-11-22T00:00:00%2B01:00&limit=7"
    )

    assert answer.status_code == 200
    assert house.coverage.queries == [
        CoverageQuery(
            cameras=("yard", "door"),
            reasons=(GapReason.STALLED, GapReason.DISK_LATE),
            after=datetime(2026, 11, 20, 23, tzinfo=UTC),
            before=datetime(2026, 11, 21, 23, tzinfo=UTC),
            limit=7,
        )
    ]


@pytest.mark.parametrize(
    "query",
    [
        "reason=laziness",
        "from=yesterday",
        "from=1234",
        "after=2026-11-21T00:00:00Z",
        "limit=0",
        "camera=A",
        "cursor=x",
    ],
)
def test_absurd_filters_are_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/v1/coverage?{query}")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"


def test_today_is_told_by_reason(client: TestClient) -> None:
    today = client.get("/api/v1/coverage/today").json()

    assert (today["day"], today["time_zone"]) == ("2026-11-21", "Europe/Vienna")
    assert today["cameras"] == [
        {
            "camera": "yard",
            "missing_s": 37.5,
            "by_reason": {"stalled": 7.5, "camera_offline": 30.0},
            "now": {"since": "2026-11-21T07:30:00Z", "reason": "camera_offline"},
        }
    ]


def test_prometheus_is_told_what_is_missing(client: TestClient, house: FakeHouse) -> None:
    house.cameras.views["yard"] = camera(missing_today_s=37.5)

    assert 'vigilar_camera_missing_today_seconds{camera="yard"} 37.5' in client.get("/metrics").text


def test_strangers_are_told_nothing(stranger: TestClient) -> None:
    assert stranger.get("/api/v1/coverage").status_code == 401
    assert stranger.get("/api/v1/coverage/today").status_code == 401
