"""The worker itself: handshake, health, diagnostics, metrics, its own log of events."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from vigilar.api.errors import documented
from vigilar.api.requests import SystemEventFilters
from vigilar.api.routes.bearer import NEEDS_TOKEN, TOKEN_ERRORS
from vigilar.api.runtime import Events, Health, House, Storage
from vigilar.api.views import (
    API_ROOT,
    HealthOut,
    InfoOut,
    StatusOut,
    StorageOut,
    SystemEventOut,
    SystemEventsOut,
)

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

public: Final = APIRouter(tags=["worker"])
private: Final = APIRouter(tags=["worker"], dependencies=NEEDS_TOKEN, responses=TOKEN_ERRORS)


@public.get("/health")
async def get_status(health: Health) -> StatusOut:
    """Return the overall state, for anybody (container health checks)."""
    return StatusOut(status=health.report().status)


@public.get(f"{API_ROOT}/info")
async def get_info(house: House) -> InfoOut:
    """Return who answers and which clients it can talk to, for anybody."""
    return house.info


@private.get(f"{API_ROOT}/health")
async def get_health(health: Health) -> HealthOut:
    """Return the state of the worker with all that is not as it should be."""
    return HealthOut.model_validate(health.report())


@private.get(f"{API_ROOT}/storage", responses=documented("unavailable"))
async def get_storage(storage: Storage) -> StorageOut:
    """Return what the recordings take, per camera too, and how long the room lasts at this rate."""
    return StorageOut.model_validate(await storage.usage())


@private.get(f"{API_ROOT}/diagnostics")
async def get_diagnostics(health: Health) -> dict[str, Any]:
    """Return facts for a bug report. They hold no secret and no address."""
    return dict(await health.diagnostics())


@private.get(f"{API_ROOT}/system-events", responses=documented("invalid_request"))
async def list_system_events(
    filters: Annotated[SystemEventFilters, Query()], events: Events
) -> SystemEventsOut:
    """Return the newest of what happened to the worker itself."""
    found = await events.system_events(filters.limit)
    return SystemEventsOut(items=[SystemEventOut.model_validate(event) for event in found])


@private.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def get_metrics(house: House) -> Response:
    """Return metrics for Prometheus."""
    from vigilar.api.metrics import Metrics  # noqa: PLC0415 - large, and many a house has no Prometheus

    text = Metrics(house.services, house.counts, house.doorman, house.version).text()
    return Response(text, media_type=METRICS_TYPE)
