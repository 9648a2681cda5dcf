"""Fixtures for pytest: `from fakecam.fixtures import cameras, camera_process` in a conftest.py."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from fakecam.process import FakeCameraProcess
from fakecam.remote import FakeCameras
from fakecam.thread import FakeCameraThread

type Serve = Callable[..., FakeCameras]


@pytest.fixture
def cameras() -> Iterator[Serve]:
    """Serve the given cameras in a thread of the test: `cams = cameras(CameraSpec.small("door"))`."""
    with ExitStack() as stack:
        yield lambda *specs: stack.enter_context(FakeCameraThread(specs))


@pytest.fixture
def camera_process() -> Iterator[Serve]:
    """Serve the given cameras in a process of their own."""
    with ExitStack() as stack:
        yield lambda *specs: stack.enter_context(FakeCameraProcess(specs))
