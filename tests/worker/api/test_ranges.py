"""Range and conditional requests, by the RFC."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.api.ranges import (
    NotModified,
    Part,
    Unsatisfiable,
    Wanted,
    Whole,
    http_date,
    parse_range,
    wanted,
)

MADE = datetime(2026, 11, 21, 7, 30, 0, 250_000, tzinfo=UTC)
ETAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Whole()),
        ("bytes=0-", Part(0, 1000)),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=10-19", Part(10, 10)),
        ("bytes=990-5000", Part(990, 10)),
        ("bytes=-1", Part(999, 1)),
        ("bytes=-5000", Part(0, 1000)),
        ("BYTES = 5-6", Part(5, 2)),
        ("bytes=1000-", Unsatisfiable()),
        ("bytes=5-2", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=-", Unsatisfiable()),
        ("bytes=", Unsatisfiable()),
        ("bytes=a-b", Unsatisfiable()),
        ("bytes=0x1-2", Unsatisfiable()),
        ("bytes=--5", Unsatisfiable()),
        ("bytes=1.5-3", Unsatisfiable()),
        ("bytes=" + "9" * 5000 + "-", Unsatisfiable()),
        ("bytes=0-" + "9" * 5000, Part(0, 1000)),
        ("bytes=-" + "9" * 5000, Part(0, 1000)),
        ("bytes=0-1,5-6", Whole()),
        ("bytes=0-1,x", Unsatisfiable()),
        ("seconds=1-2", Whole()),
        ("bytes 0-1", Whole()),
    ],
)
def test_ranges_of_a_film_of_1000_bytes(header: str | None, expected: Wanted) -> None:
    assert parse_range(header, 1000) == expected


def test_an_empty_film_has_no_ranges() -> None:
    assert parse_range("bytes=0-", 0) == Unsatisfiable()
    assert parse_range("bytes=-1", 0) == Unsatisfiable()
    assert parse_range(None, 0) == Whole()


@given(st.integers(1, 10**13), st.integers(0, 10**14), st.one_of(st.none(), st.integers(0, 10**14)))
def test_a_part_lies_within_the_film_and_holds_what_was_asked(
    size: int, first: int, last: int | None
) -> None:
    match parse_range(f"bytes={first}-{'' if last is None else last}", size):
        case Part(start, length):
            assert start == first
            assert length == min(size - 1 if last is None else last, size - 1) - first + 1 >= 1
        case other:
            assert other == Unsatisfiable()
            assert first >= size or (last is not None and last < first)


@given(st.text(max_size=60), st.integers(0, 10**6))
def test_no_header_breaks_it(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        match parse_range(text, size):
            case Part(start, length):
                assert 0 <= start < start + length <= size
            case Whole() | Unsatisfiable():
                pass


def ask(**headers: str) -> Wanted:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return wanted(named, size=1000, etag=ETAG, last_modified=MADE)


@pytest.mark.parametrize("tags", [ETAG, "*", 'W/"abc"', '"x", "abc"', ' "abc" ,"y"'])
def test_who_has_it_already_gets_nothing(tags: str) -> None:
    assert ask(if_none_match=tags) == NotModified()
    assert ask(if_none_match=tags, range="bytes=0-1") == NotModified()


@pytest.mark.parametrize("tags", ['"other"', "abc", '"ab"', "", '"abc'])
def test_who_has_something_else_gets_it(tags: str) -> None:
    assert ask(if_none_match=tags) == Whole()


def test_the_date_decides_where_no_tag_does() -> None:
    assert ask(if_modified_since=http_date(MADE)) == NotModified()
    assert ask(if_modified_since=http_date(MADE - timedelta(seconds=1))) == Whole()
    assert ask(if_modified_since=http_date(MADE), if_none_match='"other"') == Whole()


@pytest.mark.parametrize("condition", [ETAG, http_date(MADE)])
def test_a_range_is_served_while_the_film_is_the_same(condition: str) -> None:
    assert ask(range="bytes=5-6", if_range=condition) == Part(5, 2)


@pytest.mark.parametrize(
    "condition", ['"other"', 'W/"abc"', http_date(MADE + timedelta(seconds=1)), "yesterday", "", "abc"]
)
def test_the_whole_film_is_served_when_it_is_another(condition: str) -> None:
    assert ask(range="bytes=5-6", if_range=condition) == Whole()


@given(st.text(max_size=60))
def test_no_condition_breaks_it(text: str) -> None:
    assert ask(if_none_match=text) in {Whole(), NotModified()}
    assert ask(if_modified_since=text) in {Whole(), NotModified()}
    assert ask(if_range=text, range="bytes=0-0") in {Whole(), Part(0, 1)}
