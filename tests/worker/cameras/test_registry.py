from dataclasses import replace

import pytest

from vigilar.bus.messages import MotionKind
from vigilar.domain.camera import CameraState, RecordingMode
from vigilar.domain.errors import NotFoundError
from vigilar.domain.settings import MotionSettings
from worker.cameras.house import FACTS, a_camera, a_look, a_motion, a_status, desk
from worker.store.fakes import BEGIN


def test_cameras_are_shown_in_the_order_of_the_configuration() -> None:
    d = desk(a_camera("yard"), a_camera("attic"), a_camera("door", enabled=False))

    assert [view.id for view in d.registry.all()] == ["yard", "attic", "door"]
    assert [view.state for view in d.registry.all()] == [
        CameraState.CONNECTING, CameraState.CONNECTING, CameraState.DISABLED,
    ]  # fmt: skip
    with pytest.raises(NotFoundError):
        d.registry.get("cellar")


def test_a_camera_is_what_its_process_says() -> None:
    d = desk()

    d.registry.capture_status(
        a_status(recording=("door_x",), mode=RecordingMode.CONTINUOUS, reconnects=3, problem="slow")
    )

    view = d.registry.get("door")
    assert (view.state, view.mode, view.recording) == (CameraState.ONLINE, RecordingMode.CONTINUOUS, True)
    assert (view.main, view.reconnects, view.problem) == (FACTS, 3, "slow")


def test_a_process_that_falls_silent_makes_its_camera_offline_and_back() -> None:
    d = desk()
    d.registry.capture_status(a_status(recording=("door_x",)))
    d.clock.forward(21)
    d.registry.tick()

    view = d.registry.get("door")
    assert (view.state, view.recording) == (CameraState.OFFLINE, False)
    assert "does not answer" in view.problem
    assert view.main == FACTS

    d.registry.capture_status(a_status())
    assert d.registry.get("door").state is CameraState.ONLINE
    assert [told.state for told in d.told.of("camera") if told.id == "door"] == [
        CameraState.ONLINE, CameraState.OFFLINE, CameraState.ONLINE,
    ]  # fmt: skip


def test_a_camera_that_never_came_is_connecting_first_and_offline_later() -> None:
    d = desk()
    assert d.registry.get("door").state is CameraState.CONNECTING
    d.clock.forward(25)
    assert d.registry.get("door").state is CameraState.OFFLINE


def test_only_changes_worth_telling_are_told() -> None:
    d = desk()
    d.registry.capture_status(a_status())
    for fps in (15.1, 14.9, 15.0):
        d.registry.capture_status(a_status(main=replace(FACTS, fps=fps, bit_rate=round(fps * 1000))))
    assert len(d.told.of("camera")) == 1

    d.registry.capture_status(a_status(main=replace(FACTS, width=640)))
    assert len(d.told.of("camera")) == 2


def test_motion_is_shown_while_it_is_repeated_and_remembered_after() -> None:
    d = desk()
    d.registry.motion(a_motion(d.clock))
    d.clock.forward(1)
    d.registry.motion(a_motion(d.clock, first_s=1))
    assert d.registry.get("door").motion
    assert not d.registry.get("yard").motion
    seen = d.clock.now()

    d.clock.forward(6)  # the look process died
    d.registry.tick()

    view = d.registry.get("door")
    assert not view.motion
    assert view.last_motion == seen
    assert [told.motion for told in d.told.of("camera")] == [True, False]


def test_motion_ends_when_all_of_its_events_ended() -> None:
    d = desk()
    for event in ("m1", "m2"):
        d.registry.motion(a_motion(d.clock, event))
    d.registry.motion(a_motion(d.clock, "m1", active=False))
    assert d.registry.get("door").motion
    d.registry.motion(a_motion(d.clock, "m2", active=False))
    assert not d.registry.get("door").motion


def test_a_change_of_light_is_no_motion() -> None:
    d = desk()
    d.registry.motion(a_motion(d.clock, kind=MotionKind.SCENE_CHANGED))

    view = d.registry.get("door")
    assert not view.motion
    assert view.last_motion is None


def test_what_was_known_before_a_restart_is_shown_again() -> None:
    d = desk()
    d.registry.remember({"door": BEGIN}, {"door": "door_x"})
    d.registry.restarts({"door": 2})

    view = d.registry.get("door")
    assert (view.last_motion, view.last_clip, view.restarts) == (BEGIN, "door_x", 2)


def test_messages_of_a_camera_that_is_not_configured_change_nothing() -> None:
    d = desk()
    d.registry.capture_status(a_status("cellar"))
    d.registry.look_status(a_look("cellar"))
    d.registry.motion(a_motion(d.clock, camera="cellar"))
    d.registry.newest_clip("cellar", "x")

    assert d.told.changes == []


def test_settings_changed_while_running_are_the_ones_shown() -> None:
    d = desk()
    d.registry.override_motion("door", MotionSettings(sensitivity=80))
    d.registry.override_mode("door", RecordingMode.OFF)

    view = d.registry.get("door")
    assert view.motion_settings.sensitivity == 80
    assert view.mode is RecordingMode.OFF


def test_what_is_missing_of_today_is_told_and_while_it_grows_in_steps() -> None:
    d = desk()
    d.registry.capture_status(a_status())
    d.registry.missing_today({"door": 3.5})
    assert d.registry.get("door").missing_today_s == 3.5
    assert d.told.of("camera")[-1].missing_today_s == 3.5

    d.registry.capture_status(a_status(state=CameraState.OFFLINE))
    told = len(d.told.of("camera"))
    for seconds in range(4, 64):
        d.registry.missing_today({"door": float(seconds)})
    assert d.registry.get("door").missing_today_s == 63
    assert len(d.told.of("camera")) == told + 2
