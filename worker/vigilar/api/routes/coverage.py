"""Coverage: when cameras were meant to be watched and were not."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from vigilar.api.errors import documented
from vigilar.api.requests import CoverageFilters
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import Coverage
from vigilar.api.views import API_ROOT, DayCoverageOut, GapOut, GapPageOut

router: Final = APIRouter(
    prefix=f"{API_ROOT}/coverage", tags=["coverage"], dependencies=NEEDS_TOKEN, responses=TOKEN_ERRORS
)


@router.get("", responses=documented("invalid_request", "unavailable"))
async def list_gaps(filters: Annotated[CoverageFilters, Query()], coverage: Coverage) -> GapPageOut:
    """Return gaps that are over, newest first, a page at a time."""
    page = await coverage.list(filters.query())
    return GapPageOut(items=[GapOut.model_validate(gap) for gap in page.items], next_cursor=page.next_cursor)


@router.get("/today")
async def get_today(coverage: Coverage) -> DayCoverageOut:
    """Return how many seconds of today every camera lacks so far, and why."""
    return DayCoverageOut.model_validate(coverage.today())
