"""Handshake, health, diagnostics, system events, metrics."""

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from vigilar.api.services import HealthStatus
from worker.api.fakes import FakeHouse


def test_anybody_may_know_the_state_and_nothing_else(stranger: TestClient, house: FakeHouse) -> None:
    house.health.status = HealthStatus.DEGRADED

    answer = stranger.get("/health")

    assert answer.json() == {"status": "degraded"}


def test_an_unhealthy_worker_still_answers(stranger: TestClient, house: FakeHouse) -> None:
    house.health.status = HealthStatus.UNHEALTHY

    answer = stranger.get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "unhealthy"})


def test_the_handshake_says_who_answers_and_which_clients_fit(stranger: TestClient) -> None:
    assert stranger.get("/api/v1/info").json() == {
        "name": "Vigilar",
        "version": "9.8.7",
        "server_id": "house-1",
        "schema_version": 1,
        "min_supported_schema_version": 1,
        "auth": ["bearer"],
    }


def test_health_says_what_it_rests_on(client: TestClient) -> None:
    assert client.get("/api/v1/health").json() == {
        "status": "healthy",
        "items": [
            {"key": "recovery_key", "severity": "warning", "message": "save the recovery key", "camera": ""}
        ],
        "uptime_s": 12.5,
        "processes": {"look": 1, "capture:yard": 0},
    }


def test_storage_says_how_long_the_room_lasts(client: TestClient) -> None:
    answer = client.get("/api/v1/storage").json()

    assert (answer["used_bytes"], answer["days_left"], answer["max_bytes"]) == (4000, 2.5, None)
    assert answer["cameras"][0] == {
        "camera": "yard",
        "used_bytes": 4000,
        "clips": 3,
        "segments": 1,
        "starred": 1,
        "oldest": "2026-11-21T07:30:00Z",
        "max_bytes": 9000,
        "bytes_per_day": 1000.0,
        "days_left": 5.0,
    }


def test_a_disk_that_does_not_answer_is_unavailable_and_no_metric(
    client: TestClient, house: FakeHouse
) -> None:
    house.storage.view = None

    assert client.get("/api/v1/storage").status_code == 503
    assert "vigilar_storage" not in client.get("/metrics").text


def test_the_storage_is_for_nobody_else(stranger: TestClient) -> None:
    assert stranger.get("/api/v1/storage").status_code == 401


def test_diagnostics_are_what_the_service_allows(client: TestClient) -> None:
    assert client.get("/api/v1/diagnostics").json() == {"version": "0.1.0", "python": "3.13"}


def test_system_events_are_limited(client: TestClient) -> None:
    assert len(client.get("/api/v1/system-events", params={"limit": 2}).json()["items"]) == 2
    assert client.get("/api/v1/system-events", params={"limit": 501}).status_code == 422
    assert client.get("/api/v1/system-events").json()["items"][0] == {
        "id": "0",
        "component": "core",
        "severity": "info",
        "at": "2026-11-21T07:30:00Z",
        "message": "started",
    }


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_is_told_how_cameras_and_processes_do(client: TestClient) -> None:
    answer = client.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)
    assert found["vigilar_camera_online", ("yard",)] == 1
    assert found["vigilar_camera_fps", ("door",)] == 15
    assert found["vigilar_camera_reconnects_total", ("yard",)] == 2
    assert found["vigilar_process_restarts_total", ("look",)] == 1
    assert found["vigilar_health", ("healthy",)] == 1
    assert found["vigilar_health", ("unhealthy",)] == 0
    assert found["vigilar_info", ("9.8.7",)] == 1


def test_prometheus_is_told_how_full_the_disk_is(client: TestClient) -> None:
    found = samples(client.get("/metrics").text)

    assert found["vigilar_storage_free_bytes", ()] == 3000
    assert found["vigilar_storage_used_bytes", ("door",)] == 0
    assert found["vigilar_storage_days_left", ("yard",)] == 5
    assert ("vigilar_storage_bytes_per_day", ("door",)) not in found


def test_requests_are_counted_by_route_and_never_by_path(client: TestClient) -> None:
    client.get("/api/v1/cameras/yard")
    client.get("/api/v1/cameras/nobody")
    client.get("/api/v1/live/canary-ticket-canary.ts")
    client.get("/canary-path")
    client.request("CANARY", "/api/v1/cameras/yard")

    text = client.get("/metrics").text

    found = samples(text)
    assert found["vigilar_http_requests_total", ("GET", "/api/v1/cameras/{camera_id}", "200")] == 1
    assert found["vigilar_http_requests_total", ("GET", "/api/v1/cameras/{camera_id}", "404")] == 1
    assert found["vigilar_http_requests_total", ("GET", "other", "404")] == 1
    assert "canary" not in text.lower()


def test_wrong_tokens_are_counted(client: TestClient) -> None:
    client.get("/api/v1/cameras", headers={"Authorization": "Bearer wrong"})

    assert samples(client.get("/metrics").text)["vigilar_auth_failures_total", ()] == 1
