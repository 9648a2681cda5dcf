"""A film judged as a camera's stream would be, and its events held against the truth."""

import itertools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vigilar.bus.messages import MotionKind
from vigilar.domain.clock import NANOSECONDS
from vigilar.domain.settings import MotionSettings
from vigilar.look.cadence import Cadence
from vigilar.look.happenings import Happenings
from vigilar.look.motion import MotionJudge

type Film = Iterable[tuple[float, NDArray[np.uint8]]]
type Span = tuple[float, float]

SLACK_S = 0.6
"""An event may be told a look before, and end a look after, what eyes saw."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `told_s` is when it was first said, `first_s`/`last_s` what it said of its movement."""

    kind: MotionKind
    told_s: float
    first_s: float
    last_s: float


@dataclass(slots=True)
class Score:
    """Sums over films. Delays in seconds from the true beginning."""

    there: int = 0
    found: int = 0
    false: int = 0
    quiet_s: float = 0.0
    scene_changes: int = 0
    delays: list[float] = field(default_factory=list)
    looks: int = 0
    look_s: float = 0.0

    def add(self, events: Sequence[Event], truth: Sequence[Span], length_s: float) -> list[str]:
        """Count one film; return what went wrong in it."""
        wrong = []
        motion = [event for event in events if event.kind is MotionKind.MOTION]
        self.scene_changes += len(events) - len(motion)
        for begin, end in truth:
            hits = [e for e in motion if e.told_s >= begin - SLACK_S and e.told_s <= end + SLACK_S]
            running = [e for e in motion if e.told_s < begin and e.last_s >= begin]
            self.there += 1
            if hits or running:
                self.found += 1
                self.delays.append(0.0 if running else max(0.0, hits[0].told_s - begin))
            else:
                wrong.append(f"missed what moved from {begin:.1f} to {end:.1f} s")
        for event in motion:
            if not any(event.told_s <= e + SLACK_S and event.last_s >= b - SLACK_S for b, e in truth):
                self.false += 1
                wrong.append(f"false event at {event.told_s:.1f} s")
        self.quiet_s += max(0.0, length_s - sum(end - begin for begin, end in truth))
        return wrong

    @property
    def false_per_hour(self) -> float:
        """False events per hour of nothing moving."""
        return 3600 * self.false / self.quiet_s if self.quiet_s else 0.0

    def delay(self, percent: float) -> float | None:
        """Return a percentile of the delays."""
        return float(np.percentile(self.delays, percent)) if self.delays else None


def watch(film: Film, score: Score, motion: MotionSettings) -> tuple[list[Event], float]:
    """Judge a film at the looks a live camera would get; return its events and its length in seconds."""
    judge, cadence = MotionJudge(motion), Cadence(motion)
    numbers = itertools.count()
    happenings = Happenings("film", lambda: str(next(numbers)))
    events: dict[str, Event] = {}
    at_s = 0.0
    for at_s, luma in film:
        at_ns = NANOSECONDS + round(at_s * NANOSECONDS)
        cadence.arrived(at_ns)
        if not cadence.due(at_ns):
            continue
        began = time.perf_counter()
        verdict = judge.look(luma, at_ns)
        score.look_s += time.perf_counter() - began
        score.looks += 1
        cadence.looked(verdict)
        for state in happenings.after_look(verdict):
            told_s = events[state.event_id].told_s if state.event_id in events else at_s
            first, last = state.first_moving_ns / NANOSECONDS - 1, state.last_moving_ns / NANOSECONDS - 1
            events[state.event_id] = Event(state.kind, told_s, first, last)
    return list(events.values()), at_s
