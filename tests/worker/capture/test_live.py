from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from vigilar.bus.endpoints import live_endpoint
from vigilar.bus.livecast import END, LivePublisher
from vigilar.bus.messages import AnyMessage
from vigilar.capture.backlog import Backlog
from vigilar.capture.desk import Desk
from vigilar.capture.live import LiveDesk
from vigilar.capture.recorder import Recorder
from vigilar.capture.ring import Ring
from vigilar.domain.errors import UnavailableError
from vigilar.domain.settings import RecordingSettings
from vigilar.media.errors import MediaError
from vigilar.media.packet import MediaPacket, PacketKind
from worker.capture.clocks import HandClock
from worker.capture.footage import Camera
from worker.capture.shelf import Shelf


class Muxer:
    """Puts each packet's arrival (quarters of a second since the start) into the stream."""

    def add(self, packet: MediaPacket) -> bytes:
        return b"%d " % packet.arrival_ns if packet.kind is PacketKind.VIDEO else b""


class Refusing(Muxer):
    def add(self, packet: MediaPacket) -> bytes:
        raise MediaError("this cannot be muxed")


class Stage:
    """A camera, its desk and live view over a real socket."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], run_dir: Path) -> None:
        self.clock = HandClock()
        self.camera = Camera(key_every=8)
        self.told: list[AnyMessage] = []
        recorder = Recorder(RecordingSettings(), Ring(5), Shelf().name)
        self.desk = Desk("door", recorder, Backlog(self.clock), clock=self.clock, tell=self.told.append)
        self.publisher = LivePublisher(context, live_endpoint(run_dir, "door"))
        self.muxer: Muxer = Muxer()
        self.woken = 0
        self.live = LiveDesk(
            self.desk, self.publisher, lambda _: self.muxer, clock=self.clock, wake=self._wake
        )
        self._context, self._run_dir = context, run_dir

    def _wake(self) -> None:
        self.woken += 1

    def come(self, viewer: str) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.SUB)
        socket.setsockopt(zmq.SUBSCRIBE, viewer.encode())
        socket.connect(live_endpoint(self._run_dir, "door"))
        assert self.publisher.socket.poll(3000)
        self.live.pump()
        return socket

    def watch(self, seconds: float) -> list[int]:
        chunks = self.camera.chunks(seconds)
        for chunk in chunks:
            self.desk.take(chunk)
        return [chunk.first_ns for chunk in chunks]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with zmq.Context() as context:
        yield Stage(context, tmp_path)
        context.destroy(linger=0)


def seen(socket: zmq.Socket[bytes]) -> tuple[list[int], bool]:
    """Return (arrivals of the pictures shown, whether the stream has ended)."""
    shown: list[int] = []
    while socket.poll(300):
        _, chunk = socket.recv_multipart()
        if chunk == END:
            return shown, True
        shown += [int(word) for word in chunk.split()]
    return shown, False


def test_a_viewer_sees_from_the_newest_key_frame_on_without_gap_or_doubling(stage: Stage) -> None:
    before = stage.watch(5)
    viewer = stage.come("v1")

    stage.live.open("v1")
    during = stage.watch(1)
    late = stage.come("v2")
    stage.live.open("v2")
    after = stage.watch(2)
    stage.live.pump()

    everything = [*before[16:], *during, *after]
    assert seen(viewer) == (everything, False)
    assert seen(late) == (everything, False)
    assert stage.woken > 0


def test_without_viewers_nothing_is_done(stage: Stage) -> None:
    viewer = stage.come("v1")
    stage.watch(3)
    stage.live.open("v1")
    stage.live.close("v1")
    woken = stage.woken

    stage.watch(3)

    assert stage.woken == woken
    assert not stage.desk.watched
    assert seen(viewer)[1]


def test_a_viewer_that_left_is_let_go(stage: Stage) -> None:
    viewer = stage.come("v1")
    stage.watch(3)
    stage.live.open("v1")

    viewer.close()
    assert stage.publisher.socket.poll(3000)
    stage.live.pump()

    assert not stage.desk.watched


def test_a_viewer_that_never_came_is_let_go(stage: Stage) -> None:
    stage.watch(3)
    stage.live.open("v1")

    stage.clock.forward(5)
    stage.live.tick()
    assert stage.desk.watched
    stage.clock.forward(6)
    stage.live.tick()
    assert not stage.desk.watched


@pytest.mark.parametrize("event", ["reconnect", "change_codec"])
def test_the_stream_ends_when_what_follows_does_not_fit(stage: Stage, event: str) -> None:
    viewer = stage.come("v1")
    stage.watch(3)
    stage.live.open("v1")

    getattr(stage.camera, event)()
    stage.watch(1)
    stage.live.pump()

    assert seen(viewer)[1]
    assert not stage.desk.watched


def test_a_camera_without_pictures_cannot_be_watched(stage: Stage) -> None:
    with pytest.raises(UnavailableError, match="no pictures"):
        stage.live.open("v1")

    assert not stage.desk.watched


def test_a_stream_that_cannot_be_muxed_ends(stage: Stage) -> None:
    viewer = stage.come("v1")
    stage.muxer = Refusing()
    stage.watch(3)

    stage.live.open("v1")

    assert seen(viewer) == ([], True)
