"""Main and sub-stream side by side."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vigilar.look.views import DIFFERS, SAME_VIEW, UNCLEAR, compare_views
from worker.look.pictures import Figure, Yard

type Luma = NDArray[np.uint8]


@pytest.fixture(scope="module")
def main() -> Luma:
    return Yard(size=(720, 1280)).picture(0.0)


def fitted(picture: Luma, width: int, height: int) -> Luma:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)


@pytest.mark.parametrize("size", [(640, 360), (640, 480), (352, 288)])
def test_the_same_view_is_the_same_in_any_size_and_even_squeezed(main: Luma, size: tuple[int, int]) -> None:
    assert compare_views(main, fitted(main, *size)) == SAME_VIEW


def test_somebody_who_came_in_between_changes_nothing(main: Luma) -> None:
    yard = Yard(size=(720, 1280))
    later = yard.picture(0.0, Figure(x=500, y=200, height=500), gain=0.8)
    assert compare_views(main, fitted(later, 640, 360)) == SAME_VIEW


def test_a_sub_stream_cut_to_its_middle_differs_and_says_how(main: Luma) -> None:
    answer = compare_views(main, fitted(main[:, 160:-160], 640, 480))
    assert answer.startswith(DIFFERS)
    assert "middle 75% of main's width and 100% of its height" in answer


def test_a_main_stream_that_shows_less_differs_too(main: Luma) -> None:
    answer = compare_views(main[:, 160:-160], fitted(main, 640, 360))
    assert answer.startswith(DIFFERS)
    assert "main shows only" in answer


def test_another_place_differs(main: Luma) -> None:
    rng = np.random.default_rng(5)
    elsewhere = cv2.resize(rng.uniform(0, 255, (9, 16)).astype(np.float32), (640, 360)).astype(np.uint8)
    answer = compare_views(main, elsewhere)
    assert answer.startswith(DIFFERS)
    assert "another place" in answer


def test_in_the_dark_nothing_can_be_said(main: Luma) -> None:
    assert compare_views(main, np.full((360, 640), 17, np.uint8)) == UNCLEAR
