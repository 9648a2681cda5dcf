"""Waiting for signals, ended children and deadlines, without a thread, a poll or an event loop."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_WATCHED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Signals that arrived; made by `watched_signals`."""

    def __init__(self, wakeup: int) -> None:
        self._wakeup = wakeup

    def wait(self, timeout_s: float | None) -> set[int]:
        """Return the signals that came in, after `timeout_s` at the latest (None: whenever one does)."""
        # Rounded up: waking just before a deadline would mean turning round and round until it comes.
        limit_ms = None if timeout_s is None else max(0, int(timeout_s * 1000) + 1)
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        if not poll.poll(limit_ms):
            return set()
        return set(os.read(self._wakeup, 512))


@contextmanager
def watched_signals() -> Iterator[Signals]:
    """Turn SIGTERM, SIGINT, SIGHUP and SIGCHLD into bytes of a pipe that can be waited on."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, _taken) for number in _WATCHED}
    old_wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield Signals(reader)
    finally:
        signal.set_wakeup_fd(old_wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _taken(number: int, frame: FrameType | None) -> None:
    """Handle nothing here: Python writes the number to the wake-up pipe only if there is a handler."""
