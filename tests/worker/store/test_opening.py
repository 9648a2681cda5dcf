import os
from pathlib import Path

import pytest
from sqlalchemy import text

from vigilar.store.errors import NewerDatabaseError, StoreError
from vigilar.store.migrate import revisions
from vigilar.store.opening import Opened, open_database
from vigilar.store.system_events import SystemEvents
from worker.store.fakes import HandClock, make_tables, run


def migrate(path: Path) -> None:
    """Stand in for the migration: the tables, stamped current."""
    from vigilar.store.engine import make_engine  # noqa: PLC0415

    make_tables(path)
    engine = make_engine(path)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:newest)"), {"newest": revisions()[-1]})
    engine.dispose()


def opened(path: Path) -> Opened:
    return open_database(path, clock=HandClock(), move=os.replace, migrate=migrate)


def use(found: Opened) -> int:
    """Write something and count it, to see that it works; close."""

    async def scenario() -> int:
        await found.database.run(
            lambda c: c.execute(
                text(
                    "INSERT INTO system_events (id, component, severity, at, message, boot_id, monotonic_ns) "
                    "VALUES (lower(hex(randomblob(8))), 'x', 0, 0, 'm', 'b', 0)"
                )
            )
        )
        events = await found.database.run(lambda c: SystemEvents(c).newest(100))
        await found.database.close()
        return len(events)

    return run(scenario())


def test_a_missing_database_is_made_private_and_said_to_be_new(tmp_path: Path) -> None:
    found = opened(tmp_path / "vigilar.db")

    assert found.new
    assert found.set_aside is None
    assert use(found) == 1
    assert (tmp_path / "vigilar.db").stat().st_mode & 0o777 == 0o600


def test_a_good_database_is_opened_as_it_is(tmp_path: Path) -> None:
    use(opened(tmp_path / "vigilar.db"))

    found = opened(tmp_path / "vigilar.db")

    assert not found.new
    assert use(found) == 2


@pytest.mark.parametrize("content", [b"not a database at all, but text " * 40, bytes(range(256)) * 64])
def test_what_is_no_database_is_kept_aside_and_a_new_one_made(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vigilar.db"
    path.write_bytes(content)

    found = opened(path)

    assert found.new
    assert found.set_aside is not None
    assert found.set_aside.read_bytes() == content
    assert use(found) == 1


def test_a_database_with_a_broken_page_is_kept_aside(tmp_path: Path) -> None:
    # given a database one of whose pages was overwritten
    path = tmp_path / "vigilar.db"
    use(opened(path))
    broken = bytearray(path.read_bytes())
    broken[4096 : 4096 * 3] = b"\xff" * 8192
    path.write_bytes(broken)

    # when it is opened
    found = opened(path)

    # then it is still there, under another name
    assert found.new
    assert found.set_aside is not None
    assert found.set_aside.read_bytes() == broken
    assert use(found) == 1


def test_a_newer_database_is_neither_touched_nor_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "vigilar.db"
    found = opened(path)

    async def to_newer() -> None:
        await found.database.run(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
        await found.database.close()

    run(to_newer())

    with pytest.raises(NewerDatabaseError):
        opened(path)
    assert [p.name for p in tmp_path.iterdir() if "damaged" in p.name] == []


def test_a_place_that_cannot_hold_a_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        opened(tmp_path / "nowhere" / "vigilar.db")
