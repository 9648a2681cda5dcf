"""`python -m vigilar.supervisor FILE`: what `vigilar run` becomes.

SIGTERM and SIGINT: seal, stop, exit 0. SIGHUP: read the configuration again. Exit 2: the configuration is
bad.
"""

import logging
import os
import sys
import time
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Final

from vigilar import logs
from vigilar.supervisor.house import House
from vigilar.supervisor.lock import AlreadyRunningError, take_lock
from vigilar.supervisor.loop import Signals, watched_signals
from vigilar.supervisor.notify import Notifier
from vigilar.supervisor.plan import EXIT_BAD_CONFIGURATION, Plan, PlanError, fetch_plan, planner

_LOGGER: Final = logging.getLogger("vigilar.supervisor")

# Children that decode or encrypt need neither an arena per thread nor a pool of threads for matrices: on a
# small machine both cost memory and nothing else. What is set from outside stays.
_CHILDREN_ENVIRONMENT: Final = {
    "MALLOC_ARENA_MAX": "2",
    # Pictures come and go by the megabyte. glibc would learn to keep them on its heap, where small values pin
    # what was freed around them: 7 MiB of every capture process, measured on four 1080p cameras.
    "MALLOC_MMAP_THRESHOLD_": "16384",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def main(planner_command: list[str]) -> int:
    """Run the house until told to stop; return the exit code."""
    notifier = Notifier.from_environment()
    for name, value in _CHILDREN_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logs.configure("INFO", "text", "supervisor")
    with watched_signals() as signals:
        try:
            plan = fetch_plan(planner_command)
            logs.configure(plan.log_level, plan.log_format, "supervisor")
            lock = take_lock(Path(plan.run_dir))
        except PlanError as err:
            if err.exit_code != EXIT_BAD_CONFIGURATION:  # else the planner has said all there is to say
                _LOGGER.critical("%s", err)
            return err.exit_code
        except AlreadyRunningError as err:
            _LOGGER.critical("%s", err)
            return 1
        except OSError as err:
            _LOGGER.critical("the folder for sockets cannot be used: %s: %s", err.filename, err.strerror)
            return 1
        house = House(plan, time.monotonic, _jitter, (lock,))
        house.start()
        notifier.ready(house.summary())
        _watch(house, plan, planner_command, signals, notifier)
    _LOGGER.info("stopped")
    return 0


def _watch(
    house: House, plan: Plan, planner_command: list[str], signals: Signals, notifier: Notifier
) -> None:
    """Turn round until every child has ended for good."""
    beat_s = notifier.watchdog_s / 3 if notifier.watchdog_s else None
    while not house.empty:
        arrived = signals.wait(_sooner(house.deadline(), beat_s))
        if beat_s:
            notifier.alive()
        if arrived & {SIGTERM, SIGINT} and not house.stopping:
            _LOGGER.info("told to stop: sealing what is being recorded")
            notifier.stopping()
            house.stop()
        if SIGHUP in arrived and not house.stopping:
            _reload(house, plan, planner_command)
            notifier.ready(house.summary())
        if house.step() and not house.stopping:
            notifier.status(house.summary())


def _reload(house: House, first: Plan, planner_command: list[str]) -> None:
    """Take over a changed configuration; a bad one changes nothing."""
    try:
        plan = fetch_plan(planner_command)
    except PlanError as err:
        _LOGGER.error("%s: going on with the one before", err)  # noqa: TRY400 - the planner has said why
        return
    if plan.run_dir != first.run_dir:
        _LOGGER.error("storage.run changes only with a restart: going on with the configuration before")
        return
    logs.configure(plan.log_level, plan.log_format, "supervisor")
    _LOGGER.info("configuration read again: %d processes changed", house.reload(plan))


def _sooner(deadline: float | None, beat_s: float | None) -> float | None:
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    return min((each for each in (left, beat_s) if each is not None), default=None)


def _jitter() -> float:
    # `random` would cost half a megabyte for this.
    return int.from_bytes(os.urandom(2)) / 0xFFFF


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m vigilar.supervisor FILE")
    sys.exit(main(planner(sys.argv[1])))
