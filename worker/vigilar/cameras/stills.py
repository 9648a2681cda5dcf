"""Snapshots: the newest key frame, decoded by the look process."""

import asyncio
from typing import Final

from vigilar.bus.messages import KeyframeRequest, StillRequest
from vigilar.cameras.commands import LOOK, Requester, ask, capture_peer
from vigilar.cameras.registry import CameraRegistry
from vigilar.domain.camera import CameraId, CameraState
from vigilar.domain.errors import InvalidRequestError, UnavailableError

MIN_WIDTH: Final = 16
MAX_WIDTH: Final = 7680
KEYFRAME_TIMEOUT_S: Final = 2.0
STILL_TIMEOUT_S: Final = 5.0


class Stills:
    """Asks for each picture once, however many wait for it: decoding is the look process's scarcest good."""

    def __init__(self, registry: CameraRegistry, hub: Requester) -> None:
        self._registry = registry
        self._hub = hub
        self._under_way: dict[tuple[CameraId, int], asyncio.Task[bytes]] = {}

    async def snapshot(self, camera: CameraId, width: int) -> bytes:
        """Return a JPEG at most `width` pixels wide.

        Raises NotFoundError, InvalidRequestError, and UnavailableError: a camera that is away has no picture.
        """
        if not MIN_WIDTH <= width <= MAX_WIDTH:
            raise InvalidRequestError(f"width is {width}: it must be {MIN_WIDTH} to {MAX_WIDTH}")
        view = self._registry.get(camera)
        if view.state is not CameraState.ONLINE:
            raise UnavailableError(f"camera {camera} is {view.state}: there is no picture of now")
        key = (camera, width)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(camera, width))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        # Shielded: one who stops waiting does not take the picture from the others.
        return await asyncio.shield(task)

    async def _fetch(self, camera: CameraId, width: int) -> bytes:
        try:
            _, source = await ask(
                self._hub, capture_peer(camera), KeyframeRequest(), within_s=KEYFRAME_TIMEOUT_S
            )
        except UnavailableError:
            # The stream is there, only no key frame yet: what was last looked at is as new as can be had.
            source = b""
        _, jpeg = await ask(
            self._hub, LOOK, StillRequest(camera, width), blob=source, within_s=STILL_TIMEOUT_S
        )
        if not jpeg:
            raise UnavailableError(f"camera {camera}: no picture could be made; try again")
        return jpeg

    def _finished(self, key: tuple[CameraId, int], task: asyncio.Task[bytes]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # looked at, so that a failure nobody waited for is not reported as lost
