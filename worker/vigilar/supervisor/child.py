"""One child: its process, its lifeline, its restarts."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from vigilar.supervisor.backoff import Backoff
from vigilar.supervisor.plan import Planned

_LOGGER: Final = logging.getLogger(__name__)

type Seconds = float
type Monotonic = Callable[[], Seconds]


class Child:
    """Keeps one planned process running until it is told to stop. All times are monotonic seconds.

    `inherited` are descriptors every process of this child holds open besides its own (the run lock).
    """

    def __init__(
        self, planned: Planned, backoff: Backoff, now: Monotonic, inherited: tuple[int, ...] = ()
    ) -> None:
        self.planned = planned
        self.restarts = 0
        self.last_exit = ""
        self._next: Planned | None = planned
        self._backoff = backoff
        self._now = now
        self._inherited = inherited
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None
        self._started = 0.0
        self._due: Seconds | None = None
        self._kill_at: Seconds | None = None
        self._asked = False

    @property
    def pid(self) -> int | None:
        """The running process, or None."""
        return self._process.pid if self._process else None

    @property
    def wanted(self) -> Planned | None:
        """What is to run from now on; None once it was stopped for good."""
        return self._next

    @property
    def stopped(self) -> bool:
        """Whether it was stopped for good; its process may still be ending."""
        return self._next is None

    @property
    def gone(self) -> bool:
        """Whether it was stopped for good and its process has ended."""
        return self.stopped and self._process is None

    def deadline(self) -> Seconds | None:
        """Return when `step` next has something to do without a process ending, or None."""
        return self._kill_at if self._process else self._due

    def start(self) -> None:
        """Start the process now."""
        self._due = None
        if self._next is None:
            return
        self.planned = self._next
        try:
            self._process, self._lifeline = _spawn(self.planned, self._inherited)
        except OSError as err:
            self._fell(f"cannot be started: {err.strerror}", 0.0)
            return
        self._started = self._now()
        _LOGGER.info("%s started as process %d", self.planned.name, self._process.pid)

    def stop(self, limit_s: Seconds) -> None:
        """Ask it to seal and end, for good; `step` kills it when `limit_s` has passed."""
        self._next = None
        self._due = None
        self._ask_to_end(limit_s)

    def replace(self, planned: Planned, limit_s: Seconds) -> None:
        """Go on with other settings: the running process is asked to end, then the new one starts."""
        self._next = planned
        if self._process:
            self._ask_to_end(limit_s)
        else:
            self._due = self._now()

    def step(self) -> bool:
        """Do what is due: note an end, start again, kill what overstays. Return whether anything changed."""
        now = self._now()
        if self._process and (code := self._process.poll()) is not None:
            self._ended(code, now)
            return True
        if self._process and self._kill_at is not None and now >= self._kill_at:
            _LOGGER.error("%s did not end in time: killed", self.planned.name)
            self._kill_at = None
            self._process.kill()
            return True
        if self._process is None and self._due is not None and now >= self._due:
            self.start()
            return True
        return False

    def _ask_to_end(self, limit_s: Seconds) -> None:
        if self._process and not self._asked:
            self._asked = True
            self._process.send_signal(signal.SIGTERM)
            self._kill_at = self._now() + limit_s

    def _ended(self, code: int, now: Seconds) -> None:
        asked, self._asked = self._asked, False
        self._process = None
        self._kill_at = None
        self._cut_lifeline()
        self.last_exit = how_it_ended(code)
        if self._next is None:
            _LOGGER.info("%s ended (%s)", self.planned.name, self.last_exit)
        elif asked:
            self._due = now
        else:
            self._fell(f"ended unasked ({self.last_exit})", now - self._started)

    def _fell(self, how: str, ran_s: Seconds) -> None:
        self.restarts += 1
        wait_s = self._backoff.after(ran_s)
        self._due = self._now() + wait_s
        _LOGGER.error(
            "%s %s; starting again in %.1f s (restart %d)", self.planned.name, how, wait_s, self.restarts
        )

    def _cut_lifeline(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None


def how_it_ended(code: int) -> str:
    """Return `exit 1` or `signal SIGKILL` for a return code as `subprocess` gives it."""
    if code >= 0:
        return f"exit {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _spawn(planned: Planned, inherited: tuple[int, ...]) -> tuple[subprocess.Popen[bytes], int]:
    """Start the process; return it and the write end of its lifeline, which it never writes to."""
    config = _settings_file(planned.settings)
    lifeline, ours = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is our own plan's
            [*planned.command, "--config-fd", str(config), "--lifeline-fd", str(lifeline)],
            stdin=subprocess.DEVNULL,
            pass_fds=(config, lifeline, *inherited),
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(config)
        os.close(lifeline)
    return process, ours


def _settings_file(text: str) -> int:
    """Return a descriptor from which `text` can be read to its end.

    Not a pipe: writing more than it holds would make us wait for the child. In memory where the system can;
    else a file that has no name any more.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("settings", os.MFD_CLOEXEC)
    else:
        import tempfile  # noqa: PLC0415 - large, and Linux does without

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    with open(descriptor, "wb", closefd=False) as out:
        out.write(text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
