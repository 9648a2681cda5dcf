"""A recording that is deleted while it is being listed leaves no row."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from vigilar.bus.messages import ClipSealed
from vigilar.domain.query import ClipQuery
from vigilar.recordings.intake import RecordingIntake
from vigilar.recordings.reconcile import Outcome, Reconciler
from vigilar.store.clips import Clips
from vigilar.store.database import Database
from vigilar.store.system_events import SystemEvents
from worker.recordings.vaulted import Desk, Root, archive
from worker.store.fakes import a_clip, run


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


class Deleting:
    """Stands before the database; `file` is deleted as the `nth` unit of work begins."""

    def __init__(self, database: Database, file: Path, nth: int) -> None:
        self._database = database
        self._file = file
        self._left = nth

    async def run(self, work):  # type: ignore[no-untyped-def]
        def deleted_then(connection: Connection) -> object:
            self._left -= 1
            if self._left == 0:
                self._file.unlink()
            return work(connection)

        return await self._database.run(deleted_then)


async def listed(desk: Desk) -> list[str]:
    page = await desk.database.run(lambda c: Clips(c).page(ClipQuery()))
    return [view.clip.id for view in page.items]


def test_when_it_is_told_by_its_capture(root: Root) -> None:
    described = root.seal(a_clip())

    async def scenario() -> None:
        async with archive(root) as desk:
            deleting = Deleting(desk.database, root.file(described.clip), 1)
            intake = RecordingIntake(replace(desk.archive, database=deleting))
            await intake.sealed(ClipSealed(described.clip, described.event_ids))
            assert await listed(desk) == []
            assert desk.told.of("clip") == []

    run(scenario())


def test_when_it_is_found_on_the_disk(root: Root) -> None:
    gone, kept = root.seal(a_clip()).clip, root.seal(a_clip(n=2)).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            deleting = Deleting(desk.database, root.file(gone), 2)
            reconciler = Reconciler(replace(desk.archive, database=deleting))
            assert await reconciler.camera("door") == Outcome(added=1)
            assert await listed(desk) == [kept.id]
            assert await desk.database.run(lambda c: SystemEvents(c).newest(5)) == ()

    run(scenario())
