"""Who takes in which message. Memory first, then the database: what is known at once is shown at once."""

import logging
from collections.abc import Mapping, Sequence

from vigilar.bus.messages import (
    CameraStateChanged,
    CaptureStarted,
    CaptureStatus,
    ClipOpened,
    ClipSealed,
    ConditionState,
    FootageGap,
    LookStarted,
    LookStatus,
    Message,
    MotionState,
)
from vigilar.core.house import House
from vigilar.domain.camera import CameraId
from vigilar.domain.errors import VigilarError
from vigilar.events.dispatch import Handler

log = logging.getLogger(__name__)


class Arrivals:
    """The table of handlers, and what happens when a process comes (back)."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._look_pid: int | None = None
        self._look_known = False

    def handlers(self) -> Mapping[type[Message], Sequence[Handler]]:
        """Return message type → what to do, in this order."""
        house = self._house
        return {
            CaptureStarted: (self._capture_started,),
            CaptureStatus: (self._capture_status,),
            CameraStateChanged: (house.occurrences.camera_state,),
            ClipOpened: (house.recording_intake.opened,),
            ClipSealed: (house.retention.arrived, house.recording_intake.sealed),
            FootageGap: (house.occurrences.gap, house.ledger.gap),
            MotionState: (self._motion, house.motion.state),
            ConditionState: (self._condition, house.conditions.state),
            LookStarted: (self._look_started,),
            LookStatus: (self._look_status, house.occurrences.look_status),
        }

    async def _capture_started(self, message: CaptureStarted) -> None:
        house, camera = self._house, message.camera
        house.live.end_streams(camera)
        # In the background: a folder with thousands of files must not hold up other cameras' messages.
        house.background.spawn(house.reconciler.camera(camera), f"reconciling the recordings of {camera}")
        house.background.spawn(self._restore_mode(camera), f"restoring the recording mode of {camera}")

    async def _capture_status(self, message: CaptureStatus) -> None:
        self._house.registry.capture_status(message)
        await self._house.occurrences.heard(message.camera, message.state)
        await self._house.ledger.capture_status(message)

    async def _motion(self, message: MotionState) -> None:
        self._house.registry.motion(message)

    async def _condition(self, message: ConditionState) -> None:
        self._house.registry.condition(message)

    async def _look_started(self, message: LookStarted) -> None:
        if message.pid != self._look_pid:
            self._look_pid = message.pid
            self._house.registry.look_restarted()
            await self._house.motion.look_restarted()
            await self._house.conditions.look_restarted()
            self._greet_look()

    async def _look_status(self, message: LookStatus) -> None:
        self._house.registry.look_status(message)
        if not self._look_known:
            self._greet_look()

    def _greet_look(self) -> None:
        self._look_known = True
        self._house.background.spawn(self._restore_motion(), "telling the look process its settings")

    async def _restore_mode(self, camera: CameraId) -> None:
        try:
            await self._house.cameras.capture_restarted(camera)
        except VigilarError as err:
            log.warning("camera %s: its recording mode could not be restored: %s", camera, err)

    async def _restore_motion(self) -> None:
        try:
            await self._house.cameras.look_restarted()
        except VigilarError as err:
            self._look_known = False  # tried again at its next status
            log.warning("the look process did not take its motion settings: %s", err)
