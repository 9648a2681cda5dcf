import msgspec

from vigilar.bus.messages import ConditionKind, ConditionState
from vigilar.cameras.health import CameraHealth
from vigilar.domain.camera import CameraState
from vigilar.domain.coverage import GapReason
from vigilar.domain.event import Severity
from worker.cameras.house import Desk, a_camera, a_look, a_status, desk


def keys(d: Desk) -> set[tuple[str, str]]:
    return {(item.key, item.camera) for item in CameraHealth(d.registry, d.clock).items()}


def both_online(d: Desk) -> None:
    for camera in ("door", "yard"):
        d.registry.capture_status(a_status(camera))
        d.registry.look_status(a_look(camera))


def test_nothing_is_said_when_all_is_well() -> None:
    d = desk()
    both_online(d)
    assert keys(d) == set()


def test_at_first_cameras_are_being_connected_and_then_nothing_is_watched() -> None:
    d = desk()
    assert keys(d) == {("camera_connecting", "door"), ("camera_connecting", "yard")}
    d.clock.forward(25)
    assert keys(d) == {("camera_offline", "door"), ("camera_offline", "yard"), ("nothing_watched", "")}


def test_one_camera_away_is_not_all_away() -> None:
    d = desk()
    both_online(d)
    d.clock.forward(25)
    both_online(d)
    d.registry.capture_status(a_status("yard", CameraState.OFFLINE, problem="camera yard: no route"))

    [item] = CameraHealth(d.registry, d.clock).items()
    assert (item.key, item.camera, item.severity) == ("camera_offline", "yard", Severity.WARNING)
    assert item.message == "camera yard: no route"


def test_disabled_cameras_are_not_missed_but_somebody_must_watch() -> None:
    d = desk(a_camera(), a_camera("yard", enabled=False))
    d.registry.capture_status(a_status())
    d.registry.look_status(a_look())
    assert keys(d) == set()
    assert keys(desk(a_camera(enabled=False))) == {("nothing_watched", "")}


def test_a_slow_disk_late_looks_and_long_key_intervals_are_said() -> None:
    d = desk(a_camera())
    d.registry.capture_status(a_status(queue_s=6))
    d.registry.look_status(a_look(behind_s=4, problem="key_interval_long"))

    assert keys(d) == {("disk_slow", "door"), ("look_behind", "door"), ("key_interval_long", "door")}


def test_a_look_process_that_is_away_is_said_aloud() -> None:
    d = desk(a_camera())
    d.registry.look_status(a_look())
    d.clock.forward(25)
    d.registry.capture_status(a_status())

    [item] = CameraHealth(d.registry, d.clock).items()
    assert (item.key, item.severity) == ("look_away", Severity.ALERT)


def test_a_disk_that_refuses_recordings_is_said() -> None:
    d = desk(a_camera("door"))
    d.registry.capture_status(msgspec.structs.replace(a_status(), gap=GapReason.DISK_FAILED))

    assert ("disk_failed", "door") in keys(d)


def test_what_is_wrong_with_a_picture_is_an_item_until_it_is_over_or_not_heard_of_any_more() -> None:
    d = desk(a_camera())
    d.registry.capture_status(a_status())
    d.registry.look_status(a_look())
    for kind in ConditionKind:
        d.registry.condition(ConditionState("door", kind, kind, True, 0, 0, "what it is"))

    items = {item.key: item for item in CameraHealth(d.registry, d.clock).items()}
    assert set(items) == {
        "camera_frozen", "camera_covered", "camera_defocused", "camera_moved", "sub_view_differs",
    }  # fmt: skip
    covered = items["camera_covered"]
    assert (covered.camera, covered.severity) == ("door", Severity.ALERT)
    assert covered.message == "camera door: what it is"

    d.registry.condition(ConditionState("door", "covered", ConditionKind.COVERED, False, 0, 0))
    assert ("camera_covered", "door") not in keys(d)
    d.clock.forward(31)
    d.registry.capture_status(a_status())
    d.registry.look_status(a_look())
    assert keys(d) == {("sub_view_differs", "door")}  # that one is found out once an hour only


def test_a_look_process_that_starts_anew_does_not_know_what_was_wrong() -> None:
    d = desk(a_camera())
    d.registry.capture_status(a_status())
    d.registry.condition(ConditionState("door", "1", ConditionKind.MOVED, True, 0, 0, "moved"))
    d.registry.look_restarted()
    assert ("camera_moved", "door") not in keys(d)


def test_a_connection_on_which_nothing_comes_is_another_item_than_a_camera_away() -> None:
    d = desk(a_camera())
    stalled = a_status(state=CameraState.OFFLINE, problem="sends nothing", cause="stalled")
    d.registry.capture_status(stalled)
    d.registry.look_status(a_look())
    assert ("camera_stalled", "door") in keys(d)
    assert ("camera_offline", "door") not in keys(d)
