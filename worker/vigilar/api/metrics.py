"""What Prometheus is told, read from the services at the moment it asks.

Imported when it asks for the first time: its client library loads an HTTP client and server, two megabytes.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vigilar.api.auth import Doorman
from vigilar.api.request_counts import RequestCounts
from vigilar.api.services import CameraView, HealthReport, HealthStatus, Services, StorageView
from vigilar.domain.camera import CameraState


class Metrics(Collector):
    """One registry of our own: nothing is registered globally, two applications do not meet."""

    def __init__(self, services: Services, counts: RequestCounts, doorman: Doorman, version: str) -> None:
        self._services = services
        self._counts = counts
        self._doorman = doorman
        self._version = version
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the exposition text (format 0.0.4)."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; Prometheus' own calling convention."""
        info = GaugeMetricFamily("vigilar_info", "The worker that answers", labels=["version"])
        info.add_metric([self._version], 1)
        yield info
        yield from _of_health(self._services.health.report())
        yield from _of_cameras(self._services.cameras.all())
        if (storage := self._services.storage.latest()) is not None:
            yield from _of_storage(storage)
        yield from self._of_requests()

    def _of_requests(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "vigilar_http_requests", "HTTP requests answered", labels=["method", "route", "status"]
        )
        for method, route, status, count in self._counts.all():
            requests.add_metric([method, route, str(status)], count)
        yield requests
        yield CounterMetricFamily("vigilar_auth_failures", "Wrong API tokens", value=self._doorman.failures)
        yield GaugeMetricFamily("vigilar_websocket_clients", "Open WebSockets", value=self._counts.websockets)


def _of_health(report: HealthReport) -> Iterator[Metric]:
    status = GaugeMetricFamily("vigilar_health", "1 for the state the worker is in", labels=["status"])
    for state in HealthStatus:
        status.add_metric([state], float(report.status is state))
    yield status
    yield GaugeMetricFamily("vigilar_uptime_seconds", "Since the core started", value=report.uptime_s)
    restarts = CounterMetricFamily("vigilar_process_restarts", "Restarts of a process", labels=["process"])
    for process, count in sorted(report.processes.items()):
        restarts.add_metric([process], count)
    yield restarts


def _of_cameras(cameras: tuple[CameraView, ...]) -> Iterator[Metric]:
    online = GaugeMetricFamily("vigilar_camera_online", "1 while the main stream comes in", labels=["camera"])
    moving = GaugeMetricFamily("vigilar_camera_motion", "1 while something moves", labels=["camera"])
    recording = GaugeMetricFamily("vigilar_camera_recording", "1 while a file is written", labels=["camera"])
    fps = GaugeMetricFamily("vigilar_camera_fps", "Measured frame rate of the main stream", labels=["camera"])
    reconnects = CounterMetricFamily(
        "vigilar_camera_reconnects", "Times the stream was opened again", labels=["camera"]
    )
    missing = GaugeMetricFamily(
        "vigilar_camera_missing_today_seconds", "Time today without footage that should be", labels=["camera"]
    )
    for camera in cameras:
        online.add_metric([camera.id], float(camera.state is CameraState.ONLINE))
        moving.add_metric([camera.id], float(camera.motion))
        recording.add_metric([camera.id], float(camera.recording))
        fps.add_metric([camera.id], camera.main.fps if camera.main else 0.0)
        reconnects.add_metric([camera.id], camera.reconnects)
        missing.add_metric([camera.id], camera.missing_today_s)
    yield from (missing, online, moving, recording, fps, reconnects)


def _of_storage(storage: StorageView) -> Iterator[Metric]:
    yield GaugeMetricFamily("vigilar_storage_bytes", "Size of the storage disk", value=storage.disk_bytes)
    yield GaugeMetricFamily("vigilar_storage_free_bytes", "Free on that disk", value=storage.free_bytes)
    used = GaugeMetricFamily("vigilar_storage_used_bytes", "Taken by recordings", labels=["camera"])
    rate = GaugeMetricFamily("vigilar_storage_bytes_per_day", "Growth of recordings", labels=["camera"])
    left = GaugeMetricFamily(
        "vigilar_storage_days_left", "Until the oldest recordings have to go", labels=["camera"]
    )
    for camera in storage.cameras:
        used.add_metric([camera.camera], camera.used_bytes)
        if camera.bytes_per_day is not None:
            rate.add_metric([camera.camera], camera.bytes_per_day)
        if camera.days_left is not None:
            left.add_metric([camera.camera], camera.days_left)
    yield from (used, rate, left)
