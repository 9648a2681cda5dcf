"""One worker per run directory: also after a crash, while orphans of the last one still seal their files."""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_LOGGER: Final = logging.getLogger(__name__)

WAIT_S: Final = 10.0
_STEP_S: Final = 0.1


class AlreadyRunningError(Exception):
    """Another worker uses this run directory."""


def take_lock(
    run_dir: Path,
    *,
    wait_s: float = WAIT_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Make the run directory (mode 0700), lock it and return the descriptor, to be passed on to all children.

    The lock lives as long as any holder of the descriptor. So a new supervisor waits for the children of one
    that was killed, which end within seconds: ending, they would remove the new children's sockets.
    Raises AlreadyRunningError after `wait_s`, OSError when the directory cannot be made.
    """
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(run_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    end = now() + wait_s
    told = False
    while not _locked(descriptor):
        if now() >= end:
            os.close(descriptor)
            raise AlreadyRunningError(
                f"another Vigilar runs with {run_dir}: stop it, or set storage.run to another folder"
            )
        if not told:
            _LOGGER.warning("waiting for the processes of an earlier run to end")
            told = True
        sleep(_STEP_S)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
