"""Gaps add up to no more than there was time, in whatever order they are told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from vigilar.domain.coverage import Gap, GapReason, Span, seconds_by_reason, without
from vigilar.store.coverage import Coverage
from vigilar.store.engine import make_engine
from worker.store.fakes import make_tables

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Span(BEGIN, BEGIN + timedelta(seconds=100))
REASONS = st.sampled_from([GapReason.STALLED, GapReason.CAMERA_OFFLINE, GapReason.DISK_LATE])


def at(second: int) -> datetime:
    return BEGIN + timedelta(seconds=second)


def a_gap(start: int, end: int, reason: GapReason = GapReason.STALLED) -> Gap:
    return Gap("", "door", at(start), at(end), reason, "", "boot", (1000 + start) * 10**9, "boot")


@st.composite
def told(draw: st.DrawFn) -> list[Gap]:
    """Gaps of one camera, around and in the window, overlapping as they like."""
    pairs = st.tuples(st.integers(-50, 150), st.integers(1, 60), REASONS)
    return [
        a_gap(start, start + length, reason) for start, length, reason in draw(st.lists(pairs, max_size=8))
    ]


def seconds_covered_by(gaps: list[Gap]) -> int:
    """Count the other way: second by second."""
    return sum(any(gap.start <= at(n) < gap.end for gap in gaps) for n in range(100))


@given(told(), st.randoms())
def test_no_second_is_counted_twice_whatever_the_order(gaps: list[Gap], chance: object) -> None:
    shuffled = list(gaps)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    counted = seconds_by_reason(gaps, WINDOW)

    assert sum(counted.values()) == seconds_covered_by(gaps) <= 100
    assert seconds_by_reason(shuffled, WINDOW) == counted


@given(st.tuples(st.integers(0, 90), st.integers(1, 60)), told())
def test_what_is_left_of_a_time_lies_in_it_and_outside_what_was_taken(
    time: tuple[int, int], taken: list[Gap]
) -> None:
    span = Span(at(time[0]), at(time[0] + time[1]))

    left = list(without(span, [Span(gap.start, gap.end) for gap in taken]))

    for n in range(-60, 220):
        inside = span.start <= at(n) < span.end and not any(gap.start <= at(n) < gap.end for gap in taken)
        assert sum(piece.start <= at(n) < piece.end for piece in left) == inside


@settings(deadline=None, max_examples=40)
@given(told(), st.randoms())
def test_the_ledger_holds_the_same_time_in_whatever_order_it_is_told(gaps: list[Gap], chance: object) -> None:
    shuffled = [*gaps, *gaps[:3]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    with TemporaryDirectory() as folder:
        path = Path(folder) / "vigilar.db"
        make_tables(path)
        engine = make_engine(path)
        with engine.begin() as connection:
            new_s = sum(Coverage(connection).add(gap) for gap in shuffled)
            kept = Coverage(connection).within(Span(at(-100), at(300)))
        engine.dispose()

    kept.sort(key=lambda gap: gap.start)
    assert all(one.end <= other.start for one, other in pairwise(kept)), "rows overlap"
    assert sum(gap.seconds for gap in kept) == new_s
    assert sum(seconds_by_reason(kept, WINDOW).values()) == seconds_covered_by(gaps)
