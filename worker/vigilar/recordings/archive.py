"""What every part of this room works with."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from vigilar.api.services import DeltaPublisher
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import Clock
from vigilar.domain.event import Event
from vigilar.files.durable import DurableFiles
from vigilar.recordings.places import Places
from vigilar.store.database import Database
from vigilar.store.notes import Notes
from vigilar.vault.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Archive:
    """The index, the files, and who is told of changes.

    `pool` runs what blocks on files. `clips_changed` is called when another clip may be a camera's newest.
    """

    database: Database
    places: Places
    keys: KeyRing
    files: DurableFiles
    pool: Executor
    clock: Clock
    publisher: DeltaPublisher
    notes: Notes
    clips_changed: Callable[[CameraId], None]

    async def off_loop[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns, run in the pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, lambda: work(*args, **kwargs))

    def tell(self, event: Event | None) -> None:
        """Tell that an event changed."""
        if event is not None:
            self.publisher.publish("event", event.id, event)
