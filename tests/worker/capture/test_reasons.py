from dataclasses import dataclass

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.capture.reasons import Reasons
from vigilar.domain.clip import Trigger

S = 1_000_000_000


@dataclass
class Word:
    event: str = "e"
    kind: MotionKind = MotionKind.MOTION

    def at(self, first_s: float, last_s: float, *, active: bool = True) -> MotionState:
        return MotionState("door", self.event, self.kind, active, int(first_s * S), int(last_s * S), 0.5)


def test_a_lasting_event_holds_until_the_post_roll_after_it_was_last_heard_of() -> None:
    reasons = Reasons(post_roll_s=10)

    assert reasons.motion(Word().at(100, 101), 102 * S)

    assert reasons.hold(112 * S)
    assert not reasons.hold(112 * S + 1)


def test_an_ended_event_holds_until_the_post_roll_after_its_last_movement() -> None:
    reasons = Reasons(post_roll_s=10)
    reasons.motion(Word().at(100, 101), 102 * S)

    assert not reasons.motion(Word().at(100, 104, active=False), 108 * S)

    assert reasons.hold(114 * S)
    assert not reasons.hold(114 * S + 1)


def test_words_that_come_late_change_nothing() -> None:
    reasons = Reasons(post_roll_s=10)
    reasons.motion(Word().at(100, 101), 102 * S)
    reasons.motion(Word().at(100, 104, active=False), 105 * S)

    assert not reasons.motion(Word().at(100, 102), 113 * S)

    assert not reasons.hold(114 * S + 1)


def test_an_event_that_was_over_long_ago_calls_for_nothing() -> None:
    reasons = Reasons(post_roll_s=10)

    assert not reasons.motion(Word().at(100, 110), 200 * S)
    assert not reasons.hold(200 * S)


def test_a_wish_holds_by_itself_and_is_the_weakest_cause() -> None:
    reasons = Reasons(post_roll_s=10)
    reasons.ask(130 * S)
    assert reasons.cause() == (Trigger.MANUAL, None)

    reasons.motion(Word("light", MotionKind.SCENE_CHANGED).at(100, 101), 101 * S)
    assert reasons.cause() == (Trigger.SCENE_CHANGED, "light")
    reasons.motion(Word("walk").at(100, 101), 101 * S)
    assert reasons.cause() == (Trigger.MOTION, "walk")

    reasons.clear_motion()
    assert reasons.hold(130 * S)
    assert not reasons.hold(130 * S + 1)


def test_events_that_are_over_are_named_no_more() -> None:
    reasons = Reasons(post_roll_s=10)
    reasons.motion(Word("a").at(100, 101), 101 * S)
    reasons.motion(Word("b").at(100, 105), 106 * S)

    assert reasons.hold(112 * S)

    assert reasons.event_ids() == ("b",)
