"""A real capture process under test, with a core and a look that the test plays itself."""

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

from vigilar.bus.endpoints import core_endpoint, look_endpoint
from vigilar.bus.hub import Hub
from vigilar.bus.messages import AnyMessage, CameraStateChanged, Message, MotionKind, MotionState, Reply
from vigilar.bus.wire import Kind, new_id, pack
from vigilar.domain.camera import CameraState
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import CaptureSettings, RecordingSettings, StreamSettings


class Running:
    """Starts `python -m vigilar.capture`; everything it keeps lies under `folder`."""

    def __init__(
        self,
        folder: Path,
        main: str,
        *,
        sub: str | None = None,
        recording: RecordingSettings | None = None,
        read_timeout_s: float = 3,
    ) -> None:
        self.folder = folder
        self.root = folder / "storage"
        self.keys = folder / "keys"
        self.run_dir = folder / "run"
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.settings = CaptureSettings(
            camera="door",
            main=StreamSettings(main, open_timeout_s=4, read_timeout_s=read_timeout_s, loop_file=True),
            sub=StreamSettings(sub, loop_file=True) if sub else None,
            recording=recording or RecordingSettings(),
            storage_root=str(self.root),
            key_dir=str(self.keys),
            run_dir=str(self.run_dir),
        )
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.clock = SystemClock()
        self.core = Hub(self.context, core_endpoint(self.run_dir), clock=self.clock)
        self.look = Hub(self.context, look_endpoint(self.run_dir), clock=self.clock)
        self.heard: list[AnyMessage] = []
        self.log = folder / "capture.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    def start(self) -> Self:
        config_read, config_write = os.pipe()
        life_read, self._lifeline = os.pipe()
        command = [sys.executable, "-m", "vigilar.capture"]
        command += ["--config-fd", str(config_read), "--lifeline-fd", str(life_read)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                pass_fds=(config_read, life_read),
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        os.close(config_read)
        os.close(life_read)
        with os.fdopen(config_write, "wb") as config:
            config.write(msgspec.json.encode(self.settings))
        return self

    def listen(self) -> None:
        """Take what was sent to core and look; acknowledge as they would."""
        while (received := self.core.receive()) is not None:
            if received.kind is Kind.MATTERS:
                self.core.ack(received)
            self.heard.append(received.message)
        self.look.receive()
        self.look.service()

    def wait[M: Message](
        self, kind: type[M], accept: Callable[[M], bool] = lambda _: True, limit_s: float = 20
    ) -> M:
        """Return the first message of a kind that is accepted, among those heard and those to come."""
        deadline, looked_at = time.monotonic() + limit_s, 0
        while time.monotonic() < deadline:
            self.listen()
            for message in self.heard[looked_at:]:
                looked_at += 1
                if isinstance(message, kind) and accept(message):
                    return message
            self.core.socket.poll(100)
        log = self.log.read_text(errors="replace")[-3000:]
        raise TimeoutError(f"no {kind.__name__} came within {limit_s} s; heard {self.heard}\n{log}")

    def wait_seconds(self, seconds: float) -> None:
        """Let footage come, listening all the while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.core.socket.poll(int(min(left, 0.2) * 1000) + 1)
            self.listen()

    def wait_ring(self, seconds: float) -> None:
        """Wait until the camera is online and the ring holds that much."""
        self.wait(CameraStateChanged, lambda change: change.state is CameraState.ONLINE)
        self.wait_seconds(seconds + 0.5)

    def motion(self, first_ns: int, *, event: str = "e1", active: bool = True) -> None:
        """Say as look that something moves."""
        now = self.clock.monotonic_ns()
        state = MotionState("door", event, MotionKind.MOTION, active, first_ns, now, 0.7)
        self.look.send("door", state, matters=True)

    def command(self, message: AnyMessage) -> tuple[Reply, bytes]:
        """Ask as the core and return the answer."""
        message_id = new_id()
        self.core.socket.send_multipart([b"capture:door", *pack(Kind.COMMAND, message_id, message)])
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            self.core.socket.poll(100)
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
        code = self.process.wait(10)
        self.listen()
        return code

    def cut_lifeline(self) -> int:
        """Die as a supervisor would; return the child's exit code."""
        assert self.process is not None
        os.close(self._lifeline)
        self._lifeline = -1
        return self.process.wait(10)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self._lifeline >= 0:
            os.close(self._lifeline)
        self.core.close()
        self.look.close()
        self.context.destroy(linger=0)
