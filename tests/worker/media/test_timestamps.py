"""Whatever a camera's clock does, the timeline rises, has no false holes and stays near to arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vigilar.media.timestamps import JITTER_S, MAX_SKEW_S, SessionTimeline, Stamp, TimestampRepair

TPS = 90_000
STEP = 6_000
FRAME_NS = 1_000_000_000 * STEP // TPS


@dataclass(frozen=True)
class Arrival:
    """A packet as it comes: its timestamp, and when."""

    pts: int | None
    at_ns: int


def steady(count: int, *, pts: int = 0, at_ns: int = 0, step: int = STEP) -> list[Arrival]:
    return [Arrival(pts + i * step, at_ns + i * FRAME_NS) for i in range(count)]


def repaired(packets: Sequence[Arrival], *, trusted: bool = True, depth: int = 0) -> list[Stamp]:
    repair = TimestampRepair(TPS, SessionTimeline(), trusted=trusted, step=STEP, depth=depth)
    return [repair.repair(packet.pts, packet.at_ns) for packet in packets]


def steps(stamps: Sequence[Stamp]) -> list[int]:
    return [later.pts - earlier.pts for earlier, later in pairwise(stamps)]


hostile = st.lists(
    st.tuples(
        st.one_of(
            st.none(),
            st.integers(-(2**33), 2**33),
            st.integers(0, 5 * TPS),
            st.sampled_from([0, 1, STEP, 2 * STEP, 2**32 - 1, 2**33 - 1]),
        ),
        st.integers(0, 3_000_000_000),
    ),
    min_size=1,
    max_size=200,
)


@given(hostile, st.integers(0, 3))
def test_decoding_times_rise_and_precede_presentation_whatever_comes(
    packets: list[tuple[int | None, int]], depth: int
) -> None:
    arrivals, now = [], 0
    for pts, passed in packets:
        now += passed
        arrivals.append(Arrival(pts, now))

    stamps = repaired(arrivals, depth=depth)

    assert all(earlier.dts < later.dts for earlier, later in pairwise(stamps))
    assert all(stamp.dts <= stamp.pts for stamp in stamps)
    assert all(stamp.duration > 0 for stamp in stamps)


@given(hostile)
def test_the_timeline_makes_no_holes_and_does_not_run_away(packets: list[tuple[int | None, int]]) -> None:
    arrivals, now = [], 0
    for pts, passed in packets:
        now += passed
        arrivals.append(Arrival(pts, now))

    stamps = repaired(arrivals)

    high, high_at = stamps[0].pts, arrivals[0].at_ns
    lead = 0
    for stamp, before, arrival in zip(stamps[1:], stamps, arrivals[1:], strict=False):
        skew = stamp.pts - (arrival.at_ns - arrivals[0].at_ns) * TPS // 1_000_000_000
        if stamp.pts > high:
            passed = (arrival.at_ns - high_at) * TPS // 1_000_000_000
            # A stream that was seen to reorder up to eight pictures may step over as many.
            usual = max(3 * 9 * max(before.duration, stamp.duration), JITTER_S * TPS)
            assert stamp.pts - high <= max(passed, usual) + 3 or skew <= lead + JITTER_S * TPS + 3
            high, high_at = stamp.pts, arrival.at_ns
        lead = max(lead, skew)
        assert abs(skew) <= (MAX_SKEW_S + 4) * TPS


@given(st.integers(0, 2**33), st.lists(st.integers(-60_000_000, 60_000_000), min_size=2, max_size=100))
def test_sound_timestamps_are_kept_to_the_tick_however_the_network_jitters(
    start: int, jitter: list[int]
) -> None:
    at, packets = 0, []
    for index, late in enumerate(jitter):
        at = max(at, index * FRAME_NS + late + 60_000_000)
        packets.append(Arrival(start + index * STEP, at))

    stamps = repaired(packets)

    assert steps(stamps) == [STEP] * (len(packets) - 1)
    assert all(stamp.dts == stamp.pts for stamp in stamps)


def test_a_jump_of_the_cameras_clock_leaves_no_hole() -> None:
    for jump in (3600 * TPS, -3600 * TPS, 2**32, -(2**33), 3 * TPS):
        packets = steady(30) + steady(30, pts=30 * STEP + jump, at_ns=30 * FRAME_NS)

        found = steps(repaired(packets))

        assert max(found) <= 2 * STEP, jump
        assert found[35:] == [STEP] * len(found[35:]), jump


def test_a_clock_set_back_a_little_is_overcome_within_a_picture() -> None:
    packets = steady(30) + steady(60, pts=30 * STEP - TPS // 2, at_ns=30 * FRAME_NS)

    found = steps(repaired(packets))

    assert all(0 < step <= 2 * STEP for step in found)
    assert found[32:] == [STEP] * len(found[32:])


def test_a_real_gap_in_the_footage_stays_a_gap() -> None:
    packets = steady(30) + steady(30, pts=30 * STEP + 5 * TPS, at_ns=30 * FRAME_NS + 5_000_000_000)

    assert steps(repaired(packets))[29] == STEP + 5 * TPS


def test_a_real_gap_after_a_slow_network_stays_one_too() -> None:
    stalled = 30 * FRAME_NS + 6_000_000_000
    held = [Arrival((30 + i) * STEP, stalled + i) for i in range(30)]
    later = steady(30, pts=30 * STEP + 6 * TPS, at_ns=stalled + FRAME_NS)

    assert steps(repaired(steady(30) + held + later))[59] == 4 * TPS + STEP


def test_a_clock_that_stood_still_and_goes_on_leaves_no_hole() -> None:
    packets = [Arrival(30 * STEP if 30 <= i < 60 else p.pts, p.at_ns) for i, p in enumerate(steady(120))]

    found = steps(repaired(packets))

    assert all(0 < step <= 2 * STEP for step in found)


def test_a_small_jump_forward_that_arrival_does_not_bear_out_is_closed() -> None:
    packets = steady(30) + steady(60, pts=30 * STEP + TPS // 2, at_ns=30 * FRAME_NS)

    assert max(steps(repaired(packets))) <= 2 * STEP


def test_a_burst_after_a_slow_network_keeps_its_times() -> None:
    stalled = 30 * FRAME_NS + 6_000_000_000
    packets = steady(30) + [Arrival((30 + i) * STEP, stalled + i) for i in range(90)]

    assert steps(repaired(packets)) == [STEP] * 119


def test_missing_timestamps_go_by_arrival_and_meet_the_clock_again() -> None:
    packets = [Arrival(None if 20 <= i < 40 else p.pts, p.at_ns) for i, p in enumerate(steady(60))]

    stamps = repaired(packets)

    assert all(abs(step - STEP) <= 1 for step in steps(stamps))
    assert [stamp.pts for stamp in stamps[45:]] == [i * STEP for i in range(45, 60)]


def test_the_first_timestamp_may_be_missing() -> None:
    stamps = repaired([Arrival(None, 0), *steady(30, pts=777, at_ns=FRAME_NS)])

    assert all(0 < step <= 2 * STEP for step in steps(stamps))


def test_timestamps_that_stand_still_go_by_arrival() -> None:
    packets = [Arrival(min(p.pts or 0, 30 * STEP), p.at_ns) for p in steady(300)]

    stamps = repaired(packets)

    assert all(0 < step <= 2 * STEP for step in steps(stamps))
    assert abs(stamps[-1].pts - 299 * STEP) <= 2 * STEP


def test_a_clock_that_counts_at_the_wrong_rate_stays_within_ten_seconds_of_arrival() -> None:
    for rate in (0.25, 0.5, 2.0, 8.0):
        packets = [Arrival(round((p.pts or 0) * rate), p.at_ns) for p in steady(2000)]

        stamps = repaired(packets)

        worst = max(abs(stamp.pts - i * STEP) for i, stamp in enumerate(stamps))
        assert worst <= (MAX_SKEW_S + 1) * TPS, rate
        assert max(steps(stamps)) <= 8 * STEP + 1, rate


@given(st.lists(st.integers(-TPS // 2, TPS // 2), min_size=400, max_size=400))
def test_random_timestamps_still_make_a_usable_timeline(noise: list[int]) -> None:
    packets = [Arrival((p.pts or 0) + n, p.at_ns) for p, n in zip(steady(400), noise, strict=True)]

    stamps = repaired(packets)

    assert all(earlier.dts < later.dts for earlier, later in pairwise(stamps))
    assert abs(stamps[-1].pts - 399 * STEP) <= (MAX_SKEW_S + 1) * TPS


def test_a_source_without_a_clock_of_its_own_is_stamped_by_arrival() -> None:
    packets = [Arrival(i * 3600, i * FRAME_NS * 2) for i in range(50)]

    stamps = repaired(packets, trusted=False)

    assert all(abs(step - 2 * STEP) <= 1 for step in steps(stamps))


def test_two_streams_of_one_connection_keep_their_distance() -> None:
    session = SessionTimeline()
    video, audio = TimestampRepair(TPS, session, step=STEP), TimestampRepair(8000, session, step=320)

    first = video.repair(TPS * 100, 0)
    sound = audio.repair(8000 * 100 + 800, 30_000_000)

    assert first.pts == 0
    assert sound.pts == 800  # as the container says, not 240 as it arrived


def test_b_frames_are_shown_in_their_order_from_the_first() -> None:
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11]
    packets = [Arrival(1000 + shown * STEP, i * FRAME_NS) for i, shown in enumerate(order)]

    stamps = repaired(packets, depth=1)

    assert [(stamp.pts - stamps[0].pts) // STEP for stamp in stamps] == order
    assert all(earlier.dts < later.dts for earlier, later in pairwise(stamps))
    assert all(stamp.dts <= stamp.pts for stamp in stamps)


def test_b_frames_that_begin_in_mid_stream_soon_keep_their_order() -> None:
    order = list(range(30))
    for group in range(30, 300, 3):
        order += [group + 2, group, group + 1]
    packets = [Arrival(shown * STEP, i * FRAME_NS) for i, shown in enumerate(order)]

    stamps = repaired(packets)

    late = stamps[90:]
    assert [(s.pts - late[0].pts) // STEP for s in late] == [shown - order[90] for shown in order[90:]]
    assert abs(stamps[-1].pts - packets[-1].pts) < 2 * TPS
