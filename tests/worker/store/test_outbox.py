from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from vigilar.store.engine import make_engine
from vigilar.store.outbox import Outbox
from worker.store.fakes import BEGIN, make_tables


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    make_tables(tmp_path / "vigilar.db")
    engine = make_engine(tmp_path / "vigilar.db")
    with engine.begin() as connection:
        yield _with(connection)
    engine.dispose()


def _with(connection: Connection) -> Outbox:
    return Outbox(connection)


def keys(outbox: Outbox) -> list[str]:
    return [message.dedupe_key for message in outbox.pending(100)]


def test_messages_wait_in_the_order_they_were_written(outbox: Outbox) -> None:
    for n in (3, 1, 2):
        outbox.add("event", f"e{n}", 1, {"n": n}, BEGIN)

    assert keys(outbox) == ["e3:1", "e1:1", "e2:1"]
    assert [m.payload for m in outbox.pending(1)] == [b'{"n":3}']


def test_the_same_state_of_the_same_thing_is_written_once(outbox: Outbox) -> None:
    outbox.add("event", "e1", 1, {"n": 1}, BEGIN)
    outbox.add("event", "e1", 1, {"n": 2}, BEGIN)
    outbox.add("event", "e1", 2, {"n": 3}, BEGIN)

    assert [m.payload for m in outbox.pending(100)] == [b'{"n":1}', b'{"n":3}']


def test_what_was_published_waits_no_more(outbox: Outbox) -> None:
    for n in range(3):
        outbox.add("event", f"e{n}", 1, None, BEGIN)

    outbox.published([m.seq for m in outbox.pending(2)], BEGIN + timedelta(seconds=1))

    assert keys(outbox) == ["e2:1"]


def test_the_oldest_go_when_there_are_too_many_and_the_lost_are_counted(outbox: Outbox) -> None:
    for n in range(10):
        outbox.add("event", f"e{n}", 1, None, BEGIN)
    outbox.published([m.seq for m in outbox.pending(2)], BEGIN)

    assert outbox.trim(5) == 3
    assert keys(outbox) == [f"e{n}:1" for n in range(5, 10)]
    assert outbox.trim(5) == 0
