import asyncio

import pytest

from vigilar.bus.messages import KeyframeRequest, RecordNow, Reply, SetMotion, SetRecordingMode, StillRequest
from vigilar.cameras.service import Cameras
from vigilar.domain.camera import CameraState, RecordingMode
from vigilar.domain.errors import InvalidRequestError, NotFoundError, UnavailableError
from vigilar.domain.settings import MotionSettings
from worker.cameras.house import Desk, a_camera, a_status, desk
from worker.store.fakes import run

JPEG = b"\xff\xd8jpeg"


def online(**answers: object) -> tuple[Desk, Cameras]:
    d = desk()
    d.processes.answers.update(answers)  # type: ignore[arg-type]
    d.registry.capture_status(a_status())
    return d, Cameras(d.registry, d.processes)


def test_recording_now_returns_the_clip_that_was_begun() -> None:
    d, cameras = online(RecordNow=(Reply(ok=True, text="door_20260301T120000Z"), b""))

    assert run(cameras.record("door", 30)) == "door_20260301T120000Z"
    assert d.processes.asked == [("capture:door", RecordNow(30), b"")]


@pytest.mark.parametrize("seconds", [0, -1, 3601, float("nan"), float("inf")])
def test_absurd_lengths_are_refused_before_anybody_is_asked(seconds: float) -> None:
    d, cameras = online()
    with pytest.raises(InvalidRequestError, match="seconds"):
        run(cameras.record("door", seconds))
    assert d.processes.asked == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("not_found", NotFoundError),
        ("invalid_request", InvalidRequestError),
        ("unavailable", UnavailableError),
        ("something_new", UnavailableError),
    ],
)
def test_a_refusal_is_the_error_its_code_stands_for(code: str, error: type[Exception]) -> None:
    _, cameras = online(RecordNow=(Reply(ok=False, text="the disk is full", code=code), b""))
    with pytest.raises(error, match="the disk is full"):
        run(cameras.record("door", 30))


def test_settings_hold_only_after_the_process_took_them() -> None:
    d, cameras = online()
    d.processes.away = {"look", "capture:door"}
    with pytest.raises(UnavailableError):
        run(cameras.set_motion("door", MotionSettings(sensitivity=9)))
    with pytest.raises(UnavailableError):
        run(cameras.set_recording_mode("door", RecordingMode.OFF))
    assert d.registry.state("door").motion_override is None
    assert d.registry.state("door").mode_override is None

    d.processes.away = set()
    run(cameras.set_motion("door", MotionSettings(sensitivity=9)))
    assert cameras.get("door").motion_settings.sensitivity == 9


def test_a_process_that_comes_back_is_told_what_was_changed() -> None:
    d, cameras = online()
    run(cameras.set_recording_mode("door", RecordingMode.CONTINUOUS))
    run(cameras.set_motion("door", MotionSettings(sensitivity=9)))
    d.processes.asked.clear()

    run(cameras.capture_restarted("door"))
    run(cameras.capture_restarted("yard"))
    run(cameras.look_restarted())

    assert [(peer, command) for peer, command, _ in d.processes.asked] == [
        ("capture:door", SetRecordingMode(RecordingMode.CONTINUOUS)),
        ("look", SetMotion("door", MotionSettings(sensitivity=9))),
        ("look", SetMotion("yard", MotionSettings())),
    ]


def test_a_disabled_or_unknown_camera_cannot_be_asked_anything() -> None:
    d = desk(a_camera(enabled=False))
    cameras = Cameras(d.registry, d.processes)
    for ask in (cameras.record, cameras.snapshot):
        with pytest.raises(UnavailableError):
            run(ask("door", 100))
        with pytest.raises(NotFoundError):
            run(ask("cellar", 100))
    assert d.processes.asked == []


def test_a_snapshot_is_the_newest_key_frame_made_a_picture() -> None:
    d, cameras = online(KeyframeRequest=(Reply(ok=True), b"key frame"), StillRequest=(Reply(ok=True), JPEG))

    assert run(cameras.snapshot("door", 640)) == JPEG
    assert d.processes.asked == [
        ("capture:door", KeyframeRequest(), b""),
        ("look", StillRequest("door", 640), b"key frame"),
    ]


def test_many_who_ask_at_once_share_one_picture() -> None:
    d, cameras = online(StillRequest=(Reply(ok=True), JPEG))

    async def scenario() -> list[bytes | BaseException]:
        impatient = asyncio.ensure_future(cameras.snapshot("door", 640))
        others = [asyncio.ensure_future(cameras.snapshot("door", 640)) for _ in range(5)]
        await asyncio.sleep(0)
        impatient.cancel()
        return await asyncio.gather(*others, impatient, return_exceptions=True)

    *pictures, gone = run(scenario())
    assert pictures == [JPEG] * 5
    assert isinstance(gone, asyncio.CancelledError)
    assert len(d.processes.commands("look")) == 1


def test_without_a_key_frame_yet_the_last_picture_looked_at_is_shown() -> None:
    d, cameras = online(KeyframeRequest=None, StillRequest=(Reply(ok=True), JPEG))

    assert run(cameras.snapshot("door", 640)) == JPEG
    assert d.processes.asked[-1][2] == b""


def test_a_camera_that_is_away_has_no_picture_of_now() -> None:
    d, cameras = online(StillRequest=(Reply(ok=True), JPEG))
    d.registry.capture_status(a_status(state=CameraState.OFFLINE))

    with pytest.raises(UnavailableError, match="offline"):
        run(cameras.snapshot("door", 640))


def test_a_failed_snapshot_does_not_stand_in_the_way_of_the_next() -> None:
    d, cameras = online(StillRequest=(Reply(ok=True), JPEG))
    d.processes.away = {"look"}
    with pytest.raises(UnavailableError):
        run(cameras.snapshot("door", 640))
    d.processes.away = set()
    assert run(cameras.snapshot("door", 640)) == JPEG


@pytest.mark.parametrize("width", [0, -5, 15, 100_000])
def test_absurd_widths_are_refused(width: int) -> None:
    _, cameras = online()
    with pytest.raises(InvalidRequestError, match="width"):
        run(cameras.snapshot("door", width))
