from vigilar.bus.messages import AnyMessage, CameraStateChanged, FootageGap, MotionKind, MotionState
from vigilar.capture.backlog import Backlog
from vigilar.capture.camera import MainStream
from vigilar.capture.chunk import EAGER_PACE_NS, IDLE_PACE_NS
from vigilar.capture.desk import Desk
from vigilar.capture.recorder import Recorder
from vigilar.capture.ring import Ring
from vigilar.domain.camera import CameraState, RecordingMode
from vigilar.domain.settings import RecordingSettings
from worker.capture.clocks import HandClock
from worker.capture.footage import Camera
from worker.capture.shelf import Shelf


class Door:
    """A main stream without process or network."""

    def __init__(self, mode: RecordingMode = RecordingMode.MOTION) -> None:
        self.clock = HandClock()
        self.camera = Camera(start_ns=self.clock.ns)
        self.told: list[AnyMessage] = []
        recorder = Recorder(RecordingSettings(mode=mode), Ring(5), Shelf().name)
        self.desk = Desk("door", recorder, Backlog(self.clock), clock=self.clock, tell=self.told.append)
        self.main = MainStream("door", self.desk, None, clock=self.clock, tell=self.told.append)

    def watch(self, seconds: float) -> None:
        for chunk in self.camera.chunks(seconds):
            self.main.take(chunk)
        self.clock.ns = self.camera.now_ns

    def away(self, seconds: float) -> None:
        self.camera.reconnect(seconds)
        self.clock.ns = self.camera.now_ns

    def states(self) -> list[CameraState]:
        return [message.state for message in self.told if isinstance(message, CameraStateChanged)]

    def gaps(self) -> list[FootageGap]:
        return [message for message in self.told if isinstance(message, FootageGap)]


def test_coming_and_going_are_told_once_each() -> None:
    door = Door()

    door.watch(3)
    for _ in range(3):
        door.main.broke("the camera stalls")
    door.away(10)
    door.watch(3)

    assert door.states() == [CameraState.ONLINE, CameraState.OFFLINE, CameraState.ONLINE]
    assert door.main.problem == ""


def test_time_without_pictures_is_a_gap_with_its_reason() -> None:
    door = Door()
    door.watch(3)
    last_ns = door.main.meter.last_packet_ns

    door.main.broke("the camera stalls")
    door.away(10)
    door.watch(1)

    (gap,) = door.gaps()
    assert (gap.start_ns, gap.reason) == (last_ns, "the camera stalls")
    assert gap.end_ns - gap.start_ns >= 10_000_000_000


def test_a_camera_that_is_not_reached_at_the_start_is_a_gap_from_the_start() -> None:
    door = Door()
    began_ns = door.clock.ns
    door.main.broke("nothing answers")
    door.away(60)

    door.watch(1)

    (gap,) = door.gaps()
    assert (gap.start_ns, gap.reason) == (began_ns, "nothing answers")
    assert door.states() == [CameraState.OFFLINE, CameraState.ONLINE]


def test_a_camera_that_is_not_to_be_recorded_has_no_gaps() -> None:
    door = Door(RecordingMode.OFF)
    door.watch(3)

    door.main.broke("the camera stalls")
    door.away(10)
    door.watch(1)

    assert door.gaps() == []


def test_chunks_are_short_only_while_somebody_waits_for_them() -> None:
    door = Door()
    door.watch(8)
    state = MotionState("door", "e", MotionKind.MOTION, True, door.clock.ns, door.clock.ns, 0.5)
    door.desk.motion(state)
    assert door.main.pace_ns == IDLE_PACE_NS  # motion is told from the sub-stream

    door.desk.look_on(lambda _: None)

    assert door.main.pace_ns == EAGER_PACE_NS


def test_a_stalled_camera_that_then_cannot_be_reached_is_told_again_as_away() -> None:
    door = Door()
    door.watch(3)

    door.main.broke("sends nothing", "stalled")
    door.main.broke("sends nothing", "stalled")
    door.main.broke("nothing answers", "unreachable")
    door.main.broke("sends nothing", "stalled")
    door.away(10)
    door.watch(3)

    told = [message for message in door.told if isinstance(message, CameraStateChanged)]
    assert [(message.state, message.cause) for message in told] == [
        (CameraState.ONLINE, ""),
        (CameraState.OFFLINE, "stalled"),
        (CameraState.OFFLINE, "unreachable"),
        (CameraState.ONLINE, ""),
    ]
    assert door.main.cause == ""
    before, after = door.gaps()
    assert before.end_ns == after.start_ns  # each second once, whatever the reason was
