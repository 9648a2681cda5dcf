import json
from pathlib import Path

import pytest
from sqlalchemy import text

from vigilar.api.services import HealthItem, HealthReport, HealthStatus
from vigilar.domain.event import Severity
from vigilar.events.diagnostics import Diagnostics
from vigilar.events.health import Health, store_items
from vigilar.events.restarts import LATELY_S, STATE_FILE, Restarts
from vigilar.store.clips import Clips
from vigilar.store.database import StoreTrouble
from vigilar.store.migrate import revisions
from worker.cameras.house import a_status, desk
from worker.store.fakes import HandClock, Told, a_clip, database, run


async def no_diagnostics(_: HealthReport) -> dict[str, object]:
    return {}


def item(severity: Severity) -> HealthItem:
    return HealthItem("some", severity, "something")


@pytest.mark.parametrize(
    ("severities", "status"),
    [
        ([], HealthStatus.HEALTHY),
        ([Severity.INFO], HealthStatus.HEALTHY),
        ([Severity.INFO, Severity.WARNING], HealthStatus.DEGRADED),
        ([Severity.ALERT], HealthStatus.DEGRADED),
        ([Severity.WARNING, Severity.CRITICAL], HealthStatus.UNHEALTHY),
    ],
)
def test_the_worst_item_makes_the_whole(severities: list[Severity], status: HealthStatus) -> None:
    health = Health(HandClock(), Told(), [lambda: map(item, severities)], dict, no_diagnostics)
    assert health.report().status is status


def test_only_changes_of_health_are_told() -> None:
    clock, told, items = HandClock(), Told(), [item(Severity.WARNING)]
    health = Health(clock, told, [lambda: items], lambda: {"core": 0}, no_diagnostics)
    for _ in range(3):
        clock.forward(5)
        health.tick()
    items.clear()
    health.tick()

    assert [report.status for report in told.of("health")] == [HealthStatus.DEGRADED, HealthStatus.HEALTHY]
    assert told.of("health")[-1].uptime_s == 15


def test_a_failing_database_is_first_a_warning_and_then_unusable() -> None:
    second = 1_000_000_000
    trouble = StoreTrouble(0, "disk I/O error", damaged=False)
    assert store_items(None, 0) == []
    assert [i.severity for i in store_items(trouble, 29 * second)] == [Severity.ALERT]
    assert [i.severity for i in store_items(trouble, 30 * second)] == [Severity.CRITICAL]
    broken = StoreTrouble(0, "malformed", damaged=True)
    assert [i.severity for i in store_items(broken, 0)] == [Severity.CRITICAL]


def write_state(folder: Path, pid: int = 7, **restarts: int) -> None:
    processes = {
        name.replace("_", ":", 1): {"pid": 1, "restarts": count, "last_exit": None}
        for name, count in restarts.items()
    }
    (folder / STATE_FILE).write_text(json.dumps({"pid": pid, "processes": processes}))


def test_a_restart_is_said_for_ten_minutes(tmp_path: Path) -> None:
    clock = HandClock()
    restarts = Restarts(tmp_path, clock)
    write_state(tmp_path, core=0, capture_door=0)
    assert restarts.take_in(restarts.read()) == {}

    write_state(tmp_path, core=0, capture_door=2)
    assert restarts.take_in(restarts.read()) == {"capture:door": 2}
    assert restarts.take_in(restarts.read()) == {}
    assert [(i.key, i.camera) for i in restarts.items()] == [("process_restarted", "door")]

    clock.forward(LATELY_S)
    assert list(restarts.items()) == []
    assert restarts.counts == {"core": 0, "capture:door": 2}


@pytest.mark.parametrize("content", [None, "", "{", '{"pid": "x"}', "[]"])
def test_an_unreadable_account_of_restarts_changes_nothing(tmp_path: Path, content: str | None) -> None:
    restarts = Restarts(tmp_path, HandClock())
    write_state(tmp_path, core=1)
    restarts.take_in(restarts.read())
    if content is None:
        (tmp_path / STATE_FILE).unlink()
    else:
        (tmp_path / STATE_FILE).write_text(content)

    assert restarts.take_in(restarts.read()) == {}
    assert restarts.counts == {"core": 1}


def test_another_supervisors_counts_begin_anew(tmp_path: Path) -> None:
    restarts = Restarts(tmp_path, HandClock())
    write_state(tmp_path, pid=7, core=3)
    restarts.take_in(restarts.read())
    before = restarts.supervisor
    write_state(tmp_path, pid=8, core=0)

    assert restarts.take_in(restarts.read()) == {}
    assert restarts.counts == {"core": 0}
    assert restarts.supervisor != before


def test_diagnostics_are_counts_and_states_and_hold_even_without_a_database(tmp_path: Path) -> None:
    d = desk()
    d.registry.capture_status(a_status(problem="slow"))
    report = HealthReport(HealthStatus.HEALTHY, (), 1.5, {"core": 1})

    async def scenario() -> tuple[object, object]:
        async with database(tmp_path) as db:
            diagnostics = Diagnostics(db, d.registry.all, lambda: {"live_views": 0})
            await db.run(lambda c: Clips(c).add(a_clip()))
            good = await diagnostics.gather(report)
            await db.run(lambda c: c.execute(text("DROP TABLE clips")))
            bad = await diagnostics.gather(report)
            return good, bad

    good, bad = run(scenario())
    shown = json.loads(json.dumps(good))
    assert shown["database"] == {
        "revision": revisions()[-1], "clips": 1, "events": 0, "system_events": 0, "outbox_waiting": 0,
    }  # fmt: skip
    assert shown["cameras"][0]["problem"] == "slow"
    assert shown["health"]["processes"] == {"core": 1}
    assert "clips" in json.loads(json.dumps(bad))["database"]["error"]
