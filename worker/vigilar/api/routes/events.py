"""Events: the list, one of them, acknowledging it."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from vigilar.api.errors import documented
from vigilar.api.requests import EventFilters, EventIdIn
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import Events
from vigilar.api.views import API_ROOT, EventOut, EventPageOut

router: Final = APIRouter(
    prefix=f"{API_ROOT}/events", tags=["events"], dependencies=NEEDS_TOKEN, responses=TOKEN_ERRORS
)
_MISSING: Final = documented("not_found", "invalid_request", "unavailable")


@router.get("", responses=documented("invalid_request", "unavailable"))
async def list_events(filters: Annotated[EventFilters, Query()], events: Events) -> EventPageOut:
    """Return events, newest first, a page at a time."""
    page = await events.list(filters.query())
    return EventPageOut(
        items=[EventOut.model_validate(event) for event in page.items], next_cursor=page.next_cursor
    )


@router.get("/{event_id}", responses=_MISSING)
async def get_event(event_id: EventIdIn, events: Events) -> EventOut:
    """Return one event."""
    return EventOut.model_validate(await events.get(event_id))


@router.post("/{event_id}/acknowledge", responses=_MISSING)
async def acknowledge_event(event_id: EventIdIn, events: Events) -> EventOut:
    """Mark an event as seen; doing it again changes nothing."""
    return EventOut.model_validate(await events.acknowledge(event_id))
