"""The health report: what every part says is wrong, and what that makes of the whole."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from vigilar.api.services import DeltaPublisher, HealthItem, HealthReport, HealthStatus
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.event import Severity
from vigilar.store.database import StoreTrouble

UNUSABLE_AFTER_NS: Final = 30 * NANOSECONDS

type Items = Callable[[], Iterable[HealthItem]]
type Diagnose = Callable[[HealthReport], Awaitable[Mapping[str, Any]]]


class Health:
    """Implements `HealthService`. A critical item makes the worker unhealthy, any other but info degraded."""

    def __init__(
        self,
        clock: Clock,
        publisher: DeltaPublisher,
        sources: Iterable[Items],
        restarts: Callable[[], Mapping[str, int]],
        diagnose: Diagnose,
    ) -> None:
        self._clock = clock
        self._publisher = publisher
        self._sources = tuple(sources)
        self._restarts = restarts
        self._diagnose = diagnose
        self._begun_ns = clock.monotonic_ns()
        self._told: tuple[HealthItem, ...] | None = None

    def report(self) -> HealthReport:
        """Return the current report."""
        items = tuple(item for source in self._sources for item in source())
        uptime = (self._clock.monotonic_ns() - self._begun_ns) / NANOSECONDS
        return HealthReport(_status(items), items, uptime, dict(self._restarts()))

    async def diagnostics(self) -> Mapping[str, Any]:
        """Return JSON-able facts for a bug report, built from an allow-list: no secret, no address."""
        return await self._diagnose(self.report())

    def tick(self) -> None:
        """Tell of a change; call every few seconds."""
        report = self.report()
        if report.items != self._told:
            self._told = report.items
            self._publisher.publish("health", "worker", report)


def _status(items: tuple[HealthItem, ...]) -> HealthStatus:
    severities = {item.severity for item in items}
    if Severity.CRITICAL in severities:
        return HealthStatus.UNHEALTHY
    return HealthStatus.DEGRADED if severities - {Severity.INFO} else HealthStatus.HEALTHY


def store_items(trouble: StoreTrouble | None, now_ns: int) -> list[HealthItem]:
    """Return what a failing database means: first that events wait, then that the store is unusable."""
    if trouble is None:
        return []
    unusable = trouble.damaged or now_ns - trouble.since_ns >= UNUSABLE_AFTER_NS
    severity = Severity.CRITICAL if unusable else Severity.ALERT
    message = f"the database fails ({trouble.message}): recording goes on, what happens is not listed"
    return [HealthItem("store_failing", severity, message)]
