import asyncio

from hypothesis import given
from hypothesis import strategies as st

from vigilar.events.deltas import Deltas
from vigilar.events.feed import StateFeed
from vigilar.events.health import Health
from worker.cameras.house import a_status, desk
from worker.store.fakes import HandClock, Told, an_event, run


def test_changes_are_numbered_and_come_in_order() -> None:
    async def scenario() -> None:
        deltas = Deltas()
        deltas.publish("event", "before", {})
        queue = deltas.subscribe()
        deltas.publish("event", "e1", an_event())
        deltas.publish("camera", "door", {"id": "door"})

        first, second = await queue.next(), await queue.next()
        assert [(d.seq, d.topic, d.key) for d in (first, second)] == [
            (2, "event", "e1"),
            (3, "camera", "door"),
        ]
        assert first.data["start"] == "2026-03-01T12:00:00Z"
        assert first.data["type"] == "motion"
        assert not queue.lagged

    run(scenario())


def test_waiting_ends_with_the_next_change() -> None:
    async def scenario() -> int:
        deltas = Deltas()
        queue = deltas.subscribe()
        waiting = asyncio.ensure_future(queue.next())
        await asyncio.sleep(0)
        deltas.publish("event", "e1", {})
        return (await asyncio.wait_for(waiting, 2)).seq

    assert run(scenario()) == 1


@given(limit=st.integers(1, 8), published=st.integers(0, 30))
def test_a_slow_client_loses_the_oldest_is_told_and_holds_nobody_up(limit: int, published: int) -> None:
    async def scenario() -> None:
        deltas = Deltas()
        slow, quick = deltas.subscribe(limit), deltas.subscribe(1000)
        for n in range(published):
            deltas.publish("event", str(n), {})

        assert slow.lagged == (published > limit)
        assert not quick.lagged
        assert [(await quick.next()).seq for _ in range(published)] == list(range(1, published + 1))
        kept = [(await slow.next()).seq for _ in range(min(limit, published))]
        assert kept == list(range(published - len(kept) + 1, published + 1))

    asyncio.run(scenario())


def test_a_closed_subscription_gets_nothing_more() -> None:
    deltas = Deltas()
    queue = deltas.subscribe(1)
    queue.close()
    queue.close()
    for _ in range(3):
        deltas.publish("event", "e", {})
    assert not queue.lagged


def test_a_snapshot_is_the_whole_state_with_the_number_it_belongs_to() -> None:
    d = desk()
    deltas = Deltas()
    health = Health(HandClock(), Told(), (), dict, _no_diagnostics)
    d.registry.capture_status(a_status())
    deltas.publish("camera", "door", {})

    seq, state = StateFeed(deltas, d.registry, health).snapshot()  # type: ignore[arg-type]

    assert seq == 1
    assert [(c["id"], c["state"]) for c in state["cameras"]] == [("door", "online"), ("yard", "connecting")]
    assert state["health"]["status"] == "healthy"


async def _no_diagnostics(_report: object) -> dict[str, object]:
    return {}
