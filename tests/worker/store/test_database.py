import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from vigilar.domain.errors import InvalidRequestError
from vigilar.store.clips import Clips
from vigilar.store.errors import StoreError
from worker.store.fakes import HandClock, a_clip, database, run


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with database(tmp_path) as db:
            full = await db.run(lambda c: c.execute(text("PRAGMA synchronous")).scalar())
            journal = await db.run(lambda c: c.execute(text("PRAGMA journal_mode")).scalar())
            assert (full, journal) == (2, "wal")
            await db.run(lambda c: Clips(c).add(a_clip()))
        async with database(tmp_path) as db:
            assert await db.run(lambda c: Clips(c).count()) == 1

    run(scenario())


def test_a_unit_of_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def work(connection: Connection) -> None:
        Clips(connection).add(a_clip())
        raise InvalidRequestError("no")

    async def scenario() -> None:
        async with database(tmp_path) as db:
            with pytest.raises(InvalidRequestError):
                await db.run(work)
            assert await db.run(lambda c: Clips(c).count()) == 0
            assert db.trouble is None

    run(scenario())


def test_trouble_lasts_from_the_first_failure_to_the_first_success(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = HandClock()
        async with database(tmp_path, clock) as db:
            begun = clock.ns
            for _ in range(2):
                with pytest.raises(StoreError):
                    await db.run(lambda c: c.execute(text("SELECT nonsense")))
                clock.forward(10)
            assert db.trouble is not None
            assert db.trouble.since_ns == begun
            assert not db.trouble.damaged

            assert await db.probe()
            assert db.trouble is None

    run(scenario())


def test_work_is_done_in_one_thread_in_the_order_it_came(tmp_path: Path) -> None:
    order: list[int] = []
    threads: set[int] = set()

    def work(n: int) -> None:
        order.append(n)
        threads.add(threading.get_ident())

    async def scenario() -> None:
        async with database(tmp_path) as db:
            await asyncio.gather(*(db.run(lambda _, n=n: work(n)) for n in range(50)))

    run(scenario())
    assert order == list(range(50))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
