"""Fake cameras in a thread of the test, where a process would be more than is needed."""

import asyncio
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from fakecam.control import Control
from fakecam.remote import FakeCameras
from fakecam.spec import CameraSpec
from fakecam.station import serving


class FakeCameraThread(FakeCameras):
    """As `FakeCameraProcess`, but within this process: starts in milliseconds, shares our interpreter."""

    def __init__(self, specs: Sequence[CameraSpec]) -> None:
        self._specs = list(specs)
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="fakecam", daemon=True
        )
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event
        self._failure: BaseException | None = None

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with serving(self._specs, self.host) as station:
                control = Control(station)
                self.control_port = await control.open()
                self._ready.set()
                await self._end.wait()
                control.close()
        except BaseException as err:
            self._failure = err
            self._ready.set()
            raise

    def start(self) -> Self:
        """Start and wait until all cameras can be connected to."""
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
