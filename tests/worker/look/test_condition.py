"""A camera that is tampered with, and all that only looks like it. Pictures come twice a second."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from bench.footage.condition import TELLS, Harm, Watch, watch
from numpy.typing import NDArray

from vigilar.bus.messages import ConditionKind
from vigilar.domain.settings import ConditionSettings
from worker.look.pictures import Figure, Yard

pytestmark = pytest.mark.slow

type Luma = NDArray[np.uint8]

HEIGHT, WIDTH = 360, 640

FROM_S, UNTIL_S, END_S = 90.0, 150.0, 170.0
_ys, _xs = np.ogrid[0:HEIGHT, 0:WIDTH]
LAMP = (0.6 + 1.2 * np.exp(-((_xs - 200) ** 2 + (_ys - 120) ** 2) / 140.0**2)).astype(np.float32)
WITHIN_S = {
    ConditionKind.FROZEN: 30.0,
    ConditionKind.COVERED: 12.0,
    ConditionKind.DEFOCUSED: 35.0,
    ConditionKind.MOVED: 25.0,
}


class Garden(Yard):
    """A larger yard whose noise is drawn from a few planes, for speed."""

    def __init__(self) -> None:
        super().__init__(size=(HEIGHT, WIDTH))
        self._grain = [self._rng.normal(0, self.noise, (HEIGHT, WIDTH)).astype(np.float32) for _ in range(7)]
        self._number = 0

    def picture(self, at_s: float, *figures: Figure, gain: float | NDArray[np.float32] = 1.0) -> Luma:
        scene = self.ground.copy() if figures else self.ground
        for figure in figures:
            figure.draw(scene, at_s)
        self._number += 1
        return np.clip(scene * gain + self._grain[self._number % 7], 0, 255).astype(np.uint8)


def scene(paint: Callable[[Yard, float], Luma] = lambda yard, at_s: yard.picture(at_s)) -> Iterator[Luma]:
    yard, number = Garden(), 0
    while True:
        yield paint(yard, number / 2)
        number += 1


def kinds(seen: Watch) -> list[ConditionKind]:
    return [kind for kind, _ in seen.told]


@pytest.mark.parametrize(
    "harm", [Harm.FREEZE, Harm.HAND, Harm.PAINT, Harm.BLUR, Harm.NUDGE, Harm.ROLL, Harm.TURN]
)
def test_every_harm_is_told_once_in_time_and_ends_when_it_is_undone(harm: Harm) -> None:
    until_s = FROM_S + 100.0 if harm is Harm.TURN else UNTIL_S
    seen = watch(scene(), until_s + 20.0, harm=harm, from_s=FROM_S, until_s=until_s)
    assert kinds(seen) == [TELLS[harm]]
    within_s = 75.0 if harm is Harm.TURN else WITHIN_S[TELLS[harm]]
    assert FROM_S <= seen.told[0][1] <= FROM_S + within_s
    assert [kind for kind, _ in seen.ended] == [TELLS[harm]]
    assert until_s <= seen.ended[0][1] <= until_s + 15.0


@pytest.mark.parametrize(
    ("switch", "harm"),
    [
        (ConditionSettings(frozen=False), Harm.FREEZE),
        (ConditionSettings(covered=False), Harm.PAINT),
        (ConditionSettings(defocused=False), Harm.BLUR),
        (ConditionSettings(moved=False), Harm.NUDGE),
    ],
)
def test_what_is_switched_off_is_not_told(switch: ConditionSettings, harm: Harm) -> None:
    seen = watch(scene(), UNTIL_S, harm=harm, from_s=FROM_S, settings=switch)
    assert seen.told == []


def test_a_moved_camera_is_told_and_then_its_new_view_is_the_view() -> None:
    seen = watch(scene(), FROM_S + 420.0, harm=Harm.NUDGE, from_s=FROM_S)
    assert kinds(seen) == [ConditionKind.MOVED]
    [(_, ended_s)] = seen.ended
    assert FROM_S + 300.0 <= ended_s <= FROM_S + 330.0


def test_a_camera_out_of_focus_stays_so_while_the_light_changes() -> None:
    def dimmed(yard: Yard, at_s: float) -> Luma:
        return yard.picture(at_s, gain=0.5 if at_s >= FROM_S + 60.0 else 1.0)

    seen = watch(scene(dimmed), FROM_S + 200.0, harm=Harm.BLUR, from_s=FROM_S)
    assert kinds(seen) == [ConditionKind.DEFOCUSED]
    assert seen.ended == []


def dark(level: float) -> Callable[[Yard, float], Luma]:
    def paint(yard: Yard, at_s: float) -> Luma:
        return yard.picture(at_s, gain=level if at_s >= FROM_S else 1.0)

    return paint


def fog(yard: Yard, at_s: float) -> Luma:
    thick = min(max((at_s - FROM_S) / 240.0, 0.0), 1.0)
    clear = yard.picture(at_s).astype(np.float32)
    return np.clip(clear * (1 - thick) + 150 * thick, 0, 255).astype(np.uint8)


def lamp_on(yard: Yard, at_s: float) -> Luma:
    return yard.picture(at_s, gain=LAMP if at_s >= FROM_S else 0.6)


def lorry(yard: Yard, at_s: float) -> Luma:
    """A large plain side with letters goes through, and fills two thirds of the picture for half a minute."""
    picture = yard.picture(at_s)
    if FROM_S <= at_s < FROM_S + 40.0:
        left = int(max(WIDTH // 3, WIDTH - 240 * (at_s - FROM_S)))
        picture[:, left:] = 140
        cv2.putText(picture, "LORRY", (left + 20, HEIGHT // 2), cv2.FONT_HERSHEY_SIMPLEX, 3.2, 30, 8)
    return picture


def walkers(yard: Yard, at_s: float) -> Luma:
    near = Figure(x=-120, y=0, height=360, pace=80.0, enters_s=at_s // 12 * 12)
    return yard.picture(at_s, near)


@pytest.mark.parametrize(
    "paint",
    [
        pytest.param(dark(0.0), id="the lamp goes out and nothing is left"),
        pytest.param(dark(0.12), id="dark, but there is something"),
        pytest.param(dark(0.5), id="half the light"),
        pytest.param(fog, id="fog comes up"),
        pytest.param(lamp_on, id="a lamp goes on"),
        pytest.param(lorry, id="a lorry stops"),
        pytest.param(walkers, id="people pass close by"),
    ],
)
def test_light_weather_and_things_are_no_harm_to_the_camera(paint: Callable[[Yard, float], Luma]) -> None:
    assert watch(scene(paint), FROM_S + 300.0).told == []


def test_a_view_without_structure_is_neither_covered_nor_moved() -> None:
    rng = np.random.default_rng(3)

    def wall() -> Iterator[Luma]:
        while True:
            yield np.clip(rng.normal(128, 2, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8)

    assert watch(wall(), FROM_S + 60.0, harm=Harm.NUDGE, from_s=FROM_S).told == []
