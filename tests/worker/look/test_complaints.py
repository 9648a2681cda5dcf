"""What is wrong with a picture, told as events."""

import itertools

from vigilar.bus.messages import ConditionKind
from vigilar.look.complaints import Complaints
from vigilar.look.condition import Condition
from worker.look.pictures import SECOND


def complaints() -> Complaints:
    numbers = itertools.count(1)
    return Complaints("door", lambda: f"c{next(numbers)}")


def covered(last_s: int) -> Condition:
    return Condition(ConditionKind.COVERED, 10 * SECOND, last_s * SECOND, "something covers the lens")


def test_a_condition_is_told_when_it_begins_while_it_lasts_and_when_it_ends() -> None:
    desk = complaints()
    [begun] = desk.after_look([covered(16)], 16 * SECOND)
    assert (begun.event_id, begun.kind, begun.active) == ("c1", ConditionKind.COVERED, True)
    assert (begun.first_ns, begun.last_ns) == (10 * SECOND, 16 * SECOND)

    assert desk.after_look([covered(18)], 18 * SECOND) == []
    assert desk.after_time(18 * SECOND) == []
    [lasts] = desk.after_time(21 * SECOND)
    assert (lasts.event_id, lasts.active, lasts.last_ns) == ("c1", True, 18 * SECOND)
    assert desk.after_time(22 * SECOND) == []

    [over] = desk.after_look([], 30 * SECOND)
    assert (over.event_id, over.active, over.last_ns) == ("c1", False, 18 * SECOND)
    assert desk.after_time(60 * SECOND) == []


def test_the_same_thing_later_is_another_event_and_two_things_are_two() -> None:
    desk = complaints()
    desk.after_look([covered(16)], 16 * SECOND)
    desk.after_look([], 20 * SECOND)
    moved = Condition(ConditionKind.MOVED, 50 * SECOND, 60 * SECOND, "another view")
    told = desk.after_look([covered(60), moved], 60 * SECOND)
    assert [(state.event_id, state.kind) for state in told] == [
        ("c2", ConditionKind.COVERED),
        ("c3", ConditionKind.MOVED),
    ]
    assert [(state.event_id, state.active) for state in desk.end_all()] == [("c2", False), ("c3", False)]
