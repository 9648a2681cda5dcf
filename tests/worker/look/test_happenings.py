"""Looks become events with a beginning and an end."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.look.happenings import HOLD_NS, Happenings
from vigilar.look.motion import Verdict

SECOND = 1_000_000_000
NOTHING = np.zeros((2, 2), np.uint8)


def happenings() -> Happenings:
    numbers = itertools.count(1)
    return Happenings("door", lambda: f"e{next(numbers)}")


def look(at_s: float, *, moving: bool = False, since_s: float | None = None, scene: bool = False) -> Verdict:
    at_ns = int(at_s * SECOND)
    since_ns = None if not moving else int((at_s if since_s is None else since_s) * SECOND)
    return Verdict(
        at_ns, at_ns - SECOND // 2, NOTHING, moving, since_ns, scene_changed=scene, score=0.5 * moving
    )


def test_an_event_begins_is_repeated_each_second_and_ends() -> None:
    told = happenings()
    said = [s for n in range(10, 30) for s in told.after_look(look(n / 2, moving=n < 16, since_s=4.5))]
    assert [s.active for s in said] == [True] * (len(said) - 1) + [False]
    assert {s.event_id for s in said} == {"e1"}
    assert {s.first_moving_ns for s in said} == {int(4.5 * SECOND)}
    assert said[-1].last_moving_ns == int(7.5 * SECOND)
    assert len(said) >= 5


def test_a_short_pause_does_not_end_it() -> None:
    told = happenings()
    for at_s in (1.0, 1.5, 4.0, 6.5):
        said = told.after_look(look(at_s, moving=True))
    assert all(state.event_id == "e1" for state in said)
    assert told.moving


def test_it_ends_also_when_no_picture_comes_any_more() -> None:
    told = happenings()
    told.after_look(look(1.0, moving=True))
    assert [s.active for s in told.after_time(2 * SECOND)] == [True]
    assert [s.active for s in told.after_time(SECOND + HOLD_NS[MotionKind.MOTION])] == [False]
    assert told.after_time(60 * SECOND) == []


def test_movement_and_a_change_of_light_are_two_events() -> None:
    told = happenings()
    said = told.after_look(look(1.0, moving=True, scene=True))
    assert {(s.kind, s.event_id) for s in said} == {
        (MotionKind.SCENE_CHANGED, "e1"),
        (MotionKind.MOTION, "e2"),
    }
    assert next(s for s in said if s.kind is MotionKind.SCENE_CHANGED).first_moving_ns == SECOND // 2


def test_a_second_event_does_not_begin_before_the_first_had_ended() -> None:
    told = happenings()
    told.after_look(look(5.0, moving=True, since_s=4.0))
    told.after_look(look(9.0))
    [begun] = told.after_look(look(9.5, moving=True, since_s=2.0))
    assert begun.event_id == "e2"
    assert begun.first_moving_ns == 5 * SECOND


def test_all_are_ended_when_judging_ends() -> None:
    told = happenings()
    told.after_look(look(1.0, moving=True, scene=True))
    assert [s.active for s in told.end_all()] == [False, False]
    assert not told.any_open


@given(st.lists(st.tuples(st.integers(1, 80), st.booleans(), st.booleans()), max_size=60))
def test_every_event_begins_once_ends_once_and_never_goes_back(steps: list[tuple[int, bool, bool]]) -> None:
    told, now, said = happenings(), 10.0, list[MotionState]()
    for tenths, moving, scene in steps:
        now += tenths / 10
        said += told.after_look(look(now, moving=moving, since_s=now - 1, scene=scene))
    said += told.end_all()
    for event_id in {state.event_id for state in said}:
        states = [state for state in said if state.event_id == event_id]
        assert [state.active for state in states] == [True] * (len(states) - 1) + [False]
        assert len({state.first_moving_ns for state in states}) == 1
        last = [state.last_moving_ns for state in states]
        assert last == sorted(last)
        assert states[0].first_moving_ns <= states[-1].last_moving_ns
