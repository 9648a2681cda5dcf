"""When a picture is judged."""

import numpy as np
import pytest

from vigilar.domain.settings import MotionSettings
from vigilar.look.cadence import Cadence
from vigilar.look.motion import Verdict

SECOND = 1_000_000_000
NOTHING = np.zeros((2, 2), np.uint8)


def looks(fps: float, *, moving: bool = False, curious: bool = False, strained: bool = False) -> float:
    """Return looks per second over ten seconds of a camera's pictures."""
    cadence, count = Cadence(MotionSettings()), 0
    for number in range(int(10 * fps)):
        at_ns = SECOND + int(number * SECOND / fps)
        cadence.arrived(at_ns)
        if cadence.due(at_ns):
            count += 1
            cadence.looked(Verdict(at_ns, at_ns, NOTHING, moving, at_ns, curious=curious), strained=strained)
    return count / 10


@pytest.mark.parametrize("fps", [2, 5, 7, 15, 25, 30])
def test_two_looks_a_second_while_nothing_stirs(fps: int) -> None:
    assert looks(fps) == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("fps", [5, 15, 30])
def test_every_picture_up_to_thirty_while_something_moves(fps: int) -> None:
    assert looks(fps, moving=True) == pytest.approx(fps, abs=0.5)


def test_no_more_than_thirty_looks_a_second() -> None:
    assert looks(60, moving=True) <= 31


def test_closer_looks_while_something_may_begin_to_move() -> None:
    assert 10 <= looks(30, curious=True) <= 16


def test_rare_looks_while_the_machine_does_not_keep_up() -> None:
    assert looks(25, moving=True, strained=True) == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("fps", [10, 15, 20, 25])
def test_looks_keep_step_with_key_frames_two_seconds_apart(fps: int) -> None:
    # Given pictures with a key frame each two seconds, and a beat that began in the middle
    cadence, looked = Cadence(MotionSettings()), list[float]()
    for number in range(3, 20 * fps):
        at_ns, key = SECOND + number * SECOND // fps, number % (2 * fps) == 0
        cadence.arrived(at_ns)
        if cadence.due(at_ns, key=key):
            looked.append(number / fps)
            cadence.looked(Verdict(at_ns, at_ns, NOTHING), key=key)
    # Then every key frame is looked at, with four looks to a group of pictures, the last one early
    settled = [at for at in looked if at >= 4]
    assert {at for at in settled if at % 2 == 0} == {4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0}
    assert len(settled) / 16 == pytest.approx(2, abs=0.3)
    assert max(at % 2 for at in settled) <= 1.6
