"""Runs the real worker (`vigilar run`) in a folder of its own and talks to it as a user's program would."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from rig.accounting import ProcessUse, use_of
from vigilar.api.tokens import new_token

type Json = dict[str, Any]


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """A worker under test. Everything it keeps lies under `folder`; its log is `folder/worker.log`."""

    def __init__(self, folder: Path, cameras: Mapping[str, Json], **sections: Json) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.keys = self.data / "keys"
        self.port = free_port()
        self.config = folder / "vigilar.yaml"
        self.log = folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        # Paths of sockets are short; those of tests' folders are not.
        self.run = Path(tempfile.mkdtemp(prefix="vigilar-run-"))
        tree: Json = {
            "cameras": dict(cameras),
            "storage": {"path": str(self.data), "run": str(self.run)} | sections.pop("storage", {}),
            "api": {"host": "127.0.0.1", "port": self.port} | sections.pop("api", {}),
            "logging": {"format": "json", "level": "info"} | sections.pop("logging", {}),
            # Half a minute after the start it would stand out in what a short bench measures.
            "backup": {"enabled": False} | sections.pop("backup", {}),
        }
        self.config.write_text(json.dumps(tree | sections, indent=1))

    # --- the process --------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the worker; does not wait for it to be ready."""
        self.data.mkdir(exist_ok=True)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vigilar.cli", "run", "-c", str(self.config)],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None, "the house was not started"
        return self._process.pid

    def processes(self) -> list[ProcessUse]:
        """Return the supervisor and its children with what they use."""
        return use_of(self.pid)

    def pid_of(self, name: str) -> int | None:
        """Return the process id of `core`, `look` or `capture:<camera>`, or None while it is away."""
        told = json.loads((self.run / "supervisor.json").read_text())
        pid: int | None = told["processes"][name]["pid"]
        return pid

    def kill(self, name: str) -> int:
        """Kill a child as the kernel would (SIGKILL); return CLOCK_MONOTONIC of the kill in ns."""
        pid = wait_for(lambda: self.pid_of(name), f"{name} to be running", 30)
        os.kill(pid, signal.SIGKILL)
        return time.monotonic_ns()

    def stop(self, limit_s: float = 30.0) -> int:
        """Ask the worker to end (SIGTERM) and return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(limit_s)

    def kill_supervisor(self) -> int:
        """Kill the parent only; return CLOCK_MONOTONIC of the kill in ns."""
        assert self._process is not None
        self._process.kill()
        killed_ns = time.monotonic_ns()
        self._process.wait()
        return killed_ns

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                for use in self.processes():
                    os.kill(use.pid, signal.SIGKILL)
                self._process.wait()
        shutil.rmtree(self.run, ignore_errors=True)

    # --- its API ------------------------------------------------------------------------------------

    def client(self) -> httpx2.Client:
        """Return an HTTP client that holds a token of this house."""
        plain = self.folder / "token"
        if not plain.exists():
            plain.write_text(new_token(self.keys / "api_token.hash"))
        return httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {plain.read_text().strip()}"},
            timeout=20,
        )

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON answer to GET /api/v1{path}."""
        with self.client() as client:
            answer = client.get(f"/api/v1{path}", params=query)
            answer.raise_for_status()
            return answer.json()

    def answers(self) -> bool:
        """Return whether the API answers."""
        with httpx2.Client() as client:
            return client.get(f"http://127.0.0.1:{self.port}/health").status_code == 200

    def alive(self) -> bool:
        """Return whether the supervisor runs; raises with its log's end when it gave up."""
        assert self._process is not None
        if (code := self._process.poll()) is not None:
            raise RuntimeError(f"the worker ended with {code}\n{log_end(self.log)}")
        return True

    def wait_ready(self, limit_s: float = 45.0) -> None:
        """Wait until the API answers."""
        wait_for(lambda: self.alive() and self.answers(), "the API to answer", limit_s, log=self.log)

    def wait_online(self, *cameras: str, limit_s: float = 60.0) -> None:
        """Wait until these cameras (all, if none is named) are online."""
        self.wait_ready(limit_s)

        def online() -> bool:
            views = {view["id"]: view["state"] for view in self.get("/cameras")["items"]}
            return all(views.get(camera) == "online" for camera in (cameras or views))

        wait_for(online, "cameras to be online", limit_s, log=self.log)

    def clips(self, **query: Any) -> list[Json]:
        """Return the newest clips."""
        items: list[Json] = self.get("/clips", **query)["items"]
        return items


def wait_for(
    condition: Callable[[], Any], what: str, limit_s: float, *, every_s: float = 0.2, log: Path | None = None
) -> Any:
    """Return the first true value of `condition`; on time-out raise with the end of the worker's log."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except (httpx2.HTTPError, OSError):
            pass
        time.sleep(every_s)
    raise TimeoutError(f"waited {limit_s:.0f} s for {what}\n{log_end(log) if log else ''}")


def log_end(log: Path, lines: int = 30) -> str:
    """Return the last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
