from pathlib import Path

import pytest

from vigilar.domain.errors import NotFoundError, UnavailableError
from vigilar.domain.query import ClipQuery
from vigilar.files.durable import Operation
from vigilar.recordings.deletion import Deletion
from vigilar.recordings.reconcile import Reconciler
from vigilar.store.clips import Clips
from vigilar.store.system_events import SystemEvents
from vigilar.vault.entries import EntryKind, Reason
from worker.files.faults import FaultyFiles, KilledError
from worker.recordings.vaulted import Desk, Root, archive
from worker.store.fakes import a_clip, run


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


async def indexed(desk: Desk) -> list[str]:
    page = await desk.database.run(lambda c: Clips(c).page(ClipQuery()))
    return [view.clip.id for view in page.items]


def journaled(root: Root) -> list[tuple[EntryKind, Reason]]:
    return [(entry.kind, entry.reason) for entry in root.journal("door").read().entries]


def test_a_deleted_recording_is_in_the_journal_and_nowhere_else(root: Root) -> None:
    clip = root.seal(a_clip()).clip
    star = root.places.star_of(clip)
    star.touch()
    before = journaled(root)

    async def scenario() -> None:
        async with archive(root) as desk:
            await Reconciler(desk.archive).camera("door")
            await Deletion(desk.archive).delete(clip.id, "anna")

            assert await indexed(desk) == []
            assert desk.told.of("clip_deleted") == [{"id": clip.id, "camera": "door"}]
            [note] = await desk.database.run(lambda c: SystemEvents(c).newest(5))
            assert "anna" in note.message
            with pytest.raises(NotFoundError):
                await Deletion(desk.archive).delete(clip.id, "anna")

    run(scenario())
    assert not root.file(clip).exists()
    assert not star.exists()
    assert journaled(root) == [*before, (EntryKind.DELETED, Reason.PERSON)]


def test_the_journal_is_written_before_the_file_goes(root: Root) -> None:
    clip = root.seal(a_clip()).clip
    files = FaultyFiles()

    async def scenario() -> None:
        async with archive(root, files) as desk:
            await Reconciler(desk.archive).camera("door")
            files.seen.clear()
            await Deletion(desk.archive).delete(clip.id, "anna")

    run(scenario())
    steps = [operation for operation, _ in files.seen]
    assert steps.index(Operation.PWRITE) < steps.index(Operation.SYNC) < steps.index(Operation.UNLINK)


def test_whichever_step_fails_the_recording_is_either_whole_or_gone(root: Root) -> None:
    at = 0
    while True:
        clip = root.seal(a_clip(n=at + 1)).clip
        files = FaultyFiles(at=at)

        async def scenario(clip_id: str = clip.id, files: FaultyFiles = files) -> bool:
            """Return whether the deletion went well although (or because) a step failed."""
            async with archive(root, files) as desk:
                await Reconciler(desk.archive).camera("door")
                files.seen.clear()
                try:
                    await Deletion(desk.archive).delete(clip_id, "anna")
                except UnavailableError:
                    # said to have failed: then it is listed, or its file is gone and that is found out
                    await Reconciler(desk.archive).camera("door")
                return clip_id not in await indexed(desk)

        gone = run(scenario())
        assert gone == (not root.file(clip).exists())
        if len(files.seen) <= at:
            assert gone
            return
        at += 1


def test_a_deletion_cut_off_by_a_crash_is_finished_at_the_next_start(root: Root) -> None:
    at = 0
    while True:
        clip = root.seal(a_clip(n=at + 1)).clip
        files = FaultyFiles(at=at, kill=True)

        async def killed(clip_id: str = clip.id, files: FaultyFiles = files) -> None:
            async with archive(root, files) as desk:
                await Reconciler(desk.archive).camera("door")
                files.seen.clear()
                await Deletion(desk.archive).delete(clip_id, "anna")

        async def next_start() -> None:
            async with archive(root) as desk:
                await Deletion(desk.archive).finish_begun()
                await Reconciler(desk.archive).camera("door")
                assert await indexed(desk) == []
                notes = await desk.database.run(lambda c: SystemEvents(c).newest(1))
                assert "deleted by anna" in notes[0].message

        try:
            run(killed())
            done = True
        except KilledError:
            done = False
        run(next_start())
        assert not root.file(clip).exists()
        if done:
            return
        at += 1
