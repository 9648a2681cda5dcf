"""Recordings: the list, one of them, its star, its end."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from vigilar.api.errors import documented
from vigilar.api.requests import ClipFilters, ClipIdIn
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import Caller, Clips
from vigilar.api.views import API_ROOT, ClipOut, ClipPageOut

router: Final = APIRouter(
    prefix=f"{API_ROOT}/clips", tags=["clips"], dependencies=NEEDS_TOKEN, responses=TOKEN_ERRORS
)
_MISSING: Final = documented("not_found", "invalid_request", "unavailable")


@router.get("", responses=documented("invalid_request", "unavailable"))
async def list_clips(filters: Annotated[ClipFilters, Query()], clips: Clips) -> ClipPageOut:
    """Return recordings, newest first, a page at a time."""
    return ClipPageOut.of(await clips.list(filters.query()))


@router.get("/{clip_id}", responses=_MISSING)
async def get_clip(clip_id: ClipIdIn, clips: Clips) -> ClipOut:
    """Return one recording."""
    return ClipOut.of(await clips.get(clip_id))


@router.put("/{clip_id}/star", responses=_MISSING)
async def star_clip(clip_id: ClipIdIn, clips: Clips) -> ClipOut:
    """Star a recording: it is kept until the star is taken away."""
    return ClipOut.of(await clips.star(clip_id, starred=True))


@router.delete("/{clip_id}/star", responses=_MISSING)
async def unstar_clip(clip_id: ClipIdIn, clips: Clips) -> ClipOut:
    """Take the star away."""
    return ClipOut.of(await clips.star(clip_id, starred=False))


@router.delete("/{clip_id}", status_code=204, responses=_MISSING)
async def delete_clip(clip_id: ClipIdIn, clips: Clips, caller: Caller) -> None:
    """Delete a recording for good. Who did it is kept in the camera's journal."""
    await clips.delete(clip_id, actor=f"api:{caller.name}")
