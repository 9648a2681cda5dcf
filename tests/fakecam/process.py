"""Fake cameras in a process of their own, so that their work is not counted as ours."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from fakecam.remote import ControlError, FakeCameras
from fakecam.spec import CameraSpec


class FakeCameraProcess(FakeCameras):
    """Serves cameras while the block runs:

    with FakeCameraProcess([CameraSpec.yard("door")]) as cams:
        cams.url("door"), cams.fault("door", "stall")

    The process ends with the block, and with us if we are killed.
    """

    def __init__(self, specs: Sequence[CameraSpec]) -> None:
        self._specs = list(specs)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start and wait until all cameras can be connected to; makes scenes that are not kept yet."""
        folder = str(Path(__file__).parents[1])
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([folder, *sys.path])}
        command = [sys.executable, "-m", "fakecam", "--specs-from-stdin", "--control", f"{self.host}:0"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(msgspec.json.encode(self._specs) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ControlError(f"the fake cameras did not start (exit code {self._process.wait(5)})")
        self.control_port = int(json.loads(line)["control"])
        return self

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process
        return self._process.pid

    def stop(self) -> None:
        """End the process."""
        if self._process is None:
            return
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
