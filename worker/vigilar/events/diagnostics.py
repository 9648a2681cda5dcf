"""Facts for a bug report: named one by one, so that nothing else can slip in."""

import platform
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from vigilar import __version__
from vigilar.api.services import CameraView, HealthReport
from vigilar.store.database import Database
from vigilar.store.errors import StoreError
from vigilar.store.migrate import revisions
from vigilar.store.tables import clips, events, outbox, system_events

type Facts = Callable[[], Mapping[str, Any]]


class Diagnostics:
    """Gathers the facts. A camera's address never reaches the core, so it cannot be among them."""

    def __init__(
        self, database: Database, cameras: Callable[[], tuple[CameraView, ...]], more: Facts
    ) -> None:
        self._database = database
        self._cameras = cameras
        self._more = more

    async def gather(self, report: HealthReport) -> Mapping[str, Any]:
        """Return JSON-able facts."""
        try:
            counts: Mapping[str, Any] = await self._database.run(_counts)
        except StoreError as err:
            counts = {"error": str(err)}
        return {
            "version": __version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "health": msgspec.to_builtins(report),
            "cameras": [_camera(view) for view in self._cameras()],
            "database": counts,
            **self._more(),
        }


def _camera(view: CameraView) -> dict[str, Any]:
    return {
        "id": view.id,
        "state": view.state.value,
        "mode": view.mode.value,
        "motion": view.motion,
        "recording": view.recording,
        "main": msgspec.to_builtins(view.main),
        "sub": msgspec.to_builtins(view.sub),
        "restarts": view.restarts,
        "reconnects": view.reconnects,
        "problem": view.problem,
    }


def _counts(connection: Connection) -> dict[str, Any]:
    def rows(what: Any) -> int:
        return connection.execute(select(func.count()).select_from(what)).scalar_one()

    waiting = select(func.count()).select_from(outbox).where(outbox.c.published.is_(None))
    return {
        "revision": revisions()[-1],
        "clips": rows(clips),
        "events": rows(events),
        "system_events": rows(system_events),
        "outbox_waiting": connection.execute(waiting).scalar_one(),
    }
