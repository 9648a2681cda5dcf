"""The whole process on a fake camera: what a household relies on, from packets to files that play."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from fakecam.scene import Scene
from fakecam.spec import CameraSpec
from fakecam.thread import FakeCameraThread
from vigilar.bus.messages import (
    CameraStateChanged,
    CaptureStarted,
    CaptureStatus,
    ClipOpened,
    ClipSealed,
    FootageGap,
    KeyframeRequest,
    LookStarted,
    RecordNow,
    SetRecordingMode,
)
from vigilar.bus.packets import StillSource
from vigilar.domain.camera import CameraState, RecordingMode
from vigilar.domain.clip import Clip, ClipKind, Trigger
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import RecordingSettings
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader
from worker.capture.running import Running

pytestmark = pytest.mark.slow
PRE_ROLL_S = 2.0
FPS = Scene.small().fps
SHORT = RecordingSettings(pre_roll_s=PRE_ROLL_S, post_roll_s=1.0)


@pytest.fixture(scope="module")
def camera() -> Iterator[FakeCameraThread]:
    with FakeCameraThread([CameraSpec.small("door", audio="pcm_alaw")]) as cameras:
        yield cameras


@pytest.fixture
def run(camera: FakeCameraThread, tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, camera.url("door"), recording=SHORT) as running:
        yield running


@dataclass(frozen=True)
class Played:
    """What a player makes of a clip."""

    key_frame_first: bool
    pictures: int
    sound_s: float
    duration_s: float
    decode_errors: int


def play(run: Running, clip: Clip) -> Played:
    with VaultReader.open(run.root / clip.path, KeyRing.load(run.keys)) as reader:
        data = reader.read(0, reader.size)
    errors = pictures = 0
    with av.open(io.BytesIO(data), "r") as container:
        video = container.streams.video[0]
        video.thread_count = 1
        first = next(packet for packet in container.demux(video) if packet.size).is_keyframe
        container.seek(0)
        for packet in container.demux(video):
            try:
                pictures += len(packet.decode())
            except av.FFmpegError:
                errors += 1
        sound = container.streams.audio
        sound_s = float((sound[0].duration or 0) * sound[0].time_base) if sound else 0.0
        return Played(first, pictures, sound_s, (container.duration or 0) / 1e6, errors)


def sealed(run: Running, clip_id: str, limit_s: float = 15) -> Clip:
    return run.wait(ClipSealed, lambda message: message.clip.id == clip_id, limit_s=limit_s).clip


def test_motion_becomes_a_sealed_clip_that_begins_before_it_and_plays_without_errors(run: Running) -> None:
    run.wait_ring(PRE_ROLL_S + 1.5)

    first_moving = run.clock.monotonic_ns()
    run.motion(first_moving)
    opened = run.wait(ClipOpened)
    run.wait_seconds(1.5)
    run.motion(first_moving, active=False)
    clip = sealed(run, opened.clip_id)

    played = play(run, clip)
    assert run.heard[0] == CaptureStarted("door", run.process.pid if run.process else 0)
    assert (opened.trigger, opened.event_id, clip.trigger) == (Trigger.MOTION, "e1", Trigger.MOTION)
    assert opened.start_ns <= first_moving - PRE_ROLL_S * NANOSECONDS
    assert played.key_frame_first
    assert played.decode_errors == 0
    assert played.pictures == pytest.approx(clip.duration_s * FPS, abs=2)
    assert played.duration_s == pytest.approx(clip.duration_s, abs=0.3)
    assert played.sound_s == pytest.approx(clip.duration_s, abs=0.6)
    assert (clip.end - clip.start).total_seconds() == pytest.approx(clip.duration_s, abs=0.6)
    assert clip.first_moving is not None
    assert (clip.first_moving - clip.start).total_seconds() >= PRE_ROLL_S


def test_a_wish_is_recorded_and_answered_with_the_clips_id(run: Running) -> None:
    run.wait_ring(PRE_ROLL_S)

    reply, _ = run.command(RecordNow(1.5))
    clip = sealed(run, reply.text)

    assert reply.ok
    assert clip.trigger is Trigger.MANUAL
    assert clip.duration_s >= 1.5 + PRE_ROLL_S - 0.5


def test_continuous_mode_begins_and_ends_by_command(run: Running) -> None:
    run.wait_ring(1)

    assert run.command(SetRecordingMode(RecordingMode.CONTINUOUS))[0].ok
    opened = run.wait(ClipOpened, lambda message: message.kind is ClipKind.SEGMENT)
    run.wait_seconds(2)
    assert run.command(SetRecordingMode(RecordingMode.MOTION))[0].ok

    clip = sealed(run, opened.clip_id)
    assert clip.path.startswith("segments/door/")
    assert play(run, clip).decode_errors == 0


def test_commands_that_cannot_be_obeyed_are_answered_with_a_code(run: Running) -> None:
    early, _ = run.command(RecordNow(2)) if run.wait(CaptureStarted) else (None, b"")
    wrong, _ = run.command(RecordNow(-1))
    foreign, _ = run.command(LookStarted(1))

    assert early is not None
    assert early.ok or early.code == "unavailable"
    assert (wrong.ok, wrong.code) == (False, "invalid_request")
    assert (foreign.ok, foreign.code) == (False, "invalid_request")


def test_the_newest_key_frame_is_handed_out(run: Running) -> None:
    run.wait_ring(1)

    reply, blob = run.command(KeyframeRequest())

    assert reply.ok
    assert StillSource.decode(blob).data.startswith(b"\0\0")


@pytest.mark.parametrize("way", ["sigterm", "lifeline"])
def test_the_end_seals_what_is_open(run: Running, way: str) -> None:
    run.wait_ring(1)
    run.motion(run.clock.monotonic_ns())
    opened = run.wait(ClipOpened)
    run.wait_seconds(1)
    asked = run.clock.monotonic_ns()

    code = run.stop() if way == "sigterm" else run.cut_lifeline()

    assert code == 0
    assert run.clock.monotonic_ns() - asked < 3 * 3 * NANOSECONDS
    clip = sealed(run, opened.clip_id)
    assert play(run, clip).decode_errors == 0
    assert list(run.root.rglob("*.part")) == []


def test_a_kill_loses_at_most_the_newest_moment_and_the_rest_is_recovered_while_recording_goes_on(
    camera: FakeCameraThread, tmp_path: Path
) -> None:
    continuous = RecordingSettings(mode=RecordingMode.CONTINUOUS, pre_roll_s=PRE_ROLL_S)
    with Running(tmp_path, camera.url("door"), recording=continuous) as run:
        opened = run.wait(ClipOpened)
        run.wait_seconds(4)
        status = run.wait(CaptureStatus, lambda message: message.ring_s > 3)
        run.kill()
        run.heard.clear()

        began = run.clock.monotonic_ns()
        run.start()
        again = run.wait(ClipOpened)
        clip = sealed(run, opened.clip_id)

        assert again.start_ns - began < 3 * 5 * NANOSECONDS
        assert clip.recovered
        received_s = (status.last_packet_ns - opened.start_ns) / NANOSECONDS
        assert clip.duration_s >= received_s - 3 * 1.0
        played = play(run, clip)
        assert played.decode_errors == 0
        assert played.pictures >= (received_s - 3 * 1.0) * FPS
        assert run.stop() == 0


def test_a_camera_that_breaks_off_is_reported_and_recorded_again(
    camera: FakeCameraThread, tmp_path: Path
) -> None:
    continuous = RecordingSettings(mode=RecordingMode.CONTINUOUS, pre_roll_s=PRE_ROLL_S)
    with Running(tmp_path, camera.url("door"), recording=continuous) as run:
        first = run.wait(ClipOpened)
        run.wait_seconds(1)

        camera.fault("door", "stall")
        sealed(run, first.clip_id)
        offline = run.wait(CameraStateChanged, lambda message: message.state is CameraState.OFFLINE)
        camera.fault("door", "resume")
        again = run.wait(ClipOpened, lambda message: message.clip_id != first.clip_id)
        gap = run.wait(FootageGap)

        assert offline.reason
        assert offline.cause == "stalled"
        assert gap.start_ns < offline.at_ns < gap.end_ns == again.start_ns
        assert run.stop() == 0


def test_a_camera_that_only_sends_keep_alives_makes_the_process_seal_and_start_anew(
    camera: FakeCameraThread, tmp_path: Path
) -> None:
    continuous = RecordingSettings(mode=RecordingMode.CONTINUOUS, pre_roll_s=PRE_ROLL_S)
    # Longer than the interval of the keep-alives: the socket's own time-out never strikes.
    with Running(tmp_path, camera.url("door"), recording=continuous, read_timeout_s=6) as run:
        first = run.wait(ClipOpened)
        run.wait_seconds(1)

        camera.fault("door", "hang")
        clip = sealed(run, first.clip_id, limit_s=45)
        assert run.process is not None
        code = run.process.wait(20)
        camera.fault("door", "resume")

    assert clip.duration_s > 0.5
    assert code == 1


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks the kernel what is mapped")
def test_nothing_heavy_is_loaded(run: Running) -> None:
    run.wait_ring(1)
    assert run.process is not None

    mapped = Path(f"/proc/{run.process.pid}/maps").read_text()

    for heavy in ("numpy", "cv2", "pydantic", "sqlalchemy"):
        assert f"/{heavy}" not in mapped
