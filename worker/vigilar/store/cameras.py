"""Cameras the worker has known, and what outlives a restart of what was seen of them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert

from vigilar.domain.camera import CameraId
from vigilar.store.tables import cameras


class Cameras:
    """The cameras of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def configure(self, names: Mapping[CameraId, str], at: datetime) -> None:
        """Note the configured cameras (id → name). Others stay, as not configured: their clips do too."""
        self._connection.execute(update(cameras).values(configured=False))
        for camera, name in names.items():
            statement = insert(cameras).values(id=camera, name=name, configured=True, first_seen=at)
            self._connection.execute(
                statement.on_conflict_do_update(
                    index_elements=[cameras.c.id], set_={"name": name, "configured": True}
                )
            )

    def moved(self, camera: CameraId, at: datetime) -> None:
        """Note when something last moved."""
        self._connection.execute(update(cameras).where(cameras.c.id == camera).values(last_motion=at))

    def last_motion(self) -> dict[CameraId, datetime]:
        """Return camera → when something last moved, where it ever did."""
        statement = select(cameras.c.id, cameras.c.last_motion).where(cameras.c.last_motion.is_not(None))
        return {row.id: row.last_motion for row in self._connection.execute(statement)}
