"""The camera service: views from the registry, commands over the bus."""

from typing import Final

from vigilar.api.services import CameraView
from vigilar.bus.messages import RecordNow, SetMotion, SetRecordingMode
from vigilar.cameras.commands import LOOK, Requester, ask, capture_peer
from vigilar.cameras.registry import CameraRegistry
from vigilar.cameras.stills import Stills
from vigilar.domain.camera import CameraId, RecordingMode
from vigilar.domain.clip import ClipId
from vigilar.domain.errors import InvalidRequestError, UnavailableError
from vigilar.domain.settings import MotionSettings

MAX_RECORD_S: Final = 3600.0


class Cameras:
    """Implements `CameraService`."""

    def __init__(self, registry: CameraRegistry, hub: Requester) -> None:
        self._registry = registry
        self._hub = hub
        self._stills = Stills(registry, hub)

    def all(self) -> tuple[CameraView, ...]:
        """Return every configured camera, in configuration order."""
        return self._registry.all()

    def get(self, camera: CameraId) -> CameraView:
        """Return one. Raises NotFoundError."""
        return self._registry.get(camera)

    async def snapshot(self, camera: CameraId, width: int) -> bytes:
        """Return a JPEG at most `width` pixels wide. Raises NotFoundError, UnavailableError."""
        return await self._stills.snapshot(camera, width)

    async def record(self, camera: CameraId, seconds: float) -> ClipId:
        """Record now. Raises NotFoundError, InvalidRequestError, UnavailableError."""
        self._usable(camera)
        if not 0 < seconds <= MAX_RECORD_S:
            raise InvalidRequestError(
                f"seconds is {seconds:g}: it must be above 0 and at most {MAX_RECORD_S:g}"
            )
        clip, _ = await ask(self._hub, capture_peer(camera), RecordNow(seconds))
        return clip

    async def set_recording_mode(self, camera: CameraId, mode: RecordingMode) -> None:
        """Change the mode until the next start. Raises NotFoundError, UnavailableError."""
        self._usable(camera)
        await ask(self._hub, capture_peer(camera), SetRecordingMode(mode))
        self._registry.override_mode(camera, mode)

    async def set_motion(self, camera: CameraId, motion: MotionSettings) -> None:
        """Change motion settings until the next start. Raises NotFoundError, UnavailableError."""
        self._usable(camera)
        await ask(self._hub, LOOK, SetMotion(camera, motion))
        self._registry.override_motion(camera, motion)

    async def capture_restarted(self, camera: CameraId) -> None:
        """Tell a capture process that came back what was changed while its predecessor ran."""
        if camera in self._registry and (mode := self._registry.state(camera).mode_override) is not None:
            await ask(self._hub, capture_peer(camera), SetRecordingMode(mode))

    async def look_restarted(self) -> None:
        """Tell the look process the motion settings in force: after a restart the two may differ."""
        for state in self._registry:
            if state.settings.enabled:
                await ask(self._hub, LOOK, SetMotion(state.settings.camera, state.motion_settings()))

    def _usable(self, camera: CameraId) -> None:
        if not self._registry.state(camera).settings.enabled:
            raise UnavailableError(f"camera {camera} is disabled in the configuration")
