"""Telling light from things."""

import numpy as np
import pytest

from vigilar.look.light import LightKind, is_light, judge_light, structure
from vigilar.look.picture import shrink
from worker.look.pictures import Figure, Luma, Yard, lamp


def shown(picture: Luma) -> Luma:
    return shrink(picture)[0]


def test_an_unchanged_scene_is_steady() -> None:
    yard = Yard()
    assert judge_light(shown(yard.picture(1)), shown(yard.picture(0))).kind is LightKind.STEADY


@pytest.mark.parametrize("gain", [0.6, 0.9, 1.15, 1.5])
def test_exposure_is_told_as_the_gain_it_is(gain: float) -> None:
    yard = Yard()
    light = judge_light(shown(yard.picture(1, gain=gain)), shown(yard.picture(0)))
    assert light.kind is LightKind.SHIFTED
    assert 100 * light.gain + light.offset == pytest.approx(100 * gain, abs=3)


def test_a_large_thing_does_not_pass_for_exposure() -> None:
    yard, truck = Yard(), Figure(x=20, y=20, height=150, pace=0, tone=220)
    light = judge_light(shown(yard.picture(1, truck)), shown(yard.picture(0)))
    assert light.kind is LightKind.STEADY


def test_a_lamp_that_lights_everything_unevenly_changes_the_scene() -> None:
    yard = Yard()
    new = yard.picture(1, gain=lamp(60, 60, 60.0, 2.0) * lamp(260, 120, 80.0, 2.0))
    light = judge_light(shown(new), shown(yard.picture(0, gain=0.4)))
    assert light.kind is LightKind.CHANGED
    assert light.strong


def test_a_spot_of_lamp_light_is_light_and_a_thing_is_not() -> None:
    yard = Yard()
    before = structure(shown(yard.picture(0)))
    spot = np.zeros((180, 320), np.uint8)
    spot[60:110, 100:160] = 255
    lit = structure(shown(yard.picture(1, gain=lamp(130, 85, 40.0))))
    thing = structure(shown(yard.picture(1, Figure(x=105, y=60, height=48, pace=0, tone=20))))
    assert is_light(before, lit, spot, noise=2.0)
    assert not is_light(before, thing, spot, noise=2.0)


def test_a_small_spot_is_never_called_light() -> None:
    yard = Yard()
    same = structure(shown(yard.picture(0)))
    spot = np.zeros((180, 320), np.uint8)
    spot[50:56, 50:56] = 255
    assert not is_light(same, same, spot, noise=2.0)


@pytest.mark.parametrize("level", [0, 255])
def test_plain_pictures_do_not_disturb_it(level: int) -> None:
    plain = np.full((180, 320), level, np.uint8)
    assert judge_light(plain, shown(Yard().picture(0))).kind is not LightKind.STEADY
    assert judge_light(plain, plain).kind is LightKind.STEADY
