"""What is decoded of a stream."""

import pytest

from vigilar.domain.settings import MotionSettings
from vigilar.look.policy import KEY_INTERVAL_LONG, DecodePolicy, Depth, KeyInterval

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("has_sub", "interval_s", "thrift", "depth"),
    [
        (True, 0.0, False, Depth.ALL),
        (True, 2.0, False, Depth.ALL),
        (True, 0.5, False, Depth.KEYS),
        (False, 0.0, False, Depth.ALL),
        (False, 1.0, False, Depth.KEYS),
        (False, 2.0, False, Depth.REFERENCES),
        (False, 4.0, True, Depth.KEYS),
    ],
)
def test_as_little_as_still_gives_the_looks_wanted(
    has_sub: bool, interval_s: float, thrift: bool, depth: Depth
) -> None:
    policy = DecodePolicy(MotionSettings(thrift=thrift), has_sub)
    assert policy.idle_depth(interval_s) is depth


def test_thrift_with_rare_key_frames_is_said_to_be_a_problem() -> None:
    assert DecodePolicy(MotionSettings(thrift=True), has_sub=False).problem(4.0) == KEY_INTERVAL_LONG
    assert DecodePolicy(MotionSettings(thrift=True), has_sub=False).problem(1.0) == ""
    assert DecodePolicy(MotionSettings(), has_sub=False).problem(4.0) == ""


def test_the_key_interval_is_measured_and_an_interruption_does_not_count() -> None:
    interval = KeyInterval()
    assert interval.seconds == 0
    for at_s in (1, 3, 5):
        interval.key_frame(at_s * SECOND)
    interval.interrupted()
    interval.key_frame(500 * SECOND)
    assert interval.seconds == 2.0
