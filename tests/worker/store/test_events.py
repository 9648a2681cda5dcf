from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, Engine

from vigilar.domain.clock import Instant
from vigilar.domain.event import Event, EventType, Severity
from vigilar.domain.query import EventQuery
from vigilar.store.engine import make_engine
from vigilar.store.events import Events
from vigilar.store.outbox import Outbox
from worker.store.fakes import BEGIN, an_event, make_tables

SEEN = Instant(BEGIN, 5, "boot")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    make_tables(tmp_path / "vigilar.db")
    engine = make_engine(tmp_path / "vigilar.db")
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def told(connection: Connection) -> list[tuple[str, Event]]:
    return [
        (message.dedupe_key, msgspec.json.decode(message.payload, type=Event))
        for message in Outbox(connection).pending(100)
    ]


def test_what_begins_and_ends_is_in_the_log_with_camera_and_type(
    connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        kept = Events(connection, BEGIN).add(an_event(), SEEN)
        again = Events(connection, BEGIN).add(an_event(), SEEN)
        assert kept is not None
        Events(connection, BEGIN).end(kept.id, BEGIN + timedelta(seconds=4))

    assert again is None
    lines = [
        (record.message, vars(record)["camera"], vars(record)["event_type"]) for record in caplog.records
    ]
    assert lines == [
        (f"{kept.type} begins", kept.camera, kept.type),
        (f"{kept.type} ends", kept.camera, kept.type),
    ]


def test_an_event_and_its_message_are_one_transaction(engine: Engine) -> None:
    # given a transaction that breaks after the event was written
    connection = engine.connect()
    connection.begin()
    Events(connection, BEGIN).add(an_event(), SEEN)
    connection.close()

    # then neither is there; and with one that does not break, both are
    with engine.begin() as connection:
        assert Events(connection, BEGIN).get("e1") is None
        assert told(connection) == []
        Events(connection, BEGIN).add(an_event(), SEEN)
    with engine.begin() as connection:
        assert told(connection) == [("e1:1", an_event())]


def test_an_event_kept_twice_is_there_once_and_told_once(connection: Connection) -> None:
    events = Events(connection, BEGIN)

    assert events.add(an_event(), SEEN) == an_event()
    assert events.add(replace(an_event(), detail="again"), SEEN) is None

    assert events.get("e1") == an_event()
    assert len(told(connection)) == 1


def test_every_change_is_told_with_a_rising_revision(connection: Connection) -> None:
    events = Events(connection, BEGIN)
    end = BEGIN + timedelta(seconds=9)
    events.add(an_event(), SEEN)
    events.touched("e1", ("drive", "gate"), 0.9)
    events.end("e1", end)
    events.acknowledge("e1")

    keys = [key for key, _ in told(connection)]
    newest = told(connection)[-1][1]
    assert keys == ["e1:1", "e1:2", "e1:3", "e1:4"]
    assert (newest.zones, newest.score, newest.end, newest.acknowledged) == (
        ("drive", "gate"),
        0.9,
        end,
        BEGIN,
    )


def test_an_event_ends_once(connection: Connection) -> None:
    events = Events(connection, BEGIN)
    events.add(an_event(), SEEN)
    first = events.end("e1", BEGIN + timedelta(seconds=9))

    assert first is not None
    assert events.end("e1", BEGIN + timedelta(seconds=20)) is None
    assert events.touched("e1", ("gate",), 1.0) is None
    assert events.get("e1") == first


def test_an_end_that_was_only_supposed_can_be_taken_back(connection: Connection) -> None:
    events = Events(connection, BEGIN)
    events.add(an_event(), SEEN)
    assert events.reopen("e1", BEGIN) is None
    events.end("e1", BEGIN)

    again = events.reopen("e1", BEGIN + timedelta(seconds=3))

    assert again == an_event()
    assert events.open_ones((EventType.MOTION,)) == {"e1": BEGIN + timedelta(seconds=3)}


def test_it_is_acknowledged_once_and_the_first_time_stays(connection: Connection) -> None:
    Events(connection, BEGIN).add(an_event(), SEEN)

    first = Events(connection, BEGIN).acknowledge("e1")
    second = Events(connection, BEGIN + timedelta(days=1)).acknowledge("e1")

    assert first is not None
    assert second is not None
    assert (first[1], second[1]) == (True, False)
    assert second[0].acknowledged == BEGIN
    assert Events(connection, BEGIN).acknowledge("unknown") is None


@pytest.mark.parametrize("order", list(permutations(["event", "first", "second"])))
def test_an_event_finds_its_clip_whatever_comes_first(connection: Connection, order: tuple[str, ...]) -> None:
    events = Events(connection, BEGIN)
    for step in order:
        match step:
            case "event":
                events.add(an_event(), SEEN)
            case clip:
                events.link("e1", f"clip_{clip}")
    events.link("e1", "clip_first")

    found = events.get("e1")
    assert found is not None
    assert found.clip_id in {"clip_first", "clip_second"}
    before_event = [f"clip_{step}" for step in order[: order.index("event")]]
    if before_event:
        assert found.clip_id == min(before_event)


def test_when_its_clip_is_gone_an_event_shows_another_or_none(connection: Connection) -> None:
    events = Events(connection, BEGIN)
    events.add(an_event(), SEEN)
    events.link("e1", "clip_a")
    events.link("e1", "clip_b")

    assert [event.clip_id for event in events.unlink("clip_a")] == ["clip_b"]
    assert [event.clip_id for event in events.unlink("clip_b")] == [None]
    assert events.unlink("clip_b") == []


def test_filters_and_order(connection: Connection) -> None:
    events = Events(connection, BEGIN)
    hour = timedelta(hours=1)
    events.add(an_event("a"), SEEN)
    events.add(
        an_event("b", "yard", BEGIN + hour, kind=EventType.CAMERA_OFFLINE, severity=Severity.WARNING), SEEN
    )
    events.add(an_event("c", "yard", BEGIN + 2 * hour, severity=Severity.ALERT), SEEN)
    events.acknowledge("c")

    def ids(query: EventQuery) -> str:
        return "".join(event.id for event in events.page(query).items)

    assert ids(EventQuery()) == "cba"
    assert ids(EventQuery(cameras=("yard",))) == "cb"
    assert ids(EventQuery(types=(EventType.MOTION,))) == "ca"
    assert ids(EventQuery(min_severity=Severity.WARNING)) == "cb"
    assert ids(EventQuery(acknowledged=True)) == "c"
    assert ids(EventQuery(acknowledged=False)) == "ba"
    assert ids(EventQuery(after=BEGIN + hour, before=BEGIN + 2 * hour)) == "b"
    first = events.page(EventQuery(limit=2))
    assert ids(EventQuery(limit=2, cursor=first.next_cursor)) == "a"
