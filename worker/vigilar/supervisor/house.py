"""All children together: started, kept running, changed on reload, stopped in order; what is told of them."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from vigilar.supervisor.backoff import Backoff
from vigilar.supervisor.child import Child, Monotonic, Seconds
from vigilar.supervisor.plan import Plan, Planned

_LOGGER: Final = logging.getLogger(__name__)

STATE_FILE: Final = "supervisor.json"
STOP_LIMIT_S: Final = 8.0


class House:
    """The children of one plan. `state_file` tells the core of restarts; it is replaced on each change."""

    def __init__(
        self, plan: Plan, now: Monotonic, jitter: Callable[[], float], inherited: tuple[int, ...] = ()
    ) -> None:
        self._now = now
        self._jitter = jitter
        self._inherited = inherited
        self._state_file = Path(plan.run_dir) / STATE_FILE
        self._children = {planned.name: self._child(planned) for planned in plan.processes}
        self._stop_at: Seconds | None = None

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stop_at is not None

    @property
    def empty(self) -> bool:
        """Whether every child has ended for good."""
        return not self._children

    def start(self) -> None:
        """Start all children."""
        for child in self._children.values():
            child.start()
        self._tell()

    def reload(self, plan: Plan) -> int:
        """Go over to another plan: restart only what changed. Return how many children that were."""
        wanted = {planned.name: planned for planned in plan.processes}
        changed = 0
        for name, child in self._children.items():
            if name not in wanted:
                child.stop(STOP_LIMIT_S)
            elif child.wanted != wanted[name]:
                child.replace(wanted[name], STOP_LIMIT_S)
            else:
                continue
            changed += 1
        for name in wanted.keys() - self._children.keys():
            self._children[name] = self._child(wanted[name])
            self._children[name].start()
            changed += 1
        self._tell()
        return changed

    def stop(self) -> None:
        """Stop all children, rank by rank; who has not ended in 8 s altogether is killed."""
        if self._stop_at is None:
            self._stop_at = self._now() + STOP_LIMIT_S
            self._go_on_stopping()

    def step(self) -> bool:
        """Do what is due for every child. Return whether anything changed."""
        changed = [child.step() for child in self._children.values()]
        self._forget_gone()
        if self.stopping:
            self._go_on_stopping()
        if any(changed):
            self._tell()
        return any(changed)

    def deadline(self) -> Seconds | None:
        """Return when `step` next has something to do, or None."""
        return min(self._deadlines(), default=None)

    def summary(self) -> str:
        """Return one line for `systemctl status`."""
        running = sum(child.pid is not None for child in self._children.values())
        restarts = sum(child.restarts for child in self._children.values())
        again = f", {restarts} restart{'' if restarts == 1 else 's'}" if restarts else ""
        return f"{running} of {len(self._children)} processes running{again}"

    def _deadlines(self) -> Iterator[Seconds]:
        for child in self._children.values():
            if (due := child.deadline()) is not None:
                yield due

    def _child(self, planned: Planned) -> Child:
        return Child(planned, Backoff(self._jitter), self._now, self._inherited)

    def _forget_gone(self) -> bool:
        staying = {name: child for name, child in self._children.items() if not child.gone}
        fewer = len(staying) < len(self._children)
        self._children = staying
        return fewer

    def _go_on_stopping(self) -> None:
        """Stop those whose turn it is: the core outlives the others, whose last words it writes down."""
        self._stop_lowest_rank()
        while self._forget_gone():  # who had no process to end makes room for the next rank at once
            self._stop_lowest_rank()

    def _stop_lowest_rank(self) -> None:
        if self._stop_at is None or not self._children:
            return
        lowest = min(child.planned.stop_rank for child in self._children.values())
        last = lowest == max(child.planned.stop_rank for child in self._children.values())
        # The later ranks keep a quarter of the time, even when an earlier one has to be killed.
        limit_s = max(0.0, self._stop_at - self._now() - (0 if last else STOP_LIMIT_S / 4))
        for child in self._children.values():
            if child.planned.stop_rank == lowest and not child.stopped:
                child.stop(limit_s)

    def _tell(self) -> None:
        told = {
            "pid": os.getpid(),
            "processes": {
                name: {"pid": child.pid, "restarts": child.restarts, "last_exit": child.last_exit}
                for name, child in self._children.items()
            },
        }
        temporary = self._state_file.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(told), encoding="ascii")
            temporary.replace(self._state_file)
        except OSError as err:
            # The counts are for show; children run on without them.
            _LOGGER.warning("cannot write %s: %s", self._state_file.name, err.strerror)
