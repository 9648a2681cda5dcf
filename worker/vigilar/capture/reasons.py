"""Why a clip is to be recorded, and until when."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from vigilar.bus.messages import MotionKind, MotionState
from vigilar.domain.clip import Trigger

_SECOND: Final = 1_000_000_000
_STALE_NS: Final = 30 * _SECOND
_ENDED_REMEMBERED: Final = 128


@dataclass(slots=True)
class _Event:
    state: MotionState
    until_ns: int


class Reasons:
    """Motion events under way and a manual wish. All times are CLOCK_MONOTONIC nanoseconds.

    An event that lasts holds until `post_roll` after it was last heard of (so it ends even if `look` dies),
    one that ended until `post_roll` after its last movement.
    """

    def __init__(self, post_roll_s: float) -> None:
        self._post_ns = int(post_roll_s * _SECOND)
        self._events: dict[str, _Event] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._manual_until_ns = 0

    def motion(self, state: MotionState, now_ns: int) -> bool:
        """Note an event's state; return whether this is the first word of an event that calls for recording.

        A word that comes late (older than what is known, or of an event that ended) changes nothing.
        """
        if state.event_id in self._ended:
            return False
        known = self._events.get(state.event_id)
        if known is not None and state.active and state.last_moving_ns < known.state.last_moving_ns:
            return False
        if not state.active:
            self._remember_ended(state.event_id)
        lasting = state.active and now_ns - state.last_moving_ns < _STALE_NS
        until_ns = (now_ns if lasting else state.last_moving_ns) + self._post_ns
        self._events[state.event_id] = _Event(state, until_ns)
        return known is None and until_ns >= now_ns

    def ask(self, until_ns: int) -> None:
        """Note a manual wish to record until then."""
        self._manual_until_ns = max(self._manual_until_ns, until_ns)

    def clear_motion(self) -> None:
        """Forget events: the camera is not to be recorded for them."""
        self._events.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self._manual_until_ns = 0

    def hold(self, at_ns: int) -> bool:
        """Return whether footage of `at_ns` is to be recorded. Events that are over by then are forgotten."""
        if any(event.until_ns < at_ns for event in self._events.values()):
            self._events = {key: event for key, event in self._events.items() if event.until_ns >= at_ns}
        return bool(self._events) or self._manual_until_ns >= at_ns

    def event_ids(self) -> tuple[str, ...]:
        """Return the events that hold."""
        return tuple(self._events)

    def cause(self) -> tuple[Trigger, str | None]:
        """Return (trigger, event id) of a recording that begins now: movement before light before a wish."""
        newest: MotionState | None = None
        for event in self._events.values():
            if newest is None or event.state.kind is MotionKind.MOTION:
                newest = event.state
        if newest is None:
            return Trigger.MANUAL, None
        return trigger_of(newest), newest.event_id

    def _remember_ended(self, event_id: str) -> None:
        self._ended[event_id] = None
        while len(self._ended) > _ENDED_REMEMBERED:
            self._ended.popitem(last=False)


def trigger_of(state: MotionState) -> Trigger:
    """Return the trigger that a motion event is."""
    return Trigger.MOTION if state.kind is MotionKind.MOTION else Trigger.SCENE_CHANGED
