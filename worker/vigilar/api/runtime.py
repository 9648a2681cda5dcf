"""What the routes share, and how they come by it."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from vigilar.api.auth import Doorman, Principal
from vigilar.api.request_counts import RequestCounts
from vigilar.api.services import (
    CameraService,
    ClipService,
    CoverageService,
    EventService,
    HealthService,
    LiveService,
    Services,
    StorageService,
)
from vigilar.api.views import InfoOut


@dataclass(slots=True)
class Runtime:
    """One application's parts. `closing` is set when the server is about to stop: open streams end."""

    services: Services
    info: InfoOut
    doorman: Doorman
    counts: RequestCounts
    version: str
    closing: asyncio.Event = field(default_factory=asyncio.Event)


def install(app: Starlette, runtime: Runtime) -> None:
    """Keep the runtime with its application."""
    app.state.runtime = runtime


def runtime_of(app: Starlette) -> Runtime:
    """Return the runtime of an application made by `create_app`."""
    runtime = app.state.runtime
    if not isinstance(runtime, Runtime):
        raise TypeError("not an application made by create_app")
    return runtime


async def _runtime(connection: HTTPConnection) -> Runtime:
    return runtime_of(connection.app)


type House = Annotated[Runtime, Depends(_runtime)]


async def _cameras(house: House) -> CameraService:
    return house.services.cameras


async def _clips(house: House) -> ClipService:
    return house.services.clips


async def _events(house: House) -> EventService:
    return house.services.events


async def _live(house: House) -> LiveService:
    return house.services.live


async def _health(house: House) -> HealthService:
    return house.services.health


async def _storage(house: House) -> StorageService:
    return house.services.storage


async def _coverage(house: House) -> CoverageService:
    return house.services.coverage


async def _principal(request: Request) -> Principal:
    principal = request.state.principal
    if not isinstance(principal, Principal):
        raise TypeError("the gate let a request through without a principal")
    return principal


type Cameras = Annotated[CameraService, Depends(_cameras)]
type Clips = Annotated[ClipService, Depends(_clips)]
type Events = Annotated[EventService, Depends(_events)]
type Live = Annotated[LiveService, Depends(_live)]
type Health = Annotated[HealthService, Depends(_health)]
type Storage = Annotated[StorageService, Depends(_storage)]
type Coverage = Annotated[CoverageService, Depends(_coverage)]
type Caller = Annotated[Principal, Depends(_principal)]
