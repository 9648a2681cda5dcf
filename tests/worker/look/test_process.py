"""The whole process, over real sockets, on streams in real time."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from vigilar.bus.messages import (
    CompareViews,
    ConditionKind,
    ConditionState,
    LookStarted,
    LookStatus,
    MotionKind,
    MotionState,
    RecordNow,
    SetMotion,
    StillRequest,
)
from vigilar.bus.packets import StillSource
from vigilar.domain.settings import MotionSettings
from worker.look.pictures import SECOND, Figure, Yard
from worker.look.running import Running, Stream
from worker.look.streams import damaged, encoded

pytestmark = pytest.mark.slow

FPS = 10
ENTERS_S = 4.0


def film(seconds: float, *figures: Figure, seed: int = 1) -> Stream:
    yard = Yard(seed=seed)
    return encoded(
        (yard.picture(n / FPS, *figures) for n in range(int(seconds * FPS))), fps=FPS, key_every=FPS
    )


@pytest.fixture(scope="module")
def walk() -> Stream:
    """Nine seconds; somebody enters at 4 s and leaves at 7 s."""
    return film(9, Figure(enters_s=ENTERS_S, leaves_s=7.0, x=10, pace=40))


@pytest.fixture(scope="module")
def quiet() -> Stream:
    return film(9, seed=2)


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A short path: sockets allow no other."""
    with tempfile.TemporaryDirectory(prefix="vigilar-look-") as folder:
        yield Path(folder)


def begins(state: MotionState) -> bool:
    return state.kind is MotionKind.MOTION and state.active


def test_movement_reaches_the_recorder_and_the_core_and_only_of_the_camera_that_saw_it(
    run_dir: Path, walk: Stream, quiet: Stream
) -> None:
    with Running(run_dir) as look:
        look.wait(LookStarted)
        look.work_until(lambda: all(camera.wanted for camera in look.cameras.values()))
        look.cameras["front"].play(walk)
        look.cameras["back"].play(quiet)
        first_packet_ns = look.cameras["front"].began_ns
        begun = look.wait(MotionState, begins)
        assert begun.camera == "front"
        assert begun.first_moving_ns <= first_packet_ns + int(ENTERS_S * SECOND)
        assert begun.first_moving_ns >= first_packet_ns + int((ENTERS_S - 1.5) * SECOND)
        ended = look.wait(MotionState, lambda state: not state.active)
        assert ended.event_id == begun.event_id
        look.work_until(lambda: any(not state.active for state in look.cameras["front"].heard))
        assert {state.event_id for state in look.cameras["front"].heard} == {begun.event_id}
        assert len(look.cameras["front"].heard) >= 4
        assert look.cameras["back"].heard == []
        status = look.wait(LookStatus, lambda s: s.camera == "back" and s.looks > 0)
        assert status.problem == ""


def test_after_a_kill_it_goes_on_with_what_it_is_sent(run_dir: Path, walk: Stream, quiet: Stream) -> None:
    with Running(run_dir) as look:
        look.cameras["front"].play(quiet)
        look.wait(LookStatus, lambda status: status.camera == "front" and status.looks > 0)
        look.kill()
        look.heard.clear()
        look.start()
        look.wait(LookStarted)
        look.work_until(lambda: look.cameras["front"].wanted)
        look.cameras["front"].play(walk)
        assert look.wait(MotionState, begins).camera == "front"


def test_rubbish_from_one_camera_does_not_blind_it_to_the_other(
    run_dir: Path, walk: Stream, quiet: Stream
) -> None:
    with Running(run_dir) as look:
        look.work_until(lambda: all(camera.wanted for camera in look.cameras.values()))
        look.cameras["back"].play((quiet[0], [damaged(packet) for packet in quiet[1]]))
        look.cameras["front"].play(walk)
        assert look.wait(MotionState, begins).camera == "front"
        assert look.process is not None
        assert look.process.poll() is None


def test_settings_change_while_it_runs(run_dir: Path, walk: Stream) -> None:
    with Running(run_dir, MotionSettings(enabled=False)) as look:
        look.wait(LookStarted)
        assert not look.cameras["front"].wanted
        reply, _ = look.command(SetMotion("front", MotionSettings()))
        assert reply.ok
        look.work_until(lambda: look.cameras["front"].wanted)
        look.cameras["front"].play(walk)
        begun = look.wait(MotionState, begins)
        reply, _ = look.command(SetMotion("front", replace(MotionSettings(), enabled=False)))
        assert reply.ok
        assert look.wait(MotionState, lambda state: not state.active).event_id == begun.event_id
        look.work_until(lambda: not look.cameras["front"].wanted)


def test_stills_are_made_and_refused(run_dir: Path, quiet: Stream) -> None:
    with Running(run_dir) as look:
        look.wait(LookStarted)
        info, packets = quiet
        source = StillSource(msgspec.msgpack.encode(info), packets[0].data, 0).encode()
        reply, jpeg = look.command(StillRequest("front", 160), source)
        assert reply.ok
        assert jpeg.startswith(b"\xff\xd8")
        for request, code in (
            (StillRequest("front", 160), "unavailable"),
            (StillRequest("cellar", 160), "not_found"),
            (StillRequest("front", -1), "invalid_request"),
            (RecordNow(5), "invalid_request"),
        ):
            reply, jpeg = look.command(request)
            assert (reply.ok, reply.code, jpeg) == (False, code, b"")


def test_it_ends_what_is_open_when_asked_to_stop(run_dir: Path, walk: Stream) -> None:
    with Running(run_dir) as look:
        look.work_until(lambda: look.cameras["front"].wanted)
        look.cameras["front"].play(walk)
        begun = look.wait(MotionState, begins)
        assert look.stop() == 0
        assert look.wait(MotionState, lambda state: not state.active).event_id == begun.event_id


def test_it_stops_when_its_supervisor_is_gone(run_dir: Path) -> None:
    with Running(run_dir) as look:
        look.wait(LookStarted)
        assert look.cut_lifeline() == 0


def test_it_rests_while_nothing_moves(run_dir: Path, quiet: Stream) -> None:
    with Running(run_dir) as look:
        look.work_until(lambda: look.cameras["front"].wanted)
        for camera in look.cameras.values():
            camera.play(quiet)
        look.wait(LookStatus, lambda status: status.looks > 0)
        before = look.cpu_s()
        look.work_until(lambda: not look.cameras["front"].playing)
        # Two small streams decoded whole cost some per cent of a core; a loop that polls costs all of it.
        assert look.cpu_s() - before < 1.5


def test_a_frozen_camera_reaches_the_core_and_its_end_when_the_process_ends(run_dir: Path) -> None:
    still = Yard().picture(0.0)
    frozen = encoded([still] * 60, fps=1, key_every=1)
    with Running(run_dir) as look:
        look.wait(LookStarted)
        look.work_until(lambda: look.cameras["front"].wanted)
        look.cameras["front"].play(frozen, batch=1)
        begun = look.wait(ConditionState, limit_s=50)
        assert (begun.camera, begun.kind, begun.active) == ("front", ConditionKind.FROZEN, True)
        assert 0 <= begun.first_ns - look.cameras["front"].began_ns < 5 * SECOND
        assert begun.last_ns - begun.first_ns < 30 * SECOND
        assert look.wait(ConditionState, lambda state: state.last_ns > begun.last_ns).active

        key_frame = StillSource(msgspec.msgpack.encode(frozen[0]), frozen[1][0].data, 0).encode()
        reply, _ = look.command(CompareViews("front"), key_frame)
        assert (reply.ok, reply.text) == (True, "same")

        assert look.stop() == 0
        over = look.wait(ConditionState, lambda state: not state.active, limit_s=1)
        assert over.event_id == begun.event_id
