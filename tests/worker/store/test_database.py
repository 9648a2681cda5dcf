import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from vigilar.domain.errors import InvalidRequestError
from vigilar.store.clips import Clips
from vigilar.store.database import Database
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


def test_a_disk_that_does_not_answer_holds_nobody_up_and_is_trouble_until_it_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with database(tmp_path) as opened:
            db = Database(opened._engine, HandClock(), hung_s=0.3)
            answers = threading.Event()
            done: list[str] = []

            # When one unit of work hangs
            with pytest.raises(StoreError, match="does not answer"):
                await db.run(lambda _: (answers.wait(), done.append("hung")))

            # Then further ones are refused at once, and not done later behind their askers' backs
            assert db.trouble is not None
            before = asyncio.get_running_loop().time()
            with pytest.raises(StoreError, match="does not answer"):
                await db.run(lambda _: done.append("refused"))
            assert not await db.probe()
            assert asyncio.get_running_loop().time() - before < 0.2

            # And when the disk answers again, all is well
            answers.set()
            for _ in range(100):
                if await db.probe():
                    break
                await asyncio.sleep(0.02)
            assert db.trouble is None
            assert done == ["hung"]
            await db.close()

    run(scenario())


def test_closing_does_not_wait_for_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigilar.store.database.CLOSE_S", 0.2)

    async def scenario() -> None:
        async with database(tmp_path) as opened:
            db = Database(opened._engine, HandClock(), hung_s=0.1)
            answers = threading.Event()
            with pytest.raises(StoreError):
                await db.run(lambda _: answers.wait())
            await asyncio.wait_for(db.close(), 2)
            answers.set()

    run(scenario())
