"""Runs `python -m vigilar.core` as the supervisor does, and speaks to it as capture and look do."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zmq

import vigilar
from vigilar.bus.endpoints import core_endpoint
from vigilar.bus.link import Link
from vigilar.domain.clock import SystemClock
from vigilar.domain.settings import ApiSettings, CoreSettings
from worker.cameras.house import a_camera
from worker.recordings.vaulted import Root

PACKAGES = str(Path(vigilar.__file__).parents[1])


@dataclass
class CoreRun:
    """A core process over one root; it can be started again after its end."""

    root: Root
    run_dir: Path
    settings: CoreSettings
    log: Path
    process: subprocess.Popen[bytes] | None = None
    lifeline: int = -1
    links: dict[str, Link] = field(default_factory=dict)
    context: "zmq.Context[zmq.Socket[bytes]]" = field(default_factory=zmq.Context)

    def start(self, text: bytes | None = None) -> "CoreRun":
        config_read, config_write = os.pipe()
        os.write(config_write, text if text is not None else msgspec.json.encode(self.settings))
        os.close(config_write)
        lifeline_read, self.lifeline = os.pipe()
        command = [sys.executable, "-P", "-m", "vigilar.core"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--config-fd", str(config_read), "--lifeline-fd", str(lifeline_read)],
                pass_fds=(config_read, lifeline_read),
                env=os.environ | {"PYTHONPATH": PACKAGES},
                stderr=log,
            )
        os.close(config_read)
        os.close(lifeline_read)
        return self

    def link(self, identity: str) -> Link:
        """Return the line of a process to the core."""
        if identity not in self.links:
            self.links[identity] = Link(
                self.context, core_endpoint(self.run_dir), identity, clock=SystemClock(), limit=5000
            )
        return self.links[identity]

    def delivered(self, identity: str, limit_s: float = 20.0) -> None:
        """Wait until everything that matters was acknowledged."""
        link = self.link(identity)

        def done() -> bool:
            link.service()
            link.receive()
            return link.unacknowledged == 0

        wait_for(done, f"{identity}'s messages to be acknowledged", limit_s)

    def cut(self) -> None:
        """Break the lifeline, as the supervisor's death does."""
        os.close(self.lifeline)
        self.lifeline = -1

    def ended(self, limit_s: float = 9.0) -> int:
        assert self.process is not None
        return self.process.wait(limit_s)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def wait_for(condition: Callable[[], object], what: str, limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit_s} s for {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def core_at(folder: Path, *, api: ApiSettings | None = None) -> Iterator[CoreRun]:
    """Yield a core that is not started yet; whatever runs at the end is killed."""
    with tempfile.TemporaryDirectory(prefix="vg-") as run_dir:
        settings = CoreSettings(
            cameras=(a_camera(), a_camera("yard")),
            storage_root=str(folder),
            key_dir=str(folder / "keys"),
            data_dir=str(folder),
            run_dir=run_dir,
            api=api or ApiSettings(enabled=False),
        )
        running = CoreRun(Root.at(folder), Path(run_dir), settings, folder / "core.log")
        try:
            yield running
        finally:
            for link in running.links.values():
                link.close()
            running.context.destroy(linger=0)
            if running.process is not None and running.process.poll() is None:
                running.kill()
            if running.lifeline >= 0:
                os.close(running.lifeline)
