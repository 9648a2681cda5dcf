"""From single looks to events with a beginning and an end."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS
from vigilar.look.motion import Verdict

HOLD_NS: Final = {MotionKind.MOTION: 3 * NANOSECONDS, MotionKind.SCENE_CHANGED: 2 * NANOSECONDS}
"""An event ends when nothing of it was seen for this long: who stops for a moment is still one event."""
REPEAT_NS: Final = 9 * NANOSECONDS // 10


@dataclass(slots=True)
class _Happening:
    event_id: str
    first_ns: int
    last_ns: int
    said_ns: int
    state: MotionState


class Happenings:
    """Events of one camera: tells the states to send, in order. At most one of each kind is open."""

    def __init__(self, camera: CameraId, new_id: Callable[[], str]) -> None:
        self._camera = camera
        self._new_id = new_id
        self._open: dict[MotionKind, _Happening] = {}
        self._ended_ns: dict[MotionKind, int] = {}

    @property
    def moving(self) -> bool:
        """Whether a motion event is open."""
        return MotionKind.MOTION in self._open

    @property
    def any_open(self) -> bool:
        """Whether any event is open."""
        return bool(self._open)

    def after_look(self, verdict: Verdict) -> list[MotionState]:
        """Return what a look makes to say: a beginning, news once a second, an end."""
        said = []
        if verdict.scene_changed:
            said += self._seen(MotionKind.SCENE_CHANGED, verdict)
        if verdict.moving:
            said += self._seen(MotionKind.MOTION, verdict)
        return said + self.after_time(verdict.at_ns)

    def after_time(self, now_ns: int) -> list[MotionState]:
        """Return what the mere passing of time makes to say, also when no picture comes any more."""
        said = []
        for kind, happening in list(self._open.items()):
            if now_ns - happening.last_ns >= HOLD_NS[kind]:
                said.append(self._end(kind, happening))
            elif now_ns - happening.said_ns >= REPEAT_NS:
                happening.said_ns = now_ns
                said.append(happening.state)
        return said

    def end_all(self) -> list[MotionState]:
        """End every open event: the camera is no longer judged."""
        return [self._end(kind, happening) for kind, happening in list(self._open.items())]

    def _end(self, kind: MotionKind, happening: _Happening) -> MotionState:
        del self._open[kind]
        self._ended_ns[kind] = happening.last_ns
        return _state(self._camera, kind, happening, None, active=False)

    def _seen(self, kind: MotionKind, verdict: Verdict) -> list[MotionState]:
        happening = self._open.get(kind)
        first_ns = verdict.since_ns if kind is MotionKind.MOTION else verdict.before_ns
        first_ns = max(verdict.at_ns if first_ns is None else first_ns, self._ended_ns.get(kind, 0))
        if happening is None:
            state = MotionState(self._camera, "", kind, True, first_ns, verdict.at_ns, 0.0)
            happening = _Happening(self._new_id(), first_ns, verdict.at_ns, verdict.at_ns, state)
            self._open[kind] = happening
            happening.state = _state(self._camera, kind, happening, verdict, active=True)
            return [happening.state]
        happening.last_ns = verdict.at_ns
        happening.state = _state(self._camera, kind, happening, verdict, active=True)
        return []


def _state(
    camera: CameraId, kind: MotionKind, happening: _Happening, verdict: Verdict | None, *, active: bool
) -> MotionState:
    before = happening.state
    moved = kind is MotionKind.MOTION and verdict is not None
    score = verdict.score if verdict is not None and moved else 0.0
    zones = verdict.zones if verdict is not None and moved else ()
    return MotionState(
        camera,
        happening.event_id,
        kind,
        active,
        happening.first_ns,
        happening.last_ns,
        max(before.score, score) if kind is MotionKind.MOTION else 1.0,
        tuple(dict.fromkeys((*before.zones, *zones))),
        verdict.boxes if verdict is not None and moved else (),
    )
