"""The working picture."""

import numpy as np
import pytest

from vigilar.look.picture import Box, shrink, working_shape


@pytest.mark.parametrize(
    ("shape", "working"),
    [
        ((360, 640), (180, 320)),
        ((240, 320), (240, 320)),
        ((1080, 1920), (180, 320)),
        ((1080, 608), (360, 202)),
    ],
)
def test_streams_are_shrunk_by_a_whole_number(shape: tuple[int, int], working: tuple[int, int]) -> None:
    assert working_shape(shape) == working
    assert shrink(np.zeros(shape, np.uint8))[0].shape == working


def test_rows_may_be_padded_as_decoders_leave_them() -> None:
    padded = np.zeros((360, 704), np.uint8)
    padded[:, :640] = 90
    picture, _ = shrink(padded[:, :640])
    assert (picture == 90).all()


def test_a_box_is_told_in_shares_of_the_picture() -> None:
    assert Box(80, 45, 160, 90).normalised((180, 320)) == (0.25, 0.25, 0.25, 0.25)


def test_boxes_near_one_another() -> None:
    assert Box(0, 0, 10, 10).near(Box(14, 0, 20, 10), 8)
    assert not Box(0, 0, 10, 10).near(Box(30, 0, 40, 10), 8)
