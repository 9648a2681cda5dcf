"""A word to the next process of the same camera: up to when nothing was missing.

It lies among the sockets and is no durable file: it need only outlive a process that is killed, not the
machine. After a power cut the core's own durable account takes its place.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vigilar.domain.clock import boot_id
from vigilar.domain.coverage import GapReason

_LOG = logging.getLogger(__name__)
_SIZE: Final = 192
_OFF: Final = "off"
_WELL: Final = "-"


@dataclass(frozen=True, slots=True)
class Mark:
    """What the last process left: up to `ns` nothing is missing, or it was told (CLOCK_MONOTONIC).

    `from_ns`: since when this has been accounted for, by it or by those before it in this boot. `off`: the
    camera was not meant to be watched.
    """

    ns: int
    from_ns: int
    reason: GapReason
    off: bool = False


class MarkFile:
    """One camera's mark. `house` names the supervisor: is it another one, the whole worker was away.

    Only the writer's thread writes it: where the disk hangs nothing else may hang with it.
    """

    def __init__(self, path: Path, *, boot: str = "", house: str = "") -> None:
        self._path = path
        self._boot = boot or boot_id()
        self._house = house or _parent()
        self._fd: int | None = None

    def read(self, now_ns: int) -> Mark | None:
        """Return what the last process left in this boot, if anything."""
        try:
            boot, house, ns, from_ns, state = self._path.read_text(encoding="ascii").split()
            mark = Mark(int(ns), int(from_ns), self._reason(house, state), state == _OFF)
        except (OSError, ValueError):
            return None
        return mark if boot == self._boot and 0 < mark.from_ns <= mark.ns <= now_ns else None

    def write(self, ns: int, from_ns: int, gap: GapReason | None, *, off: bool) -> None:
        """Replace it. A failure is logged once: the core's account is less exact, but there."""
        state = _OFF if off else gap or _WELL
        text = f"{self._boot} {self._house} {ns} {from_ns} {state}".ljust(_SIZE - 1) + "\n"
        try:
            if self._fd is None:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            os.pwrite(self._fd, text.encode(), 0)
        except OSError as err:
            if self._fd != -1:
                _LOG.warning("%s cannot be written: %s", self._path.name, err.strerror)
            self._fd = -1

    def _reason(self, house: str, state: str) -> GapReason:
        if state not in {_OFF, _WELL}:
            return GapReason(state)
        return GapReason.CAPTURE_DOWN if house == self._house else GapReason.WORKER_DOWN


def _parent() -> str:
    """Return what names our parent process for good: numbers alone are given again."""
    pid = os.getppid()
    try:
        # The name in parentheses may hold blanks; the start time is the 20th field after it.
        started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError, UnicodeDecodeError):
        started = ""
    return f"{pid}.{started}"
