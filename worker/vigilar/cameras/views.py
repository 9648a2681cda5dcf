"""Whether a camera's sub-stream shows what its main stream shows: asked rarely, of the look process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from vigilar.bus.messages import CompareViews, ConditionKind, ConditionState, KeyframeRequest
from vigilar.cameras.commands import LOOK, Requester, ask, capture_peer
from vigilar.cameras.live_state import LiveState
from vigilar.cameras.registry import CameraRegistry
from vigilar.domain.camera import CameraId, CameraState
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.errors import VigilarError

log = logging.getLogger(__name__)

EVERY_NS: Final = 3600 * NANOSECONDS
AGAIN_NS: Final = 60 * NANOSECONDS
"""After an answer that is to be confirmed, or none."""
TWICE: Final = 2
"""So many times in a row the views must differ: a lorry may pass between the two pictures."""
_DIFFERS: Final = "differs: "


class ViewCheck:
    """Compares main and sub-stream of each camera once an hour. `tell` takes in what is found."""

    def __init__(
        self,
        registry: CameraRegistry,
        hub: Requester,
        clock: Clock,
        tell: Callable[[ConditionState], Awaitable[None]],
    ) -> None:
        self._registry = registry
        self._hub = hub
        self._clock = clock
        self._tell = tell
        self._due: dict[CameraId, int] = {}
        self._differed: dict[CameraId, int] = {}

    async def run(self, every_s: float = 20.0) -> None:
        """Work for ever; cancel to stop."""
        while True:
            await asyncio.sleep(every_s)
            await self.tick()

    async def tick(self) -> None:
        """Compare what is due."""
        now = self._clock.monotonic_ns()
        for state in self._registry:
            camera = state.settings.camera
            if self._wanted(state, now) and now >= self._due.get(camera, 0):
                self._due[camera] = now + AGAIN_NS
                try:
                    await self.check(camera)
                except VigilarError as err:
                    log.debug("camera %s: its two views were not compared: %s", camera, err)

    @staticmethod
    def _wanted(state: LiveState, now_ns: int) -> bool:
        settings = state.settings
        seen = state.looked(now_ns)
        return (
            settings.enabled
            and settings.has_sub
            and settings.condition.sub_view
            and state.state(now_ns) is CameraState.ONLINE
            and seen is not None
            and seen.looks > 0
        )

    async def check(self, camera: CameraId) -> None:
        """Compare now. Raises UnavailableError and what else commands raise."""
        _, source = await ask(self._hub, capture_peer(camera), KeyframeRequest())
        answer, _ = await ask(self._hub, LOOK, CompareViews(camera), blob=source)
        now = self._clock.monotonic_ns()
        if answer == "unclear":
            return
        differs = answer.startswith(_DIFFERS)
        self._differed[camera] = self._differed.get(camera, 0) + 1 if differs else 0
        if not differs or self._differed[camera] >= TWICE:
            detail = "the sub-stream shows another view than main: " + answer.removeprefix(_DIFFERS)
            await self._tell(
                ConditionState(
                    camera, "", ConditionKind.SUB_VIEW, differs, now, now, detail if differs else ""
                )
            )
            self._due[camera] = now + EVERY_NS
