from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from vigilar.store.engine import make_engine
from vigilar.store.errors import NewerDatabaseError, StoreError
from vigilar.store.migrate import MIGRATIONS, is_current, migrate, migrate_in_child, revisions
from vigilar.store.tables import metadata, outbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vigilar.db"


def engine_of(path: Path) -> Engine:
    return make_engine(path)


def test_migrations_make_exactly_the_tables_the_code_uses(path: Path) -> None:
    migrate(path)

    with engine_of(path).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_revision_is_the_one_alembic_would_go_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert revisions()[-1] == ScriptDirectory.from_config(config).get_current_head()


def test_a_migrated_database_is_current_and_an_empty_one_is_not(path: Path) -> None:
    with engine_of(path).connect() as connection:
        assert not is_current(connection)
    migrate(path)
    with engine_of(path).connect() as connection:
        assert is_current(connection)


def test_a_database_of_a_newer_version_is_refused_by_name(path: Path) -> None:
    migrate(path)
    engine = engine_of(path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with engine.connect() as connection, pytest.raises(NewerDatabaseError, match="9999"):
        is_current(connection)


def test_a_migration_that_fails_half_way_leaves_nothing_behind(path: Path) -> None:
    # given a table that stands where the last of the migration's tables would
    engine = engine_of(path)
    with engine.begin() as connection:
        outbox.create(connection)

    # when it fails on it
    with pytest.raises(Exception, match="outbox"):
        migrate(path)

    # then none of the earlier tables is there
    assert inspect(engine).get_table_names() == ["outbox"]


def test_the_child_process_migrates_and_says_what_failed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(MIGRATIONS.parents[2]))
    migrate_in_child(path)
    with engine_of(path).connect() as connection:
        assert is_current(connection)

    with pytest.raises(StoreError, match="could not be brought up to date"):
        migrate_in_child(path.parent / "nowhere" / "vigilar.db")
