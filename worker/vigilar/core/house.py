"""All services of the core, built on its ground and connected with each other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
import zmq.asyncio

from vigilar.api.services import HealthItem, Services
from vigilar.backup.child import ChildCopies
from vigilar.backup.nightly import Nightly
from vigilar.bus.asynchub import AsyncHub
from vigilar.bus.endpoints import core_endpoint, live_endpoint
from vigilar.bus.live import AsyncLiveFeed
from vigilar.bus.messages import ConditionState
from vigilar.cameras.background import Background
from vigilar.cameras.health import CameraHealth
from vigilar.cameras.live import LiveViews
from vigilar.cameras.registry import CameraRegistry
from vigilar.cameras.service import Cameras
from vigilar.cameras.views import ViewCheck
from vigilar.core.ground import Ground, database_path
from vigilar.coverage.day import Calendar
from vigilar.coverage.ledger import Ledger
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import Clock
from vigilar.domain.event import Severity
from vigilar.domain.settings import CoreSettings
from vigilar.events.conditions import ConditionIntake
from vigilar.events.deltas import Deltas
from vigilar.events.diagnostics import Diagnostics
from vigilar.events.feed import StateFeed
from vigilar.events.health import Health, store_items
from vigilar.events.motion import MotionIntake
from vigilar.events.occurrences import Occurrences
from vigilar.events.restarts import Restarts
from vigilar.events.service import EventLog
from vigilar.recordings.archive import Archive
from vigilar.recordings.intake import RecordingIntake
from vigilar.recordings.places import Places
from vigilar.recordings.reconcile import Reconciler
from vigilar.recordings.service import Recordings
from vigilar.retention.policy import limits_of
from vigilar.retention.runner import Retention
from vigilar.store.clips import Clips
from vigilar.store.notes import Notes

POOL_THREADS: Final = 4


class House:
    """The parts by name. Made inside the event loop; the hub is bound at once."""

    def __init__(self, settings: CoreSettings, ground: Ground, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.database = ground.opened.database
        self.keys = ground.keys
        self.pool = ThreadPoolExecutor(POOL_THREADS, thread_name_prefix="files")
        self.background = Background()
        self.deltas = Deltas()
        self.notes = Notes(
            self.database, clock, lambda event: self.deltas.publish("system_event", event.id, event)
        )
        self.recovery_kit_saved = True
        """Told by housekeeping, which looks now and then."""
        self.listen_problem = ""
        """Why the API's address cannot be had, while it cannot."""
        self._build_cameras(settings)
        self._build_backup(settings)
        self._build_recordings(settings, ground)
        self._build_events(settings)
        self.services = Services(
            cameras=self.cameras,
            clips=self.recordings,
            events=self.event_log,
            live=self.live,
            health=self.health,
            feed=StateFeed(self.deltas, self.cameras, self.health),
            storage=self.retention,
            coverage=self.ledger,
        )

    def _build_cameras(self, settings: CoreSettings) -> None:
        self.context = zmq.asyncio.Context()
        self.hub = AsyncHub(self.context, core_endpoint(settings.run_dir))
        self.registry = CameraRegistry(settings.cameras, self.clock, self.deltas)
        self.cameras = Cameras(self.registry, self.hub)
        self.live = LiveViews(self.registry, self.hub, self._open_feed, self.background, self.clock)

    def _build_recordings(self, settings: CoreSettings, ground: Ground) -> None:
        archive = Archive(
            database=self.database,
            places=Places(Path(settings.storage_root)),
            keys=ground.keys,
            files=ground.files,
            pool=self.pool,
            clock=self.clock,
            publisher=self.deltas,
            notes=self.notes,
            clips_changed=self._clips_changed,
        )
        self.recordings = Recordings(archive)
        self.recording_intake = RecordingIntake(archive)
        self.reconciler = Reconciler(archive)
        self.retention = Retention(
            archive,
            limits_of(settings),
            Path(settings.data_dir),
            spawn=self.background.spawn,
            reconcile=self.reconciler.camera,
        )

    def _build_backup(self, settings: CoreSettings) -> None:
        self.nightly: Nightly | None = None
        if settings.backup.enabled:
            self.nightly = Nightly(
                ChildCopies(settings, database_path(settings)),
                self.clock,
                lambda severity, message: self.notes.add("backup", severity, message),
                hour=settings.backup.hour,
            )

    def _build_events(self, settings: CoreSettings) -> None:
        self.event_log = EventLog(self.database, self.clock, self.deltas)
        self.motion = MotionIntake(self.database, self.clock, self.deltas)
        self.conditions = ConditionIntake(self.database, self.clock, self.deltas)
        self.view_check = ViewCheck(self.registry, self.hub, self.clock, self._view_compared)
        self.occurrences = Occurrences(self.database, self.clock, self.deltas)
        self.ledger = Ledger(self.database, self.clock, settings.cameras, Calendar(settings.time_zone))
        self.restarts = Restarts(Path(settings.run_dir), self.clock)
        diagnostics = Diagnostics(self.database, self.registry.all, self._facts)
        self.health = Health(
            self.clock,
            self.deltas,
            sources=(
                CameraHealth(self.registry, self.clock).items,
                lambda: store_items(self.database.trouble, self.clock.monotonic_ns()),
                self.restarts.items,
                self._storage_items,
                self.retention.items,
                lambda: self.nightly.items() if self.nightly else (),
            ),
            restarts=lambda: self.restarts.counts,
            diagnose=diagnostics.gather,
        )

    async def _view_compared(self, found: ConditionState) -> None:
        self.registry.condition(found)
        await self.conditions.sub_view(found)

    def _open_feed(self, camera: CameraId, viewer: str) -> AsyncLiveFeed:
        return AsyncLiveFeed(self.context, live_endpoint(self.settings.run_dir, camera), viewer)

    def _clips_changed(self, camera: CameraId) -> None:
        self.background.spawn(self._look_up_newest(camera), f"looking up the newest clip of {camera}")

    async def _look_up_newest(self, camera: CameraId) -> None:
        newest = await self.database.run(lambda connection: Clips(connection).newest(camera))
        self.registry.newest_clip(camera, newest)

    def _storage_items(self) -> list[HealthItem]:
        found: list[HealthItem] = []
        if self.reconciler.storage_missing:
            message = "the folders of recordings are gone: is the disk mounted?"
            found.append(HealthItem("storage_missing", Severity.CRITICAL, message))
        for camera, files in self.reconciler.unreadable.items():
            if files:
                message = f"camera {camera}: {len(files)} recordings cannot be read; see the system events"
                found.append(HealthItem("recordings_unreadable", Severity.WARNING, message, camera))
        if self.listen_problem:
            found.append(HealthItem("api_not_listening", Severity.ALERT, self.listen_problem))
        if not self.recovery_kit_saved:
            message = (
                "the recovery key is not saved yet: run 'vigilar vault recovery-kit' and keep what it shows"
            )
            found.append(HealthItem("recovery_kit_not_saved", Severity.WARNING, message))
        return found

    def _facts(self) -> dict[str, Any]:
        return {
            "background_tasks": len(self.background),
            "live_views": self.live.viewers,
            "changes_told": self.deltas.seq,
            "storage": msgspec.to_builtins(self.retention.latest()),
            "backup": self.nightly.facts() if self.nightly else None,
            "unreadable_recordings": sum(len(files) for files in self.reconciler.unreadable.values()),
        }
