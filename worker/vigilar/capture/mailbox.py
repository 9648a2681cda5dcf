"""Hands what other threads have to say to the thread that owns the sockets, and wakes it."""

import os
from collections import deque
from contextlib import suppress


class Mailbox[T]:
    """Its owner empties it each time it wakes. `fd` is readable when it holds mail."""

    def __init__(self) -> None:
        self._mail: deque[T] = deque()
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _pipe()

    @property
    def fd(self) -> int:
        """The descriptor to poll for reading."""
        return self._read

    def post(self, item: T) -> None:
        """Leave something; any thread."""
        self._mail.append(item)
        self.wake()

    def wake(self) -> None:
        """Wake the owner without mail; any thread."""
        with suppress(BlockingIOError):  # full: it is awake already
            os.write(self._write, b"\0")

    def take(self) -> list[T]:
        """Return all that was left; owner only."""
        with suppress(BlockingIOError):
            while len(os.read(self._read, 4096)) == 4096:
                pass
        taken: list[T] = []
        with suppress(IndexError):
            while True:
                taken.append(self._mail.popleft())
        return taken


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends
