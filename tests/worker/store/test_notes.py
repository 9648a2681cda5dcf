from pathlib import Path

from sqlalchemy import text

from vigilar.domain.event import Severity, SystemEvent
from vigilar.store.notes import Notes
from vigilar.store.system_events import SystemEvents
from worker.store.fakes import BEGIN, HandClock, database, run


def test_what_happened_is_kept_newest_first_and_told(tmp_path: Path) -> None:
    told: list[SystemEvent] = []

    async def scenario() -> tuple[SystemEvent, ...]:
        async with database(tmp_path) as db:
            notes = Notes(db, HandClock(), told.append)
            await notes.add("core", Severity.INFO, "one")
            await notes.add("look", Severity.ALERT, "two")
            return await db.run(lambda c: SystemEvents(c).newest(10))

    kept = run(scenario())
    assert [(e.component, e.severity, e.message, e.at) for e in kept] == [
        ("look", Severity.ALERT, "two", BEGIN),
        ("core", Severity.INFO, "one", BEGIN),
    ]
    assert told == list(reversed(kept))


def test_what_is_to_be_said_once_is_kept_once(tmp_path: Path) -> None:
    told: list[SystemEvent] = []

    async def scenario() -> int:
        async with database(tmp_path) as db:
            for _ in range(2):
                notes = Notes(db, HandClock(), told.append)  # as after a restart
                await notes.add("recordings", Severity.WARNING, "x.vge cannot be read", once="x.vge")
            return len(await db.run(lambda c: SystemEvents(c).newest(10)))

    assert run(scenario()) == 1
    assert len(told) == 1


def test_a_failing_database_does_not_fail_who_notes(tmp_path: Path) -> None:
    told: list[SystemEvent] = []

    async def scenario() -> bool:
        async with database(tmp_path) as db:
            await db.run(lambda c: c.execute(text("DROP TABLE system_events")))
            await Notes(db, HandClock(), told.append).add("core", Severity.INFO, "one")
            return db.trouble is not None

    assert run(scenario())
    assert told == []


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        async with database(tmp_path) as db:
            notes = Notes(db, HandClock(), lambda _: None)
            for n in range(6):
                await notes.add("core", Severity.INFO, str(n))
            await db.run(lambda c: SystemEvents(c).trim(2))
            return [event.message for event in await db.run(lambda c: SystemEvents(c).newest(10))]

    assert run(scenario()) == ["5", "4"]
