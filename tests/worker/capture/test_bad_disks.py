"""Disks that sleep, and disks that never wake up: the camera is not lost, what is missing is told.

The whole capture process runs here, in threads of this one, over files whose writes wait at a gate.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
import zmq

from fakecam.scene import Scene
from fakecam.spec import CameraSpec
from fakecam.thread import FakeCameraThread
from vigilar.bus.endpoints import core_endpoint
from vigilar.bus.hub import Hub
from vigilar.bus.messages import (
    AnyMessage,
    CameraStateChanged,
    CaptureStatus,
    ClipOpened,
    ClipSealed,
    FootageGap,
    Message,
)
from vigilar.bus.wire import Kind
from vigilar.capture.process import build
from vigilar.domain.camera import CameraState, RecordingMode
from vigilar.domain.clip import ClipKind
from vigilar.domain.clock import NANOSECONDS, SystemClock
from vigilar.domain.coverage import GapReason
from vigilar.domain.settings import CaptureSettings, RecordingSettings, StreamSettings
from vigilar.files.durable import DurableFiles

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

QUEUE_S = 12.0
SLACK_S = 3.0
STOP_S = 3 * 3.0
"""Three times what a process may take to seal and end."""


class GatedFiles(DurableFiles):
    """Every write waits while the gate is shut, or sleeps for `delay_s` before it is done."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.delay_s = 0.0
        self.sleeps = 0

    def write_some(self, fd: int, buffers: list[memoryview]) -> int:
        if self.sleeps and self.delay_s:
            self.sleeps -= 1
            time.sleep(self.delay_s)
        self.gate.wait()
        return super().write_some(fd, buffers)


class Recording:
    """A capture process in this one, and the core it talks to."""

    def __init__(self, folder: Path, url: str) -> None:
        run_dir = folder / "run"
        run_dir.mkdir(parents=True)
        settings = CaptureSettings(
            camera="door",
            main=StreamSettings(url),
            sub=None,
            recording=RecordingSettings(mode=RecordingMode.CONTINUOUS, pre_roll_s=2),
            storage_root=str(folder / "storage"),
            key_dir=str(folder / "keys"),
            run_dir=str(run_dir),
        )
        self.files = GatedFiles()
        self.heard: list[AnyMessage] = []
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._core = Hub(self._context, core_endpoint(str(run_dir)), clock=SystemClock())
        self.process = build(
            settings, context=self._context, clock=SystemClock(), lifeline_fd=None, files=self.files
        )
        self._control = threading.Thread(target=self.process.control.run, daemon=True)

    def __enter__(self) -> Self:
        self.process.start()
        self._control.start()
        return self

    def stop(self) -> tuple[bool, float]:
        """End as at SIGTERM; return whether all was sealed, and how long it took."""
        began = time.monotonic()
        self.process.control.ask_to_stop()
        self._control.join(5)
        sealed = self.process.stop()
        took_s = time.monotonic() - began
        self._listen()
        return sealed, took_s

    def __exit__(self, *_: object) -> None:
        self.files.gate.set()
        if self._control.is_alive():
            self.stop()
        self.process.writer.thread.join(20)
        for reader in self.process.readers:
            reader.thread.join(20)
        self._core.close()
        self._context.destroy(linger=0)

    def wait[M: Message](
        self, kind: type[M], accept: Callable[[M], bool] = lambda _: True, limit_s: float = 30, since: int = 0
    ) -> M:
        """Return the first accepted message after the first `since`."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            self._listen()
            for message in self.heard[since:]:
                if isinstance(message, kind) and accept(message):
                    return message
            time.sleep(0.05)
        raise TimeoutError(f"no {kind.__name__} within {limit_s} s; heard {self.heard[since:]}")

    def of[M: Message](self, kind: type[M]) -> list[M]:
        self._listen()
        return [message for message in self.heard if isinstance(message, kind)]

    def _listen(self) -> None:
        while (received := self._core.receive()) is not None:
            if received.kind is Kind.MATTERS:
                self._core.ack(received)
            self.heard.append(received.message)


@pytest.fixture(scope="module")
def camera() -> Iterator[FakeCameraThread]:
    with FakeCameraThread([CameraSpec("door", Scene.small(seconds=10.0))]) as cameras:
        yield cameras


@pytest.fixture
def recording(camera: FakeCameraThread, tmp_path: Path) -> Iterator[Recording]:
    with Recording(tmp_path, camera.url("door")) as running:
        running.wait(ClipOpened)
        time.sleep(1)
        yield running


def assert_camera_was_never_lost(recording: Recording) -> None:
    states = [message.state for message in recording.of(CameraStateChanged)]
    assert states == [CameraState.ONLINE]
    packets = [message.packets for message in recording.of(CaptureStatus)]
    assert packets == sorted(packets)
    assert recording.process.readers[0].connections == 1


def missed(recording: Recording) -> list[FootageGap]:
    """Return the gaps but that of the start, which a busy machine makes longer than a second."""
    return [gap for gap in recording.of(FootageGap) if gap.cause is not GapReason.STARTING]


def test_a_disk_that_sleeps_for_eight_seconds_costs_nothing(recording: Recording) -> None:
    # When one write takes 8 s
    recording.files.delay_s, recording.files.sleeps = 8.0, 1
    recording.wait(CaptureStatus, lambda status: status.queue_s > 2.5)
    recording.wait(CaptureStatus, lambda status: status.queue_s < 1, since=len(recording.heard))
    time.sleep(2)
    sealed, took_s = recording.stop()

    # Then the queue held it all: one recording without a hole, no gap told
    assert sealed
    assert took_s < STOP_S
    assert_camera_was_never_lost(recording)
    assert missed(recording) == []
    (clip,) = [message.clip for message in recording.of(ClipSealed)]
    (opened,) = recording.of(ClipOpened)
    span_s = (clip.end - clip.start).total_seconds()
    assert clip.id == opened.clip_id
    assert span_s > 8
    assert abs(clip.duration_s - span_s) < 1


def test_a_disk_that_sleeps_again_and_again_is_a_gap_and_recording_goes_on(recording: Recording) -> None:
    # When every write takes 8 s for a while: more than the queue may hold
    recording.files.delay_s, recording.files.sleeps = 8.0, 3
    late = recording.wait(CaptureStatus, lambda status: status.gap is GapReason.DISK_LATE)

    # Then it is told while it lasts, and how much waits, which makes the health item
    assert late.queue_s > 5
    assert late.state is CameraState.ONLINE

    # And when the disk is itself again, recording goes on by itself and the gap has its length
    heard = len(recording.heard)
    again = recording.wait(ClipOpened, lambda opened: opened.kind is ClipKind.SEGMENT, since=heard)
    gap = recording.wait(FootageGap, since=heard)
    assert gap.cause is GapReason.DISK_LATE
    assert gap.start_ns == late.covered_ns
    assert gap.end_ns == again.start_ns
    assert 3 * 8 - QUEUE_S - SLACK_S <= (gap.end_ns - gap.start_ns) / NANOSECONDS <= 3 * 8 + SLACK_S
    time.sleep(1)
    assert recording.stop()[0]
    assert_camera_was_never_lost(recording)
    assert {clip.clip.id for clip in recording.of(ClipSealed)} == {
        opened.clip_id for opened in recording.of(ClipOpened)
    }


def test_a_mount_that_hangs_for_good_loses_no_camera_and_holds_up_no_shutdown(recording: Recording) -> None:
    # When the storage does not answer any more
    recording.files.gate.clear()
    hung_ns = time.monotonic_ns()
    late = recording.wait(CaptureStatus, lambda status: status.gap is GapReason.DISK_LATE)

    # Then the camera is watched all the same
    later = recording.wait(CaptureStatus, lambda status: status.queue_s > late.queue_s + 4)
    assert later.packets > late.packets
    assert later.covered_ns == late.covered_ns
    assert_camera_was_never_lost(recording)

    # And asked to stop the process ends within its limit, and says since when nothing reached the disk
    sealed, took_s = recording.stop()
    stopped_ns = time.monotonic_ns()
    assert not sealed
    assert took_s < STOP_S
    gaps = missed(recording)
    assert {gap.cause for gap in gaps} == {GapReason.DISK_LATE}
    assert abs(min(gap.start_ns for gap in gaps) - hung_ns) < SLACK_S * NANOSECONDS
    assert abs(max(gap.end_ns for gap in gaps) - stopped_ns) < 4 * NANOSECONDS
