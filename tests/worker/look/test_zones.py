"""Polygons on the working picture."""

import numpy as np

from vigilar.domain.settings import MotionSettings, Zone
from vigilar.look.picture import Box
from vigilar.look.zones import Zones

SHAPE = (100, 200)
LEFT = Zone("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
CORNER = Zone("corner", ((0, 0), (0.25, 0), (0, 0.5)))


def test_without_zones_everything_is_watched() -> None:
    zones = Zones(MotionSettings(), SHAPE)
    assert zones.watched is None
    assert zones.touched(Box(0, 0, 200, 100)) == ()


def test_an_include_zone_leaves_the_rest_unwatched() -> None:
    zones = Zones(MotionSettings(include=(LEFT,)), SHAPE)
    assert zones.watched is not None
    assert zones.watched[50, 40] == 255
    assert zones.watched[50, 160] == 0
    assert zones.touched(Box(90, 10, 140, 30)) == ("left",)
    assert zones.touched(Box(150, 10, 180, 30)) == ()


def test_an_exclude_zone_wins_over_an_include_zone() -> None:
    zones = Zones(MotionSettings(include=(LEFT,), exclude=(CORNER,)), SHAPE)
    assert zones.watched is not None
    assert zones.watched[5, 5] == 0
    assert zones.watched[90, 90] == 255


def test_an_exclude_zone_alone_leaves_the_rest_watched() -> None:
    zones = Zones(MotionSettings(exclude=(LEFT,)), SHAPE)
    assert zones.watched is not None
    assert np.count_nonzero(zones.watched[:, 110:]) == zones.watched[:, 110:].size
    assert not zones.watched[:, :90].any()
