"""From what is wrong with a camera's picture to events with a beginning and an end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from vigilar.bus.messages import ConditionKind, ConditionState
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS
from vigilar.look.condition import Condition

REPEAT_NS: Final = 5 * NANOSECONDS


@dataclass(slots=True)
class _Complaint:
    event_id: str
    condition: Condition
    said_ns: int


class Complaints:
    """Events of one camera's condition: tells the states to send, in order; at most one open of each kind."""

    def __init__(self, camera: CameraId, new_id: Callable[[], str]) -> None:
        self._camera = camera
        self._new_id = new_id
        self._open: dict[ConditionKind, _Complaint] = {}

    def after_look(self, conditions: Iterable[Condition], now_ns: int) -> list[ConditionState]:
        """Return what the present conditions make to say: beginnings and ends."""
        present = {each.kind: each for each in conditions}
        over = [kind for kind in self._open if kind not in present]
        said = [self._state(self._open.pop(kind), active=False) for kind in over]
        for kind, condition in present.items():
            known = self._open.get(kind)
            if known is None:
                known = self._open[kind] = _Complaint(self._new_id(), condition, now_ns)
                said.append(self._state(known, active=True))
            known.condition = condition
        return said

    def after_time(self, now_ns: int) -> list[ConditionState]:
        """Return what lasts and was not said for a while: also when no picture comes any more."""
        due = [each for each in self._open.values() if now_ns - each.said_ns >= REPEAT_NS]
        for each in due:
            each.said_ns = now_ns
        return [self._state(each, active=True) for each in due]

    def end_all(self) -> list[ConditionState]:
        """End every open event: the camera is no longer judged."""
        ended = [self._state(each, active=False) for each in self._open.values()]
        self._open.clear()
        return ended

    def _state(self, complaint: _Complaint, *, active: bool) -> ConditionState:
        was = complaint.condition
        return ConditionState(
            self._camera, complaint.event_id, was.kind, active, was.first_ns, was.last_ns, was.detail
        )
