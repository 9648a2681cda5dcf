"""Live view: a ticket for one camera, and the MPEG-TS it opens."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from vigilar.api.errors import documented
from vigilar.api.requests import CameraIdIn, TicketIn
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import House, Live
from vigilar.api.streaming import StreamedResponse
from vigilar.api.views import API_ROOT, LiveTicketOut, RevokedOut

private: Final = APIRouter(
    prefix=f"{API_ROOT}/cameras", tags=["live"], dependencies=NEEDS_TOKEN, responses=TOKEN_ERRORS
)
public: Final = APIRouter(prefix=f"{API_ROOT}/live", tags=["live"])
_MISSING: Final = documented("not_found", "invalid_request")
_STREAM: Final = {"content": {"video/mp2t": {"schema": {"type": "string", "format": "binary"}}}}


@private.post("/{camera_id}/live-ticket", status_code=201, responses=_MISSING | documented("unavailable"))
async def issue_live_ticket(camera_id: CameraIdIn, live: Live) -> LiveTicketOut:
    """Return a ticket: whoever holds it can watch this one camera until it expires or is voided."""
    return LiveTicketOut.of(live.issue(camera_id))


@private.delete("/{camera_id}/live-ticket", responses=_MISSING)
async def revoke_live_tickets(camera_id: CameraIdIn, live: Live) -> RevokedOut:
    """Void all tickets of a camera and end the streams they opened."""
    return RevokedOut(revoked=live.revoke(camera_id))


@public.get(
    "/{ticket}.ts",
    response_class=Response,
    responses=documented("not_found", "invalid_request", "unavailable") | {200: _STREAM},
)
async def watch_live(ticket: TicketIn, live: Live, house: House) -> Response:
    """Return MPEG-TS without end, beginning with the last key frame. The ticket is the authentication."""
    chunks = await live.stream(ticket)
    return StreamedResponse(chunks, closing=house.closing, media_type="video/mp2t")
