"""Puts the application together from injected services."""

from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vigilar.api.auth import Doorman, Gate, TokenAuth
from vigilar.api.edge import Edge
from vigilar.api.errors import answer_to, envelope, invalid, problems_of
from vigilar.api.request_counts import RequestCounts
from vigilar.api.routes import cameras, clips, coverage, events, live, media, worker
from vigilar.api.runtime import Runtime, install
from vigilar.api.services import Services
from vigilar.api.throttle import Throttle
from vigilar.api.views import API_ROOT, InfoOut
from vigilar.api.ws.endpoint import DEFAULT_LIMITS, EndpointLimits, WebSocketEndpoint
from vigilar.domain.clock import Clock, SystemClock
from vigilar.domain.errors import VigilarError

SCHEMA_VERSION: Final = 1
MIN_SUPPORTED_SCHEMA_VERSION: Final = 1
WEBSOCKET_PATH: Final = f"{API_ROOT}/ws"


def create_app(
    services: Services,
    *,
    auth: TokenAuth,
    version: str,
    server_id: str,
    name: str = "Vigilar",
    clock: Clock | None = None,
    doorman: Doorman | None = None,
    limits: EndpointLimits = DEFAULT_LIMITS,
) -> FastAPI:
    """Return the ASGI application. `server_id` names this installation for good; `name` is for people."""
    counts = RequestCounts()
    doorman = doorman or Doorman(auth, Throttle(clock or SystemClock()))
    app = FastAPI(
        title="Vigilar",
        version=str(SCHEMA_VERSION),
        description="The worker's API; see docs/api.md for a guide. `info.version` is the schema version.",
        openapi_url=None,  # committed as docs/openapi.json; interactive pages would load scripts from afar
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    install(
        app,
        Runtime(
            services=services,
            info=_info(name, version, server_id),
            doorman=doorman,
            counts=counts,
            version=version,
        ),
    )
    _add_routes(app, limits)
    app.add_exception_handler(VigilarError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_middleware(Gate, doorman=doorman)
    app.add_middleware(Edge, counts=counts)  # added last, so outermost
    return app


def _info(name: str, version: str, server_id: str) -> InfoOut:
    return InfoOut(
        name=name,
        version=version,
        server_id=server_id,
        schema_version=SCHEMA_VERSION,
        min_supported_schema_version=MIN_SUPPORTED_SCHEMA_VERSION,
        auth=["bearer"],
    )


def _add_routes(app: FastAPI, limits: EndpointLimits) -> None:
    for router in (
        worker.public,
        worker.private,
        cameras.router,
        live.private,
        live.public,
        clips.router,
        media.router,
        events.router,
        coverage.router,
    ):
        app.include_router(router)
    app.add_api_websocket_route(WEBSOCKET_PATH, WebSocketEndpoint(limits).handle)


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _answer(_request: Request, error: Exception) -> Response:
    return answer_to(error)


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    return envelope(invalid(problems_of(found)))
