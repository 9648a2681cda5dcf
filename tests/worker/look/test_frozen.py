"""A frozen picture: equal key frames, and nothing else."""

import numpy as np
from numpy.typing import NDArray

from vigilar.look.frozen import FrozenJudge
from worker.look.pictures import SECOND, Yard

type Luma = NDArray[np.uint8]


def first_told_s(pictures: list[Luma], every_s: float) -> float | None:
    """Return when the picture is called frozen, in seconds from the first."""
    judge = FrozenJudge()
    for number, picture in enumerate(pictures):
        judge.key_frame(picture[::2, ::2], picture, 50 * SECOND + round(number * every_s * SECOND))
        if judge.frozen:
            return number * every_s
    return None


def test_equal_key_frames_two_seconds_apart_are_told_within_thirty() -> None:
    picture = Yard().picture(0.0)
    told_s = first_told_s([picture.copy() for _ in range(30)], 2.0)
    # The freeze may have begun one key interval before the first equal picture.
    assert told_s is not None
    assert 20.0 <= told_s <= 30.0 - 2.0


def test_rare_key_frames_need_ten_equal_ones_all_the_same() -> None:
    picture = Yard().picture(0.0)
    assert first_told_s([picture] * 9, 10.0) is None
    assert first_told_s([picture] * 30, 10.0) in {90.0, 100.0}


def test_noise_alone_keeps_a_still_scene_from_being_frozen() -> None:
    yard = Yard(noise=0.4)
    assert first_told_s([yard.picture(n / 2) for n in range(200)], 2.0) is None


def test_one_pixel_that_differs_once_begins_the_count_anew() -> None:
    pictures = [Yard().picture(0.0).copy() for _ in range(30)]
    for picture in pictures[9:]:
        picture[1, 1] += 1  # between the shrunk picture's pixels: the whole one is compared
    told_s = first_told_s(pictures, 2.0)
    assert told_s is not None
    assert told_s >= 18.0 + 26.0


def test_a_black_night_without_any_structure_is_not_called_frozen() -> None:
    assert first_told_s([np.full((180, 320), 16, np.uint8)] * 200, 2.0) is None
