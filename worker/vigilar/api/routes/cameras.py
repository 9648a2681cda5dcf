"""Cameras: state, snapshot, recording now, settings that hold until the next start."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from vigilar.api.errors import documented
from vigilar.api.requests import CameraIdIn, CameraIn, RecordIn, SnapshotIn
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import Cameras
from vigilar.api.services import CameraService
from vigilar.api.views import API_ROOT, CameraOut, CamerasOut, RecordingOut
from vigilar.domain.camera import CameraId

router: Final = APIRouter(
    prefix=f"{API_ROOT}/cameras",
    tags=["cameras"],
    dependencies=NEEDS_TOKEN,
    responses=TOKEN_ERRORS,
)
_MISSING: Final = documented("not_found", "invalid_request")
_AWAY: Final = documented("not_found", "invalid_request", "unavailable")
_JPEG: Final = {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("")
async def list_cameras(cameras: Cameras) -> CamerasOut:
    """Return every configured camera."""
    return CamerasOut(items=[CameraOut.model_validate(view) for view in cameras.all()])


@router.get("/{camera_id}", responses=_MISSING)
async def get_camera(camera_id: CameraIdIn, cameras: Cameras) -> CameraOut:
    """Return one camera."""
    return CameraOut.model_validate(cameras.get(camera_id))


@router.patch("/{camera_id}", responses=_AWAY | documented("payload_too_large"))
async def change_camera(camera_id: CameraIdIn, change: CameraIn, cameras: Cameras) -> CameraOut:
    """Change the recording mode or motion settings, until the worker's next start."""
    return CameraOut.model_validate(await apply_change(cameras, camera_id, change))


@router.get("/{camera_id}/snapshot.jpg", response_class=Response, responses=_AWAY | {200: _JPEG})
async def get_snapshot(
    camera_id: CameraIdIn, wish: Annotated[SnapshotIn, Query()], cameras: Cameras
) -> Response:
    """Return the newest picture, at most `width` pixels wide."""
    return Response(await cameras.snapshot(camera_id, wish.width), media_type="image/jpeg")


@router.post("/{camera_id}/record", status_code=202, responses=_AWAY | documented("payload_too_large"))
async def record_now(
    camera_id: CameraIdIn, cameras: Cameras, wish: Annotated[RecordIn | None, Body()] = None
) -> RecordingOut:
    """Record now, whatever the mode; without a body for 30 seconds."""
    return RecordingOut(clip_id=await cameras.record(camera_id, (wish or RecordIn()).seconds))


async def apply_change(cameras: CameraService, camera_id: CameraId, change: CameraIn) -> object:
    """Apply a change and return the camera as it is then. Raises NotFoundError, UnavailableError."""
    settings = cameras.get(camera_id).motion_settings
    if change.motion is not None:
        await cameras.set_motion(camera_id, change.motion.applied_to(settings))
    if change.mode is not None:
        await cameras.set_recording_mode(camera_id, change.mode)
    return cameras.get(camera_id)
