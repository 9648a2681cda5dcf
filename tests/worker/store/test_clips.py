import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from vigilar.domain.clip import Clip, ClipKind, Trigger
from vigilar.domain.errors import InvalidRequestError
from vigilar.domain.query import ClipQuery
from vigilar.store.clips import Clips
from vigilar.store.engine import make_engine
from vigilar.store.paging import decode_cursor, encode_cursor
from worker.store.fakes import BEGIN, a_clip, make_tables


@contextmanager
def transaction(folder: Path) -> Iterator[Connection]:
    path = folder / "vigilar.db"
    make_tables(path)
    engine = make_engine(path)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with transaction(tmp_path) as connection:
        yield connection


def test_a_clip_is_read_as_it_was_kept(connection: Connection) -> None:
    clip = replace(a_clip(), recovered=True)

    assert Clips(connection).add(clip, starred=True)

    view = Clips(connection).get(clip.id)
    assert view is not None
    assert (view.clip, view.starred) == (clip, True)


def test_a_clip_kept_twice_is_there_once_and_unchanged(connection: Connection) -> None:
    Clips(connection).add(a_clip())

    assert not Clips(connection).add(replace(a_clip(), size_bytes=1))

    assert Clips(connection).count() == 1
    view = Clips(connection).get(a_clip().id)
    assert view is not None
    assert view.clip.size_bytes == a_clip().size_bytes


def test_filters_take_away_what_was_not_asked_for(connection: Connection) -> None:
    clips = Clips(connection)
    door = a_clip("door")
    yard = a_clip("yard", BEGIN + timedelta(hours=1), trigger=Trigger.MANUAL)
    segment = a_clip("yard", BEGIN + timedelta(hours=2), kind=ClipKind.SEGMENT, trigger=Trigger.CONTINUOUS)
    for clip in (door, yard, segment):
        clips.add(clip, starred=clip is yard)

    def ids(query: ClipQuery) -> list[str]:
        return [view.clip.id for view in clips.page(query).items]

    assert ids(ClipQuery()) == [segment.id, yard.id, door.id]
    assert ids(ClipQuery(cameras=("yard",))) == [segment.id, yard.id]
    assert ids(ClipQuery(cameras=("yard", "door"), kind=ClipKind.CLIP)) == [yard.id, door.id]
    assert ids(ClipQuery(trigger=Trigger.MANUAL)) == [yard.id]
    assert ids(ClipQuery(starred=True)) == [yard.id]
    assert ids(ClipQuery(starred=False)) == [segment.id, door.id]
    assert ids(ClipQuery(after=yard.start)) == [segment.id, yard.id]
    assert ids(ClipQuery(before=yard.start)) == [door.id]


@settings(max_examples=25, deadline=None)
@given(
    offsets=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), unique=True, max_size=18),
    limit=st.integers(1, 7),
)
def test_pages_together_are_the_whole_list_once(offsets: list[tuple[int, int]], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder, transaction(Path(folder)) as connection:
        clips = Clips(connection)
        kept = [a_clip(start=BEGIN + timedelta(seconds=second), n=n) for second, n in offsets]
        for clip in kept:
            clips.add(clip)

        seen: list[Clip] = []
        cursor = None
        for _ in range(len(kept) + 1):
            page = clips.page(ClipQuery(limit=limit, cursor=cursor))
            assert len(page.items) <= limit
            seen += [view.clip for view in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert seen == sorted(kept, key=lambda clip: (clip.start, clip.id), reverse=True)


def test_a_page_is_not_moved_by_what_is_added_in_front(connection: Connection) -> None:
    clips = Clips(connection)
    for second in range(4):
        clips.add(a_clip(start=BEGIN + timedelta(seconds=second)))
    first = clips.page(ClipQuery(limit=2))
    clips.add(a_clip(start=BEGIN + timedelta(seconds=60)))

    second_page = clips.page(ClipQuery(limit=2, cursor=first.next_cursor))

    starts = [view.clip.start - BEGIN for view in (*first.items, *second_page.items)]
    assert starts == [timedelta(seconds=s) for s in (3, 2, 1, 0)]
    assert second_page.next_cursor is None


@given(st.text(max_size=300) | st.binary(max_size=60).map(bytes.hex))
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    try:
        start, row_id = decode_cursor(cursor)
    except InvalidRequestError:
        return
    assert decode_cursor(encode_cursor(start, row_id)) == (start, row_id)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_an_absurd_limit_is_refused(connection: Connection, limit: int) -> None:
    with pytest.raises(InvalidRequestError, match="limit"):
        Clips(connection).page(ClipQuery(limit=limit))


def test_a_clip_being_deleted_is_shown_no_more_but_still_known(connection: Connection) -> None:
    clips = Clips(connection)
    clip = a_clip()
    clips.add(clip)

    assert clips.begin_deletion(clip.id, "anna") == clip

    assert clips.get(clip.id) is None
    assert clips.page(ClipQuery()).items == ()
    assert clips.newest("door") is None
    assert list(clips.known("door")) == [clip.path]
    assert clips.in_deletion() == [(clip, "anna")]
    assert clips.begin_deletion(clip.id, "bert") is None
    assert not clips.remove_lost(clip.id, clip.path)


def test_the_newest_is_a_clip_never_a_segment(connection: Connection) -> None:
    clips = Clips(connection)
    clips.add(a_clip())
    later = BEGIN + timedelta(hours=1)
    clips.add(a_clip(start=later, kind=ClipKind.SEGMENT, trigger=Trigger.CONTINUOUS))

    assert clips.newest("door") == a_clip().id
