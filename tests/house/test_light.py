"""A lamp goes on: that is recorded as a change of the scene, and whoever comes in with it is still seen."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from fakecam.process import FakeCameraProcess
from fakecam.scene import Ink, Place, Scene, Switch, Walk
from fakecam.spec import CameraSpec
from rig.house import House, Json, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ON_S = 14.0
LAMP = Scene(
    seconds=40.0, place=Place.ROOM, ink=Ink.NONE, lamp=(Switch(ON_S, on=True), Switch(34.0, on=False))
)
ENTERING = Scene(
    seconds=40.0,
    place=Place.ROOM,
    ink=Ink.NONE,
    lamp=(Switch(ON_S, on=True), Switch(34.0, on=False)),
    walks=(Walk(ON_S - 0.3, 6.0),),
)
SEEN_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeCameraProcess]:
    with FakeCameraProcess([CameraSpec("lamp", LAMP), CameraSpec("entering", ENTERING)]) as cameras:
        yield cameras


@pytest.fixture(scope="module")
def house(fake: FakeCameraProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    recording = {"post_roll": 2}
    cameras: Json = {
        name: {"main": fake.url(name), "sub": fake.url(name), "recording": recording}
        for name in ("lamp", "entering")
    }
    with House(tmp_path_factory.mktemp("light") / "house", cameras) as running:
        running.wait_online()
        yield running


def events(house: House, camera: str, kind: str) -> list[Json]:
    """Return a camera's events of one kind, the oldest first."""
    found: list[Json] = house.get("/events", camera=camera, type=kind)["items"]
    return found[::-1]


def test_a_lamp_is_a_changed_scene_and_is_recorded(house: House) -> None:
    wait_for(lambda: events(house, "lamp", "scene_changed"), "the lamp to be noticed", 90, log=house.log)
    clip = wait_for(lambda: house.clips(camera="lamp"), "its clip", 60, log=house.log)[-1]
    assert clip["trigger"] == "scene_changed"
    assert not events(house, "lamp", "motion")


def test_who_enters_with_the_light_is_seen_within_two_seconds(house: House, fake: FakeCameraProcess) -> None:
    # Given somebody who comes in at the moment the lamp goes on
    motion = wait_for(lambda: events(house, "entering", "motion"), "somebody to be seen", 90, log=house.log)[
        0
    ]
    # Then the log tells of motion no later than two seconds (times three, on a busy machine) after that
    told = datetime.fromisoformat(motion["start"])
    changed = datetime.fromisoformat(events(house, "entering", "scene_changed")[0]["start"])
    assert abs((told - changed).total_seconds()) <= 3 * SEEN_WITHIN_S
