"""A real look process under test, with a core, a recorder and cameras that the test plays itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import zmq

from vigilar.bus.endpoints import core_endpoint, look_endpoint, packets_endpoint
from vigilar.bus.hub import Hub
from vigilar.bus.link import Link
from vigilar.bus.messages import AnyMessage, Message, MotionState, Reply
from vigilar.bus.packets import PacketPublisher
from vigilar.bus.wire import Kind, new_id, pack
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import LookCamera, LookSettings, MotionSettings
from vigilar.media.packet import MediaPacket
from vigilar.media.stream_info import StreamInfo
from worker.look.streams import at, groups

type Stream = tuple[StreamInfo, list[MediaPacket]]


class FakeCapture:
    """Publishes a camera's stream as its packets fall due, and hears what look tells the recorder."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], run_dir: Path, camera: CameraId) -> None:
        self.heard: list[MotionState] = []
        self._publisher = PacketPublisher(context, packets_endpoint(run_dir, camera), camera)
        self._look = Link(context, look_endpoint(run_dir), camera, clock=SystemClock())
        self.began_ns = 0
        """Arrival of the first packet that was played."""
        self._due: list[tuple[bytes, list[MediaPacket]]] = []

    @property
    def wanted(self) -> bool:
        """Whether look listens to this camera."""
        self._publisher.poll()
        return self._publisher.wanted

    def play(self, stream: Stream, *, batch: int = 3) -> None:
        """Send this stream from now on, in real time."""
        info, packets = stream
        self.began_ns = time.monotonic_ns()
        offset_ns = self.began_ns - packets[0].arrival_ns
        for group in groups([at(packet, packet.arrival_ns + offset_ns) for packet in packets], batch):
            self._due.append((msgspec.msgpack.encode(info) if group[0].keyframe else b"", group))

    @property
    def playing(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._due)

    def work(self) -> None:
        """Send what is due, take what was said."""
        self._publisher.poll()
        while self._due and self._due[0][1][-1].arrival_ns <= time.monotonic_ns():
            self._publisher.publish(*self._due.pop(0))
        while (received := self._look.receive()) is not None:
            self._look.ack(received)
            assert isinstance(received.message, MotionState)
            self.heard.append(received.message)

    def close(self) -> None:
        """Close the sockets."""
        self._publisher.close()
        self._look.close()


class Running:
    """Starts `python -m vigilar.look` on fake cameras `front` and `back`."""

    def __init__(self, folder: Path, motion: MotionSettings | None = None) -> None:
        self.run_dir = folder
        self.motion = motion or MotionSettings()
        self.log = folder / "look.log"
        self.heard: list[AnyMessage] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.core = Hub(self._context, core_endpoint(folder), clock=SystemClock())
        self.cameras = {name: FakeCapture(self._context, folder, name) for name in ("front", "back")}
        self._lifeline = -1

    def start(self) -> Self:
        """Start the process (again)."""
        cameras = tuple(LookCamera(name, self.motion, has_sub=True) for name in self.cameras)
        config_read, config_write = os.pipe()
        life_read, self._lifeline = os.pipe()
        command = [sys.executable, "-m", "vigilar.look"]
        command += ["--config-fd", str(config_read), "--lifeline-fd", str(life_read)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                pass_fds=(config_read, life_read),
                stderr=log,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
            )
        os.close(config_read)
        os.close(life_read)
        with os.fdopen(config_write, "wb") as config:
            config.write(msgspec.json.encode(LookSettings(cameras, str(self.run_dir))))
        return self

    def work(self) -> None:
        """Let cameras and core do what they do."""
        for camera in self.cameras.values():
            camera.work()
        while (received := self.core.receive()) is not None:
            if received.kind is Kind.MATTERS:
                self.core.ack(received)
            self.heard.append(received.message)
        self.core.socket.poll(20)

    def wait[M: Message](
        self, kind: type[M], accept: Callable[[M], bool] = lambda _: True, limit_s: float = 25
    ) -> M:
        """Return the first message of a kind the core hears from now on, or heard, that is accepted."""
        deadline, looked_at = time.monotonic() + limit_s, 0
        while time.monotonic() < deadline:
            for message in self.heard[looked_at:]:
                looked_at += 1
                if isinstance(message, kind) and accept(message):
                    return message
            self.work()
        log = self.log.read_text(errors="replace")[-3000:]
        raise TimeoutError(f"no {kind.__name__} came within {limit_s} s; heard {self.heard}\n{log}")

    def work_until(self, true: Callable[[], bool], limit_s: float = 15) -> None:
        """Work until something holds."""
        deadline = time.monotonic() + limit_s
        while not true():
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
            self.work()

    def command(self, message: AnyMessage, blob: bytes = b"") -> tuple[Reply, bytes]:
        """Ask as the core and return the answer."""
        message_id = new_id()
        self.core.socket.send_multipart([b"look", *pack(Kind.COMMAND, message_id, message, blob)])
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            self.core.socket.poll(50)
            while (received := self.core.receive()) is not None:
                if received.kind is Kind.MATTERS:
                    self.core.ack(received)
                if received.kind is Kind.REPLY and received.id == message_id:
                    assert isinstance(received.message, Reply)
                    return received.message, received.blob
                self.heard.append(received.message)
        raise TimeoutError(f"no answer to {message}")

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        while self.process.poll() is None and time.monotonic() < deadline:
            self.work()
        self.work()
        return self.process.wait(1)

    def cut_lifeline(self) -> int:
        """Die as a supervisor would; return the exit code."""
        assert self.process is not None
        os.close(self._lifeline)
        self._lifeline = -1
        return self.process.wait(5)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def cpu_s(self) -> float:
        """Return the CPU seconds the process has used."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._lifeline >= 0:
            os.close(self._lifeline)
        for camera in self.cameras.values():
            camera.close()
        self.core.close()
        self._context.destroy(linger=0)
