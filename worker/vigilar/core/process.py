"""The running core: started, stopped, and what happens in between when a part fails."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any, Final

from vigilar.core.arrivals import Arrivals
from vigilar.core.ground import Ground
from vigilar.core.house import House
from vigilar.core.housekeeping import Housekeeping
from vigilar.core.listener import listen_for_clients
from vigilar.domain.clock import Clock
from vigilar.domain.event import Severity
from vigilar.domain.settings import CoreSettings
from vigilar.events.dispatch import Dispatcher
from vigilar.store.cameras import Cameras as CameraRows
from vigilar.store.clips import Clips
from vigilar.store.errors import StoreError

log = logging.getLogger(__name__)

CATCH_UP_AGAIN_S: Final = 10.0
LAST_WORDS_S: Final = 1.2
"""How long the core listens on after its supervisor died: the captures seal now, and say so."""


class CoreProcess:
    """One run of the core."""

    def __init__(self, settings: CoreSettings, ground: Ground, clock: Clock) -> None:
        self._settings = settings
        self._ground = ground
        self.house = House(settings, ground, clock)
        self._stop = asyncio.Event()
        self._orphaned = False

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stop.set()

    def watch(self, lifeline_fd: int) -> None:
        """Stop when the lifeline breaks."""
        loop = asyncio.get_running_loop()

        def broken() -> None:
            loop.remove_reader(lifeline_fd)
            log.info("the supervisor is gone: the core ends")
            self._orphaned = True
            self._stop.set()

        os.set_blocking(lifeline_fd, False)
        loop.add_reader(lifeline_fd, broken)

    async def run(self) -> int:
        """Run until stopped; return the exit code: 0 when asked to stop, 1 when a part failed for good."""
        house = self.house
        try:
            await self._remember()
            parts = self._parts()
            house.background.spawn(self._catch_up_at_last(), "bringing the index in line with the files")
            failed = await self._wait(parts)
        finally:
            await self._close()
        return 1 if failed else 0

    def _parts(self) -> set[asyncio.Task[Any]]:
        house = self.house
        dispatcher = Dispatcher(house.hub, Arrivals(house).handlers())
        parts: dict[str, Coroutine[Any, Any, Any]] = {
            "bus": house.hub.run(),
            "intake": dispatcher.run(),
            "housekeeping": Housekeeping(house).run(),
            "views": house.view_check.run(),
        }
        if house.nightly is not None:
            parts["backup"] = house.nightly.run()
        if self._settings.api.enabled:
            parts["api"] = listen_for_clients(house, self._ground.server_id, self._stop)
        return {asyncio.create_task(part, name=name) for name, part in parts.items()}

    async def _wait(self, parts: set[asyncio.Task[Any]]) -> bool:
        stop = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stop, *parts}, return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in done if task is not stop and task.exception() is not None]
        for task in failed:
            log.critical("%s failed: the core starts anew", task.get_name(), exc_info=task.exception())
        self._stop.set()
        if self._orphaned and not failed:
            await asyncio.sleep(LAST_WORDS_S)
        api = [task for task in parts if task.get_name() == "api"]
        if api:
            await asyncio.wait(api, timeout=LAST_WORDS_S)
        for task in (stop, *parts):
            task.cancel()
        await asyncio.gather(stop, *parts, return_exceptions=True)
        return bool(failed)

    async def _remember(self) -> None:
        """Take over what the core before this one knew."""
        house = self.house
        names = {camera.camera: camera.name for camera in self._settings.cameras}
        now = house.clock.now()
        await house.database.run(lambda c: CameraRows(c).configure(names, now))
        last_motion = await house.database.run(lambda c: CameraRows(c).last_motion())
        newest = await house.database.run(lambda c: {camera: Clips(c).newest(camera) for camera in names})
        house.registry.remember(last_motion, {camera: clip for camera, clip in newest.items() if clip})
        await house.motion.load()
        await house.ledger.load()
        await house.conditions.load()

    async def _catch_up_at_last(self) -> None:
        while True:
            try:
                return await self._catch_up()
            except StoreError as err:
                log.warning("the index cannot be brought in line with the files yet: %s", err)
            await asyncio.sleep(CATCH_UP_AGAIN_S)

    async def _catch_up(self) -> None:
        """Bring the index in line with the files, and say so if the database had been lost."""
        house, opened = self.house, self._ground.opened
        if opened.set_aside is not None:
            message = f"the database was damaged: it was kept as {opened.set_aside.name} and a new one made"
            await house.notes.add("database", Severity.ALERT, message)
        await house.recordings.finish_deletions()
        outcome = await house.reconciler.everything(camera.camera for camera in self._settings.cameras)
        if opened.new and outcome.added:
            message = f"the database was lost: {outcome.added} recordings were listed again from their files"
            await house.notes.add("database", Severity.ALERT, message)

    async def _close(self) -> None:
        house = self.house
        await house.background.close()
        await house.ledger.close()
        house.hub.close()
        house.context.destroy(linger=200)
        await house.database.close()
        house.pool.shutdown(wait=False, cancel_futures=True)
