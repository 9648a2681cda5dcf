import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigilar.domain.errors import InvalidRequestError, NotFoundError, UnavailableError
from vigilar.recordings.media import CHUNK, RecordingMedia
from vigilar.recordings.reconcile import Reconciler
from vigilar.recordings.service import Recordings
from vigilar.vault.keys import KeyRing
from worker.recordings.vaulted import FILM, Desk, Root, archive
from worker.store.fakes import a_clip, run


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


async def gathered(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def opened(desk: Desk) -> RecordingMedia:
    await Reconciler(desk.archive).camera("door")
    return await Recordings(desk.archive).open(a_clip().id)


@settings(max_examples=15, deadline=None)
@given(ranges=st.lists(st.tuples(st.integers(0, len(FILM) + 50), st.integers(0, len(FILM) + 50)), max_size=6))
def test_any_range_is_that_part_of_the_film(ranges: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Root.at(Path(folder))
        root.seal(a_clip())

        async def scenario() -> None:
            async with archive(root) as desk:
                media = await opened(desk)
                assert media.size == len(FILM)
                for start, length in ranges:
                    assert await gathered(media.read(start, length)) == FILM[start : start + length]
                await media.close()

        run(scenario())


def test_a_long_film_comes_in_pieces(root: Root) -> None:
    film = bytes(3 * CHUNK)
    root.seal(a_clip(), film=film)

    async def scenario() -> list[int]:
        async with archive(root) as desk:
            media = await opened(desk)
            sizes = [len(piece) async for piece in media.read(100, len(film))]
            await media.close()
            return sizes

    assert run(scenario()) == [CHUNK - 100, CHUNK, CHUNK]


def test_what_a_client_needs_to_know_is_there_before_the_first_byte(root: Root) -> None:
    described = root.seal(a_clip())

    async def scenario() -> None:
        async with archive(root) as desk:
            media = await opened(desk)
            assert media.etag == f'"{described.clip.file_id}"'
            assert media.mime == "video/mp4"
            assert media.last_modified == described.clip.end
            with pytest.raises(InvalidRequestError):
                await gathered(media.read(-1, 10))
            await media.close()
            await media.close()
            assert await gathered(media.read(0, 10)) == b""

    run(scenario())


def test_a_request_that_leaves_while_reading_closes_the_file_after_the_read(root: Root) -> None:
    root.seal(a_clip())

    async def scenario() -> None:
        async with archive(root) as desk:
            media = await opened(desk)
            reading = asyncio.ensure_future(gathered(media.read(0, media.size)))
            await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await media.close()
            assert await gathered(media.read(0, 10)) == b""

    run(scenario())


def test_damage_in_the_film_is_an_error_never_wrong_bytes(root: Root) -> None:
    clip = root.seal(a_clip()).clip
    content = bytearray(root.file(clip).read_bytes())
    content[len(content) // 2] ^= 1
    root.file(clip).write_bytes(content)

    async def scenario() -> None:
        async with archive(root) as desk:
            media = await opened(desk)
            with pytest.raises(UnavailableError, match=clip.id):
                await gathered(media.read(0, media.size))
            await media.close()

    run(scenario())


def test_what_cannot_be_opened_says_why(root: Root) -> None:
    clip = root.seal(a_clip()).clip

    async def scenario() -> None:
        async with archive(root) as desk:
            await Reconciler(desk.archive).camera("door")
            service = Recordings(desk.archive)
            content = await asyncio.to_thread(root.file(clip).read_bytes)
            await asyncio.to_thread(root.file(clip).write_bytes, content[:-40])
            with pytest.raises(UnavailableError, match=clip.id):
                await service.open(clip.id)
            await asyncio.to_thread(root.file(clip).unlink)
            with pytest.raises(NotFoundError, match=clip.id):
                await service.open(clip.id)

    run(scenario())


def test_without_the_key_a_recording_stays_shut(root: Root, tmp_path: Path) -> None:
    root.seal(a_clip())
    other = Root(root.path, KeyRing.load_or_create(tmp_path / "other-keys", root.files))

    async def scenario() -> None:
        async with archive(root) as desk:
            await Reconciler(desk.archive).camera("door")
        async with archive(other) as desk:
            with pytest.raises(UnavailableError):
                await Recordings(desk.archive).open(a_clip().id)

    run(scenario())
