"""The error edge: every answer is an envelope, whatever was sent and whatever broke."""

import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from vigilar.api.edge import MAX_BODY
from vigilar.api.errors import PayloadTooLargeError, answer_to, body_of
from vigilar.domain.errors import InvalidRequestError, NotFoundError, UnavailableError, VigilarError
from worker.api.fakes import FakeHouse

RECORD = "/api/v1/cameras/yard/record"


class _OddError(VigilarError):
    code = "odd"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("no camera 'x'"), 404, "not_found"),
        (InvalidRequestError("bad cursor"), 422, "invalid_request"),
        (UnavailableError("it is away"), 503, "unavailable"),
        (PayloadTooLargeError(10), 413, "payload_too_large"),
        (HTTPException(404), 404, "not_found"),
        (HTTPException(405), 405, "method_not_allowed"),
        (HTTPException(400, "bad"), 422, "invalid_request"),
        (HTTPException(500, "secret"), 500, "internal"),
        (HTTPException(502, "secret"), 500, "internal"),
        (_OddError("secret"), 500, "internal"),
        (ValueError("secret"), 500, "internal"),
    ],
)
def test_each_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    answer = answer_to(error)

    assert answer.status_code == status
    assert body_of(error).code == code
    assert b"secret" not in bytes(answer.body)


def test_who_is_told_to_come_back_is_told_when(client: TestClient, house: FakeHouse) -> None:
    house.cameras.away.add("yard")

    answer = client.get("/api/v1/cameras/yard/snapshot.jpg")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json() == {
        "error": {"code": "unavailable", "message": "camera 'yard' does not answer just now"}
    }


def test_what_breaks_inside_is_logged_and_told_without_details(
    client: TestClient, house: FakeHouse, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise RuntimeError("rtsp://admin:canary@192.0.2.1")

    monkeypatch.setattr(house.health, "report", broken)

    answer = client.get("/api/v1/health")

    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "code": "internal",
        "message": "something went wrong inside the worker; its log says what",
    }
    assert "GET /api/v1/health failed" in caplog.text


def test_the_log_names_the_route_and_never_the_ticket(
    stranger: TestClient, house: FakeHouse, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(ticket: str) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(house.live, "stream", broken)
    with caplog.at_level(logging.DEBUG, "vigilar"):
        answer = stranger.get("/api/v1/live/canary-ticket-canary.ts")

    assert answer.status_code == 500
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("vigilar")]
    assert ours == ["GET /api/v1/live/{ticket}.ts failed"]


@pytest.mark.parametrize(
    "path", ["/api/v1/cameras/yard/x", "/api/v2/cameras", "/api/v1/cameras/", "//api/v1/info"]
)
def test_what_does_not_exist_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_wrong_method_says_which_are_right(client: TestClient) -> None:
    answer = client.post("/api/v1/clips")

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET"


def test_validation_says_where_and_not_what_was_sent(client: TestClient) -> None:
    answer = client.post(RECORD, json={"seconds": "canary-7f3a"})

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert error["detail"][0]["at"] == ["body", "seconds"]
    assert "canary-7f3a" not in answer.text


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 50_000, b'{"seconds": 1e999}', b'{"seconds": NaN}', b"{}x"],
)
def test_a_body_that_is_no_json_object_is_invalid(client: TestClient, body: bytes) -> None:
    answer = client.post(RECORD, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"


def test_an_announced_body_that_is_too_large_is_refused(client: TestClient, house: FakeHouse) -> None:
    answer = client.post(RECORD, content=b" " * (MAX_BODY + 1), headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload_too_large"
    assert house.cameras.asked == []


def test_a_body_that_turns_out_too_large_is_refused(client: TestClient, house: FakeHouse) -> None:
    chunks = (b" " * 8192 for _ in range(100))

    answer = client.post(RECORD, content=chunks, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert house.cameras.asked == []


def test_answers_are_not_kept_by_caches_nor_guessed_at(client: TestClient) -> None:
    for path in ("/health", "/api/v1/cameras", "/api/v1/nothing", "/api/v1/cameras/yard/snapshot.jpg"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["date"].endswith("GMT")


@pytest.mark.parametrize(
    "identity",
    [
        "..",
        "../yard",
        "..%2fyard",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "yard%00",
        "yard%0a",
        "%",
        "a" * 3000,
        "é",
        "*",
    ],
)
@pytest.mark.parametrize("what", ["cameras", "clips", "events"])
def test_ids_that_are_none_open_nothing(
    client: TestClient, house: FakeHouse, what: str, identity: str
) -> None:
    suffix = {"cameras": "/snapshot.jpg", "clips": "/media.mp4", "events": ""}[what]

    answer = client.get(f"/api/v1/{what}/{identity}{suffix}")

    assert answer.status_code in {404, 422}
    assert answer.json()["error"]["code"] in {"not_found", "invalid_request"}
    assert house.clips.opened == 0
    assert house.cameras.asked == []


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_whatever_the_id_the_answer_is_an_envelope(client: TestClient, identity: str) -> None:
    answer = client.get("/api/v1/clips/" + "".join(f"%{byte:02x}" for byte in identity.encode()))

    assert answer.status_code in {404, 422}
    assert set(answer.json()) == {"error"}
