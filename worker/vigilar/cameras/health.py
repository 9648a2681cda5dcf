"""What is not as it should be with the cameras."""

from collections.abc import Iterator
from typing import Final

from vigilar.api.services import HealthItem
from vigilar.bus.messages import ConditionKind
from vigilar.cameras.live_state import LiveState
from vigilar.cameras.registry import CameraRegistry
from vigilar.domain.camera import CameraState
from vigilar.domain.clock import Clock
from vigilar.domain.coverage import GapReason
from vigilar.domain.event import Severity

DISK_LATE_S: Final = 5.0
LOOK_LATE_S: Final = 2.0
_WRONG: Final = {
    ConditionKind.FROZEN: ("camera_frozen", Severity.ALERT),
    ConditionKind.COVERED: ("camera_covered", Severity.ALERT),
    ConditionKind.DEFOCUSED: ("camera_defocused", Severity.WARNING),
    ConditionKind.MOVED: ("camera_moved", Severity.ALERT),
    ConditionKind.SUB_VIEW: ("sub_view_differs", Severity.WARNING),
}
"""Key and severity of the item, the same as those of the event."""


class CameraHealth:
    """Reads the registry; keeps nothing."""

    def __init__(self, registry: CameraRegistry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def items(self) -> Iterator[HealthItem]:
        """Yield one item per thing that is wrong now."""
        now = self._clock.monotonic_ns()
        enabled = [state for state in self._registry if state.settings.enabled]
        if not enabled:
            yield HealthItem("nothing_watched", Severity.CRITICAL, "no camera is enabled: nothing is watched")
            return
        yield from _nothing_watched(enabled, now)
        for state in enabled:
            yield from _capture(state, now)
            yield from _look(state, now)
            yield from _condition(state, now)
        yield from _look_away(enabled, now)


def _nothing_watched(enabled: list[LiveState], now: int) -> Iterator[HealthItem]:
    states = [state.state(now) for state in enabled]
    if CameraState.ONLINE not in states and not any(state.starting(now) for state in enabled):
        yield HealthItem(
            "nothing_watched", Severity.CRITICAL, "no camera can be reached: nothing is watched or recorded"
        )


def _capture(state: LiveState, now: int) -> Iterator[HealthItem]:
    camera = state.settings.camera
    shown = state.state(now)
    problem = state.problem(now)
    if shown is CameraState.OFFLINE or (shown is CameraState.CONNECTING and not state.starting(now)):
        yield HealthItem(_away(state, now), Severity.WARNING, problem or f"camera {camera} is away", camera)
    elif shown is CameraState.CONNECTING:
        yield HealthItem("camera_connecting", Severity.WARNING, f"camera {camera} is being connected", camera)
    elif problem:
        yield HealthItem("camera_problem", Severity.WARNING, problem, camera)
    status = state.heard(now)
    if status is not None and status.queue_s > DISK_LATE_S:
        message = (
            f"camera {camera}: {status.queue_s:.0f} s of footage wait for the disk; it is too slow or full"
        )
        yield HealthItem("disk_slow", Severity.WARNING, message, camera)
    if status is not None and status.gap is GapReason.DISK_FAILED:
        message = f"camera {camera}: the disk refuses its recordings; see the worker's log for what it says"
        yield HealthItem("disk_failed", Severity.ALERT, message, camera)


def _away(state: LiveState, now: int) -> str:
    status = state.heard(now)
    return "camera_stalled" if status is not None and status.cause == "stalled" else "camera_offline"


def _condition(state: LiveState, now: int) -> Iterator[HealthItem]:
    for said in state.wrong(now):
        key, severity = _WRONG[said.kind]
        yield HealthItem(key, severity, f"camera {said.camera}: {said.detail}", said.camera)


def _look(state: LiveState, now: int) -> Iterator[HealthItem]:
    camera = state.settings.camera
    look = state.looked(now)
    if look is None:
        return
    if look.behind_s > LOOK_LATE_S:
        message = f"camera {camera}: motion is judged {look.behind_s:.0f} s late; the processor is too busy"
        yield HealthItem("look_behind", Severity.WARNING, message, camera)
    if look.problem:
        key = look.problem if look.problem.isidentifier() else "look_problem"
        yield HealthItem(key, Severity.WARNING, _told(camera, look.problem), camera)


def _told(camera: str, problem: str) -> str:
    if problem == "key_interval_long":
        return (
            f"camera {camera}: its key frames are more than a second apart, so motion is seen that late; "
            "shorten the key frame interval in the camera or give it a sub-stream"
        )
    return f"camera {camera}: {problem}"


def _look_away(enabled: list[LiveState], now: int) -> Iterator[HealthItem]:
    online = [s for s in enabled if s.state(now) is CameraState.ONLINE and s.motion_settings().enabled]
    if online and not any(s.looked(now) for s in online) and not any(s.starting(now) for s in online):
        yield HealthItem(
            "look_away",
            Severity.ALERT,
            "the look process does not answer: no motion is seen; it is restarted",
        )
