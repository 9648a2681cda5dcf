"""What is known of one camera right now."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from vigilar.api.services import CameraView
from vigilar.bus.messages import CaptureStatus, ConditionKind, ConditionState, LookStatus
from vigilar.domain.camera import CameraState, RecordingMode, StreamFacts
from vigilar.domain.clip import ClipId
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import CoreCamera, MotionSettings

SILENCE_NS: Final = 15 * NANOSECONDS
"""A process that repeats its state every 5 s and was not heard for this long is not there."""
STARTUP_NS: Final = 20 * NANOSECONDS
"""How long after the core's start a camera may be connecting before that is called offline."""
MISSING_STEP_S: Final = 30.0
MOTION_SILENCE_NS: Final = 5 * NANOSECONDS
"""Motion is repeated at least once a second; after this long without, it is over."""

CONDITION_SILENCE_NS: Final = 30 * NANOSECONDS
"""What is wrong with a picture is repeated every 5 s; after this long without, it is over."""


@dataclass(slots=True)
class LiveState:
    """Mutable; owned by the registry. All `*_ns` monotonic; `since_ns`: when the core began to listen."""

    settings: CoreCamera
    since_ns: int
    status: CaptureStatus | None = None
    status_ns: int = 0
    look: LookStatus | None = None
    look_ns: int = 0
    moving: dict[str, int] = field(default_factory=dict)
    conditions: dict[ConditionKind, tuple[ConditionState, int]] = field(default_factory=dict)
    """What is wrong with the picture, each with when it was heard."""
    last_motion: datetime | None = None
    last_clip: ClipId | None = None
    mode_override: RecordingMode | None = None
    motion_override: MotionSettings | None = None
    restarts: int = 0
    missing_today_s: float = 0.0

    def heard(self, now_ns: int) -> CaptureStatus | None:
        """Return the capture process's status, None when it is too old to go by."""
        fresh = self.status is not None and now_ns - self.status_ns < SILENCE_NS
        return self.status if fresh else None

    def looked(self, now_ns: int) -> LookStatus | None:
        """Return the look process's status of this camera, None when it is too old to go by."""
        fresh = self.look is not None and now_ns - self.look_ns < SILENCE_NS
        return self.look if fresh else None

    def starting(self, now_ns: int) -> bool:
        """Return whether it is too early to miss anything."""
        return now_ns - self.since_ns < STARTUP_NS

    def silent(self, now_ns: int) -> bool:
        """Return whether the capture process should have been heard and was not."""
        return self.settings.enabled and self.heard(now_ns) is None and not self.starting(now_ns)

    def state(self, now_ns: int) -> CameraState:
        """Return how the camera is doing, as far as can be told."""
        if not self.settings.enabled:
            return CameraState.DISABLED
        status = self.heard(now_ns)
        if status is not None:
            return status.state
        return CameraState.CONNECTING if self.starting(now_ns) else CameraState.OFFLINE

    def problem(self, now_ns: int) -> str:
        """Return what is wrong, for people; empty when nothing is."""
        status = self.heard(now_ns)
        if status is not None:
            return status.problem
        if self.silent(now_ns):
            return f"camera {self.settings.camera}: its recording process does not answer; it is restarted"
        return ""

    def wrong(self, now_ns: int) -> list[ConditionState]:
        """Return what is wrong with the picture, as far as is still known."""
        return [
            said
            for kind, (said, heard_ns) in self.conditions.items()
            if kind is ConditionKind.SUB_VIEW or now_ns - heard_ns < CONDITION_SILENCE_NS
        ]

    def motion_settings(self) -> MotionSettings:
        """Return the motion settings in force."""
        return self.motion_override or self.settings.motion

    def view(self, now_ns: int) -> CameraView:
        """Return the camera as the outside sees it."""
        status = self.heard(now_ns)
        last_known = self.status
        return CameraView(
            id=self.settings.camera,
            name=self.settings.name,
            state=self.state(now_ns),
            mode=status.mode if status else self.mode_override or self.settings.mode,
            motion=any(now_ns - heard < MOTION_SILENCE_NS for heard in self.moving.values()),
            recording=bool(status and status.recording),
            main=last_known.main if last_known else None,
            sub=last_known.sub if last_known else None,
            motion_settings=self.motion_settings(),
            last_motion=self.last_motion,
            last_clip=self.last_clip,
            restarts=self.restarts,
            reconnects=last_known.reconnects if last_known else 0,
            problem=self.problem(now_ns),
            missing_today_s=self.missing_today_s,
        )


def noteworthy(view: CameraView) -> CameraView:
    """Return `view` without what changes all the time: two views equal in this need not be told apart."""
    return replace(
        view,
        main=_steady(view.main),
        sub=_steady(view.sub),
        last_motion=None if view.motion else view.last_motion,
        missing_today_s=_stepwise(view),
    )


def _stepwise(view: CameraView) -> float:
    """Return what is missing, in steps of half a minute while it grows."""
    if view.state is CameraState.ONLINE:
        return view.missing_today_s
    return view.missing_today_s // MISSING_STEP_S


def _steady(facts: StreamFacts | None) -> StreamFacts | None:
    if facts is None:
        return None
    return replace(facts, fps=round(facts.fps), key_interval_s=round(facts.key_interval_s), bit_rate=0)
