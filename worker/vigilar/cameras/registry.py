"""Every configured camera's present state, put together from what the processes say."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from vigilar.api.services import CameraView, DeltaPublisher
from vigilar.bus.messages import (
    CaptureStatus,
    ConditionKind,
    ConditionState,
    LookStatus,
    MotionKind,
    MotionState,
)
from vigilar.cameras.live_state import MOTION_SILENCE_NS, LiveState, noteworthy
from vigilar.domain.camera import CameraId, RecordingMode
from vigilar.domain.clip import ClipId
from vigilar.domain.clock import Clock, wall_of
from vigilar.domain.errors import NotFoundError
from vigilar.domain.settings import CoreCamera, MotionSettings


class CameraRegistry:
    """Owned by the event loop. Tells `publisher` of every change worth telling, as topic `camera`."""

    def __init__(self, cameras: tuple[CoreCamera, ...], clock: Clock, publisher: DeltaPublisher) -> None:
        self._clock = clock
        self._publisher = publisher
        now = clock.monotonic_ns()
        self._states = {camera.camera: LiveState(camera, now) for camera in cameras}
        self._told = {camera: noteworthy(state.view(now)) for camera, state in self._states.items()}

    def __iter__(self) -> Iterator[LiveState]:
        return iter(self._states.values())

    def __contains__(self, camera: CameraId) -> bool:
        return camera in self._states

    def state(self, camera: CameraId) -> LiveState:
        """Return what is known of a camera. Raises NotFoundError."""
        try:
            return self._states[camera]
        except KeyError as err:
            raise NotFoundError(f"there is no camera {camera!r}") from err

    def all(self) -> tuple[CameraView, ...]:
        """Return every camera, in configuration order."""
        now = self._clock.monotonic_ns()
        return tuple(state.view(now) for state in self)

    def get(self, camera: CameraId) -> CameraView:
        """Return one. Raises NotFoundError."""
        return self.state(camera).view(self._clock.monotonic_ns())

    def remember(
        self, last_motion: Mapping[CameraId, datetime], last_clip: Mapping[CameraId, ClipId]
    ) -> None:
        """Take over what was known before the core's last restart."""
        for camera, state in self._states.items():
            state.last_motion = last_motion.get(camera)
            state.last_clip = last_clip.get(camera)
            self._tell(camera)

    def capture_status(self, status: CaptureStatus) -> None:
        """Take in a capture process's state."""
        state = self._states.get(status.camera)
        if state is None:
            return
        state.status, state.status_ns = status, self._clock.monotonic_ns()
        self._tell(status.camera)

    def look_status(self, status: LookStatus) -> None:
        """Take in the look process's state of one camera."""
        state = self._states.get(status.camera)
        if state is not None:
            state.look, state.look_ns = status, self._clock.monotonic_ns()

    def motion(self, message: MotionState) -> None:
        """Take in motion; a change of light is no motion."""
        state = self._states.get(message.camera)
        if state is None or message.kind is not MotionKind.MOTION:
            return
        state.last_motion = wall_of(message.last_moving_ns, self._clock.instant())
        if message.active:
            state.moving[message.event_id] = self._clock.monotonic_ns()
        else:
            state.moving.pop(message.event_id, None)
        self._tell(message.camera)

    def condition(self, message: ConditionState) -> None:
        """Take in what is wrong with a camera's picture, or no longer."""
        state = self._states.get(message.camera)
        if state is None:
            return
        if message.active:
            state.conditions[message.kind] = message, self._clock.monotonic_ns()
        else:
            state.conditions.pop(message.kind, None)

    def look_restarted(self) -> None:
        """Forget motion, and what was wrong, that the look process before this one reported."""
        for camera, state in self._states.items():
            state.moving.clear()
            for kind in [kind for kind in state.conditions if kind is not ConditionKind.SUB_VIEW]:
                del state.conditions[kind]
            self._tell(camera)

    def newest_clip(self, camera: CameraId, clip: ClipId | None) -> None:
        """Note a camera's newest clip."""
        state = self._states.get(camera)
        if state is not None:
            state.last_clip = clip
            self._tell(camera)

    def override_mode(self, camera: CameraId, mode: RecordingMode) -> None:
        """Note a mode set while running."""
        self.state(camera).mode_override = mode
        self._tell(camera)

    def override_motion(self, camera: CameraId, motion: MotionSettings) -> None:
        """Note motion settings set while running."""
        self.state(camera).motion_override = motion
        self._tell(camera)

    def restarts(self, counts: Mapping[CameraId, int]) -> None:
        """Note how often each camera's capture process was restarted."""
        for camera, state in self._states.items():
            state.restarts = counts.get(camera, 0)
            self._tell(camera)

    def missing_today(self, seconds: Mapping[CameraId, float]) -> None:
        """Note how much each camera lacks of today so far."""
        for camera, state in self._states.items():
            state.missing_today_s = seconds.get(camera, 0.0)
            self._tell(camera)

    def tick(self) -> None:
        """Let what was not repeated in time expire; call every few seconds."""
        now = self._clock.monotonic_ns()
        for camera, state in self._states.items():
            for event in [e for e, heard in state.moving.items() if now - heard >= MOTION_SILENCE_NS]:
                del state.moving[event]
            self._tell(camera)

    def _tell(self, camera: CameraId) -> None:
        view = self._states[camera].view(self._clock.monotonic_ns())
        steady = noteworthy(view)
        if steady != self._told[camera]:
            self._told[camera] = steady
            self._publisher.publish("camera", camera, view)
