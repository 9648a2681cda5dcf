"""What counts as movement, and what does not."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigilar.domain.settings import MotionSettings, Zone
from vigilar.look.cadence import Cadence
from vigilar.look.motion import MotionJudge, Verdict
from worker.look.pictures import HEIGHT, SECOND, WIDTH, Figure, Luma, Yard, lamp

FPS = 10
USUAL = MotionSettings()


def judged(
    show: Callable[[float], Luma], *, until_s: float, motion: MotionSettings = USUAL
) -> Iterator[tuple[float, Verdict]]:
    """Judge a scene at ten pictures a second, looked at as a camera would be; yields (seconds, verdict)."""
    judge, cadence = MotionJudge(motion), Cadence(motion)
    for number in range(int(until_s * FPS)):
        at_s = number / FPS
        at_ns = SECOND + int(at_s * SECOND)
        cadence.arrived(at_ns)
        if cadence.due(at_ns):
            verdict = judge.look(show(at_s), at_ns)
            cadence.looked(verdict)
            yield at_s, verdict


def moving_at(
    show: Callable[[float], Luma], *, until_s: float, motion: MotionSettings = USUAL
) -> list[float]:
    return [at_s for at_s, verdict in judged(show, until_s=until_s, motion=motion) if verdict.moving]


def test_a_person_who_walks_in_is_found_within_a_second_and_a_half() -> None:
    yard, person = Yard(), Figure(enters_s=5.0, x=-5, pace=30)
    times = moving_at(lambda t: yard.picture(t, person), until_s=10)
    assert times
    assert 5.0 <= times[0] <= 6.5


def test_the_beginning_told_never_lies_after_the_first_moving_picture() -> None:
    yard, person = Yard(), Figure(enters_s=5.0, x=40, pace=20)
    found = [v for _, v in judged(lambda t: yard.picture(t, person), until_s=9) if v.moving]
    assert found[0].since_ns is not None
    assert found[0].since_ns <= SECOND + 5 * SECOND
    assert found[0].since_ns >= SECOND + 4 * SECOND


def test_a_person_of_a_twentieth_of_the_height_is_found() -> None:
    yard = Yard(noise=1.5)
    person = Figure(enters_s=4.0, x=60, y=100, height=9, pace=7.0, tone=20)
    times = moving_at(lambda t: yard.picture(t, person), until_s=12)
    assert times
    assert times[0] < 11


def test_a_still_noisy_night_is_quiet() -> None:
    yard = Yard(noise=9.0)
    assert moving_at(lambda t: yard.picture(t, gain=0.3), until_s=30) == []


@pytest.mark.parametrize("gain", [0.5, 1.9])
def test_a_lamp_changes_the_scene_and_is_no_movement(gain: float) -> None:
    yard, light = Yard(), lamp(160, 60, 140.0)

    def show(t: float) -> Luma:
        return yard.picture(t, gain=gain * (light if 5 <= t < 12 else np.float32(1)))

    verdicts = list(judged(show, until_s=18))
    assert not any(verdict.moving for _, verdict in verdicts)
    changed = [at_s for at_s, verdict in verdicts if verdict.scene_changed]
    assert changed
    assert 5 <= changed[0] <= 5.6
    assert any(12 <= at_s <= 12.6 for at_s in changed)


def test_whoever_enters_as_the_lamp_goes_on_moves_within_two_seconds() -> None:
    yard, light = Yard(), lamp(160, 60, 140.0)
    person = Figure(enters_s=5.0, x=30, y=70, height=60, pace=45)

    def show(t: float) -> Luma:
        return yard.picture(t, person, gain=light if t >= 5 else np.float32(0.5))

    found = [(at_s, v) for at_s, v in judged(show, until_s=10) if v.moving]
    assert found
    at_s, verdict = found[0]
    assert at_s <= 7.0
    assert verdict.since_ns is not None
    assert verdict.since_ns <= SECOND + 5 * SECOND


def test_automatic_exposure_is_no_movement() -> None:
    yard = Yard()

    def gain(t: float) -> float:
        return 1 + 0.3 * sin(t / 1.5) + (0.15 if t > 12 else 0.0)

    assert moving_at(lambda t: yard.picture(t, gain=gain(t)), until_s=20) == []


def test_a_person_is_found_while_the_exposure_drifts() -> None:
    yard, person = Yard(), Figure(enters_s=8.0, x=30, pace=30)

    def gain(t: float) -> float:
        return 1 + 0.3 * sin(t / 1.5)

    times = moving_at(lambda t: yard.picture(t, person, gain=gain(t)), until_s=14)
    assert times
    assert 8 <= times[0] <= 10


def test_something_that_flickers_in_place_is_no_movement() -> None:
    yard = Yard()
    sign = Figure(x=100, y=60, height=36, pace=0, tone=200)

    def blinking(t: float) -> tuple[Figure, ...]:
        return (sign,) if int(t * 2) % 2 else ()

    assert moving_at(lambda t: yard.picture(t, *blinking(t)), until_s=20) == []


def test_what_was_put_down_is_part_of_the_scene_after_a_while() -> None:
    yard, parcel = Yard(), Figure(enters_s=4.0, x=150, y=120, height=24, pace=0)
    verdicts = list(judged(lambda t: yard.picture(t, parcel), until_s=24))
    assert not any(v.moving for _, v in verdicts)
    assert np.count_nonzero(verdicts[-1][1].mask) == 0


def test_only_what_moves_within_the_zones_counts() -> None:
    left = Zone("gate", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
    yard, person = Yard(), Figure(enters_s=3.0, x=180, pace=20)

    def show(t: float) -> Luma:
        return yard.picture(t, person)

    assert moving_at(show, until_s=8, motion=replace(USUAL, include=(left,))) == []
    right = replace(left, name="lawn", points=((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)))
    found = [v for _, v in judged(show, until_s=8, motion=replace(USUAL, include=(left, right))) if v.moving]
    assert found
    assert {zone for v in found for zone in v.zones} == {"lawn"}
    assert moving_at(show, until_s=8, motion=replace(USUAL, exclude=(right,))) == []


def test_settings_change_while_running_and_keep_what_was_learned() -> None:
    yard, person = Yard(), Figure(enters_s=0.0, x=10, pace=10)
    judge = MotionJudge(replace(USUAL, exclude=(Zone("all", ((0, 0), (1, 0), (1, 1), (0, 1))),)))
    times = itertools.count()

    def looks(n: int) -> list[Verdict]:
        return [
            judge.look(yard.picture(t / FPS, person), SECOND + t * SECOND // FPS)
            for t in itertools.islice(times, n)
        ]

    assert not any(verdict.moving for verdict in looks(40))
    judge.set_settings(USUAL)
    assert any(verdict.moving for verdict in looks(20))


def _seconds_of_motion(motion: MotionSettings, *, height: int = 20, tone: int = 60) -> int:
    yard, person = Yard(seed=3), Figure(enters_s=4.0, x=20, height=height, pace=18, tone=tone)
    return len({int(t) for t in moving_at(lambda t: yard.picture(t, person), until_s=12, motion=motion)})


def test_more_sensitivity_finds_no_less() -> None:
    found = [_seconds_of_motion(replace(USUAL, sensitivity=s), height=15, tone=75) for s in (0, 30, 60, 90)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_a_larger_smallest_area_finds_no_more() -> None:
    found = [_seconds_of_motion(replace(USUAL, min_area=a)) for a in (0.0005, 0.005, 0.05, 0.3)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0 < found[0]


def test_a_new_size_of_picture_begins_anew() -> None:
    judge, small, large = MotionJudge(USUAL), Yard(), Yard(size=(360, 640))
    for n in range(6):
        judge.look(small.picture(n / 2), SECOND * (n + 1) // 2)
    verdict = judge.look(large.picture(3.0), 4 * SECOND)
    assert not verdict.moving
    assert verdict.mask.shape == (HEIGHT, WIDTH)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 3), st.integers(0, 255)), min_size=2, max_size=12)
)
def test_no_sequence_of_pictures_breaks_it(looks: list[tuple[int, int, int]]) -> None:
    """Given any mixture of plain, noisy, dark and bright pictures, every verdict keeps its promises."""
    judge, rng, at_ns = MotionJudge(USUAL), np.random.default_rng(0), 0
    for step, kind, level in looks:
        at_ns += step * SECOND // 10
        picture = np.full((90, 160), level, np.uint8)
        if kind:
            picture = rng.integers(0, max(1, level) + 1, (90, 160)).astype(np.uint8) // kind
        verdict = judge.look(picture.astype(np.uint8), at_ns)
        assert set(np.unique(verdict.mask)) <= {0, 255}
        assert 0 <= verdict.score <= 1
        assert verdict.moving == (verdict.since_ns is not None) == bool(verdict.boxes)
        assert verdict.since_ns is None or verdict.since_ns <= at_ns
        for x, y, width, height in verdict.boxes:
            assert 0 <= x < x + width <= 1.0001
            assert 0 <= y < y + height <= 1.0001
