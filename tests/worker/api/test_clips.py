"""Lists of recordings and events; stars, deletion, acknowledgement."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from vigilar.api.services import ClipQuery, EventQuery
from vigilar.domain.clip import ClipKind, Trigger
from vigilar.domain.event import EventType, Severity
from worker.api.fakes import FakeHouse, event

CLIP = "/api/v1/clips/yard_20261121T073000Z"


def test_a_clip_is_told_whole(client: TestClient) -> None:
    assert client.get(CLIP).json() == {
        "id": "yard_20261121T073000Z",
        "camera": "yard",
        "kind": "clip",
        "trigger": "motion",
        "start": "2026-11-21T07:30:00Z",
        "end": "2026-11-21T07:30:20Z",
        "duration_s": 20.0,
        "size_bytes": 12345,
        "path": "clips/yard/2026-11-21/yard_20261121T073000Z.vge",
        "video_codec": "h264",
        "width": 1920,
        "height": 1080,
        "audio_codec": "flac",
        "first_moving": "2026-11-21T07:30:05Z",
        "recovered": False,
        "starred": False,
        "media": "/api/v1/clips/yard_20261121T073000Z/media.mp4",
    }


@pytest.mark.parametrize("what", ["clips", "events"])
def test_pages_together_are_the_whole_list_newest_first(
    client: TestClient, house: FakeHouse, what: str
) -> None:
    found: list[str] = []
    parameters: dict[str, Any] = {"limit": 2}
    for _ in range(9):
        page = client.get(f"/api/v1/{what}", params=parameters).json()
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]

    kept = house.clips.kept if what == "clips" else house.events.kept
    assert found == [*reversed(kept)]


def test_filters_of_clips_reach_the_service(client: TestClient, house: FakeHouse) -> None:
    answer = client.get(
        "/api/v1/clips",
        params={
            "camera": ["yard", "door"],
            "kind": "segment",
            "trigger": "continuous",
            "starred": "true",
            "after": "2026-11-21T08:00:00+01:00",
            "before": "2026-11-21T09:00:00Z",
            "limit": 7,
        },
    )

    assert answer.status_code == 200
    assert house.clips.queries == [
        ClipQuery(
            cameras=("yard", "door"),
            kind=ClipKind.SEGMENT,
            trigger=Trigger.CONTINUOUS,
            starred=True,
            after=datetime(2026, 11, 21, 7, tzinfo=UTC),
            before=datetime(2026, 11, 21, 9, tzinfo=UTC),
            limit=7,
        )
    ]


def test_filters_of_events_reach_the_service(client: TestClient, house: FakeHouse) -> None:
    answer = client.get(
        "/api/v1/events",
        params={
            "camera": "yard",
            "type": ["motion", "camera_offline"],
            "min_severity": "warning",
            "acknowledged": "false",
        },
    )

    assert answer.status_code == 200
    assert house.events.queries == [
        EventQuery(
            cameras=("yard",),
            types=(EventType.MOTION, EventType.CAMERA_OFFLINE),
            min_severity=Severity.WARNING,
            acknowledged=False,
        )
    ]


def test_without_filters_all_are_asked_for(client: TestClient, house: FakeHouse) -> None:
    client.get("/api/v1/clips")
    client.get("/api/v1/events")

    assert house.clips.queries == [ClipQuery()]
    assert house.events.queries == [EventQuery()]


@pytest.mark.parametrize("what", ["clips", "events"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "camera=../x",
        "camera=",
        "after=yesterday",
        "after=0",
        "after=1795000000.5",
        "after=2026-11-21T08:00:00",
        "after=0001-01-01T00:00:00%2B14:00",
        "before=9999-12-31T23:59:59-14:00",
        "cursor=not-ours",
        "cursor=",
        "cursor=" + "1" * 513,
        "type=nothing&trigger=nothing",
        "colour=red",
        "camera=yard&" * 65 + "camera=yard",
    ],
)
def test_absurd_filters_are_refused(client: TestClient, what: str, query: str) -> None:
    answer = client.get(f"/api/v1/{what}?{query}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_a_star_can_be_set_and_taken_away_any_number_of_times(client: TestClient) -> None:
    answers = [client.put(f"{CLIP}/star"), client.put(f"{CLIP}/star")]
    gone = [client.delete(f"{CLIP}/star"), client.delete(f"{CLIP}/star")]

    assert [(answer.status_code, answer.json()["starred"]) for answer in answers] == [(200, True)] * 2
    assert [(answer.status_code, answer.json()["starred"]) for answer in gone] == [(200, False)] * 2


def test_a_clip_is_deleted_in_the_name_of_whose_token_it_was(client: TestClient, house: FakeHouse) -> None:
    answer = client.delete(CLIP)

    assert (answer.status_code, answer.content) == (204, b"")
    assert house.clips.deleted == [("yard_20261121T073000Z", "api:panel")]
    assert client.get(CLIP).status_code == 404
    assert client.delete(CLIP).status_code == 404


@pytest.mark.parametrize(
    "identity", ["yard", "yard_20261121", "yard_20261121T073000Z_0", "YARD_20261121T073000Z"]
)
def test_what_is_no_clip_id_is_refused(client: TestClient, identity: str) -> None:
    assert client.get(f"/api/v1/clips/{identity}").status_code == 422


def test_an_event_is_told_whole(client: TestClient, house: FakeHouse) -> None:
    known = event(1, clip_id="yard_20261121T073000Z", score=0.5, detail="at the gate")
    house.events.kept[known.id] = known

    assert client.get(f"/api/v1/events/{known.id}").json() == {
        "id": "00000000-0000-4000-8000-000000000001",
        "type": "motion",
        "severity": "info",
        "camera": "yard",
        "start": "2026-11-21T07:31:00Z",
        "end": None,
        "clip_id": "yard_20261121T073000Z",
        "zones": ["gate"],
        "score": 0.5,
        "detail": "at the gate",
        "acknowledged": None,
    }


def test_acknowledging_twice_is_once(client: TestClient, house: FakeHouse) -> None:
    path = f"/api/v1/events/{event(2).id}/acknowledge"

    answers = [client.post(path), client.post(path)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["acknowledged"] == "2026-11-21T07:30:00Z"


def test_an_event_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/api/v1/events/00000000-0000-4000-8000-999999999999").status_code == 404
    assert client.post("/api/v1/events/nobody/acknowledge").status_code == 404
