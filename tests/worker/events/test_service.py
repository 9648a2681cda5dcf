from pathlib import Path

import pytest

from vigilar.domain.errors import InvalidRequestError, NotFoundError
from vigilar.domain.query import EventQuery
from vigilar.events.service import EventLog
from vigilar.store.events import Events
from worker.store.fakes import BEGIN, HandClock, Told, an_event, database, run


def test_an_event_is_acknowledged_and_told_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock, told = HandClock(), Told()
        async with database(tmp_path, clock) as db:
            log = EventLog(db, clock, told)
            await db.run(lambda c: Events(c, BEGIN).add(an_event(), clock.instant()))
            clock.forward(60)
            first = await log.acknowledge("e1")
            clock.forward(60)
            assert await log.acknowledge("e1") == first == await log.get("e1")
            assert told.of("event") == [first]
            assert (await log.list(EventQuery(acknowledged=True))).items == (first,)

    run(scenario())


def test_what_does_not_exist_is_not_found_and_foreign_cursors_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with database(tmp_path) as db:
            log = EventLog(db, HandClock(), Told())
            for ask in (log.get("nothing"), log.acknowledge("nothing")):
                with pytest.raises(NotFoundError):
                    await ask
            with pytest.raises(InvalidRequestError):
                await log.list(EventQuery(cursor="x"))
            assert await log.system_events(10) == ()

    run(scenario())
