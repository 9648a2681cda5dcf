"""Durable operations that fail, or kill the process, at the N-th step."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from errno import ENOSPC

from vigilar.files.durable import DurableFiles, Operation


class KilledError(BaseException):
    """Stands for `kill -9`: nothing in the code under test may catch it."""


@dataclass
class FaultyFiles(DurableFiles):
    """Lets `at` operations pass, then raises `errno` once, or kills.

    `chunk` limits each write to so many bytes. `seen` lists the operations.
    """

    at: int = -1
    errno: int = ENOSPC
    kill: bool = False
    chunk: int = 0
    seen: list[tuple[Operation, str]] = field(default_factory=list)

    def before(self, operation: Operation, target: str) -> None:
        self.seen.append((operation, target))
        step = len(self.seen) - 1
        if self.at < 0 or step < self.at or (step > self.at and not self.kill):
            return
        if self.kill:
            raise KilledError(f"killed before step {step}, {operation}")
        raise OSError(self.errno, "injected")

    def write_some(self, fd: int, buffers: list[memoryview]) -> int:
        if not self.chunk:
            return super().write_some(fd, buffers)
        return super().write_some(fd, [buffers[0][: self.chunk]])


def killed_at(step: int, work: Callable[[FaultyFiles], object]) -> bool:
    """Do `work` in a process of its own that dies before the durable operation number `step`.

    All its locks and descriptors go with it, as in `kill -9`. Returns False if it came to its end instead.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(FaultyFiles(at=step, kill=True))
            code = 0
        except KilledError:
            code = 9
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 9}, "the work failed otherwise"
    return code == 9
