import asyncio
from pathlib import Path

import pytest

from vigilar.domain.errors import NotFoundError, UnavailableError
from vigilar.recordings.reconcile import Reconciler
from vigilar.recordings.service import Recordings
from worker.files.faults import FaultyFiles
from worker.recordings.vaulted import Root, archive
from worker.store.fakes import a_clip, run


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


def test_a_star_is_a_file_beside_the_clip_and_outlives_the_index(root: Root) -> None:
    clip = root.seal(a_clip()).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            await Reconciler(desk.archive).camera("door")
            service = Recordings(desk.archive)
            star = root.places.star_of(clip)
            for _ in range(2):
                assert (await service.star(clip.id, True)).starred
                assert await asyncio.to_thread(star.exists)
            assert (await service.get(clip.id)).starred
            assert [view.starred for view in desk.told.of("clip")] == [False, True]
            for _ in range(2):
                assert not (await service.star(clip.id, False)).starred
                assert not await asyncio.to_thread(star.exists)

    run(scenario())


def test_a_star_that_cannot_be_kept_is_not_shown(root: Root) -> None:
    clip = root.seal(a_clip()).clip
    files = FaultyFiles(at=0)

    async def scenario() -> None:
        async with archive(root, files) as desk:
            await Reconciler(desk.archive).camera("door")
            with pytest.raises(UnavailableError, match=clip.id):
                await Recordings(desk.archive).star(clip.id, True)
            assert not (await Recordings(desk.archive).get(clip.id)).starred

    run(scenario())


@pytest.mark.parametrize(
    "clip_id", ["../../etc/passwd", "door_20260301T120000Z/../x", "", "door", "door_20260301T120000Z"]
)
def test_an_id_that_is_none_is_not_found_whatever_is_asked(root: Root, clip_id: str) -> None:
    async def scenario() -> None:
        async with archive(root) as desk:
            service = Recordings(desk.archive)
            for ask in (
                service.get(clip_id), service.open(clip_id), service.star(clip_id, True),
                service.delete(clip_id, actor="anna"),
            ):  # fmt: skip
                with pytest.raises(NotFoundError):
                    await ask

    run(scenario())
