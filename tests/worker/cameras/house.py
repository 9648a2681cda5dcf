"""A registry of two cameras and processes that answer as told."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vigilar.bus.errors import PeerUnavailableError
from vigilar.bus.messages import AnyMessage, CaptureStatus, LookStatus, MotionKind, MotionState, Reply
from vigilar.cameras.registry import CameraRegistry
from vigilar.domain.camera import CameraState, RecordingMode, StreamFacts
from vigilar.domain.settings import CoreCamera, MotionSettings
from worker.store.fakes import HandClock, Told

type Answer = tuple[Reply, bytes] | None
FACTS = StreamFacts("h264", 1920, 1080, fps=15.0, key_interval_s=2.0)


def a_camera(camera: str = "door", *, enabled: bool = True) -> CoreCamera:
    return CoreCamera(camera, camera.title(), enabled, RecordingMode.MOTION, MotionSettings(), has_sub=True)


def a_status(
    camera: str = "door",
    state: CameraState = CameraState.ONLINE,
    *,
    mode: RecordingMode = RecordingMode.MOTION,
    recording: tuple[str, ...] = (),
    main: StreamFacts | None = FACTS,
    queue_s: float = 0.0,
    reconnects: int = 0,
    problem: str = "",
    cause: str = "",
) -> CaptureStatus:
    return CaptureStatus(
        camera,
        state,
        mode,
        main,
        None,
        recording,
        0,
        7.0,
        1 << 20,
        queue_s,
        reconnects,
        100,
        1000,
        problem,
        cause,
    )


def a_look(camera: str = "door", *, behind_s: float = 0.1, problem: str = "") -> LookStatus:
    return LookStatus(camera, 10, 10, 0, 2.0, behind_s, False, 1.0, problem)


def a_motion(
    clock: HandClock,
    event_id: str = "m1",
    camera: str = "door",
    *,
    active: bool = True,
    kind: MotionKind = MotionKind.MOTION,
    first_s: float = 0.0,
    zones: tuple[str, ...] = (),
    score: float = 0.5,
) -> MotionState:
    """Motion that is seen now and began `first_s` seconds ago."""
    now = clock.ns
    return MotionState(camera, event_id, kind, active, now - round(first_s * 1e9), now, score, zones)


@dataclass
class Processes:
    """The bus: remembers commands, answers each with what stands in `answers` under its type's name.

    A peer in `away` is not there.
    """

    answers: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[tuple[str, AnyMessage, bytes]] = field(default_factory=list)

    async def request(
        self,
        peer: str,
        command: AnyMessage,
        timeout: float,  # noqa: ASYNC109
        blob: bytes = b"",
    ) -> tuple[Reply, bytes]:
        self.asked.append((peer, command, blob))
        if peer in self.away:
            raise PeerUnavailableError(f"process {peer!r} is not running")
        answer = self.answers.get(type(command).__name__, (Reply(ok=True), b""))
        if callable(answer):
            answer = answer()
        if answer is None:
            raise PeerUnavailableError(f"process {peer!r} did not answer")
        return answer

    def commands(self, peer: str) -> list[AnyMessage]:
        return [command for asked, command, _ in self.asked if asked == peer]


@dataclass
class Desk:
    clock: HandClock
    told: Told
    processes: Processes
    registry: CameraRegistry


def desk(*cameras: CoreCamera) -> Desk:
    clock, told = HandClock(), Told()
    registry = CameraRegistry(cameras or (a_camera(), a_camera("yard")), clock, told)
    return Desk(clock, told, Processes(), registry)
