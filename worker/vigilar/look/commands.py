"""What the core may ask of the look process: other motion settings, stills."""

import logging
from collections.abc import Callable, Mapping

from vigilar.bus.messages import CompareViews, Reply, SetMotion, StillRequest
from vigilar.bus.wire import Received
from vigilar.domain.camera import CameraId
from vigilar.domain.errors import InvalidRequestError, NotFoundError, VigilarError
from vigilar.look.camera import CameraLook
from vigilar.look.stills import compare, still

_LOG = logging.getLogger(__name__)


class Commands:
    """Carries commands out. `watch(camera, watched)` begins and ends the flow of a camera's pictures."""

    def __init__(
        self, cameras: Mapping[CameraId, CameraLook], watch: Callable[[CameraId, bool], None]
    ) -> None:
        self._cameras = cameras
        self._watch = watch

    def answer(self, received: Received) -> tuple[Reply, bytes]:
        """Return (reply, blob); failures become replies."""
        try:
            return self._obey(received)
        except VigilarError as err:
            return Reply(ok=False, text=str(err), code=err.code), b""
        except Exception:  # noqa: BLE001  (an edge: a bad command must not end the looking)
            _LOG.exception("command %s failed unexpectedly", type(received.message).__name__)
            return Reply(ok=False, text="unexpected failure; see the worker's log", code="internal"), b""

    def _obey(self, received: Received) -> tuple[Reply, bytes]:
        match received.message:
            case SetMotion(camera=name, motion=motion):
                camera = self._known(name)
                if motion.enabled is not camera.enabled:
                    self._watch(name, motion.enabled)
                camera.set_motion(motion)
                return Reply(ok=True), b""
            case StillRequest(camera=name) as request:
                return Reply(ok=True), still(request, received.blob, self._known(name))
            case CompareViews(camera=name):
                return Reply(ok=True, text=compare(received.blob, self._known(name))), b""
            case other:
                raise InvalidRequestError(f"look knows no command {type(other).__name__}")

    def _known(self, name: CameraId) -> CameraLook:
        found = self._cameras.get(name)
        if found is None:
            raise NotFoundError(f"look knows no camera {name}; was it added since the start?")
        return found
