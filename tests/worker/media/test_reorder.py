"""Decoding times fit every way pictures are reordered."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vigilar.media.reorder import MAX_DEPTH, DecodingTimes, depth_of


def decoding_order(groups: list[int]) -> list[int]:
    """Each group: a picture shown last comes first, then the ones before it."""
    order, at = [0], 1
    for size in groups:
        order += [at + size, *range(at, at + size)]
        at += size + 1
    return order


def test_a_stream_in_order_has_no_depth_and_decodes_when_it_shows() -> None:
    times = DecodingTimes(depth_of(range(10)))

    assert times.depth == 0
    assert [times.next(shown, 1) for shown in range(5)] == [0, 1, 2, 3, 4]


def test_a_pyramid_of_b_frames_is_as_deep_as_it_overtakes() -> None:
    assert depth_of([0, 8, 4, 2, 6]) == 2
    assert depth_of([0, 3, 1, 2]) == 1
    assert depth_of([]) == 0
    assert depth_of(range(100, 0, -1)) == MAX_DEPTH


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_with_the_right_depth_no_picture_comes_too_late(groups: list[int]) -> None:
    order = [shown * 10 for shown in decoding_order(groups)]
    times = DecodingTimes(depth_of(order))

    made = []
    for shown in order:
        assert not times.started or shown >= times.earliest
        made.append((times.next(shown, 10), shown))

    assert all(a < b for (a, _), (b, _) in pairwise(made))
    assert all(decoded <= shown for decoded, shown in made)
