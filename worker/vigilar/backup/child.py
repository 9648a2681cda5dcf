"""Surveys and backups made by a process of its own (`python -m vigilar.backup`)."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from vigilar.backup.copies import Copy, Survey
from vigilar.backup.errors import BackupError
from vigilar.domain.settings import CoreSettings

LIMIT_S: Final = 3600.0


class Request(msgspec.Struct, frozen=True):
    """`make` a backup, or look which there are."""

    settings: CoreSettings
    database: str
    make: bool
    now: datetime


class Answer(msgspec.Struct, frozen=True):
    """The backup made or found (empty: none); `error`: why not."""

    path: str = ""
    at: datetime | None = None
    damaged: tuple[str, ...] = ()
    error: str = ""


class ChildCopies:
    """Implements the `Copies` of the nightly task. Blocks until the child ends, an hour at most."""

    def __init__(self, settings: CoreSettings, database: Path, limit_s: float = LIMIT_S) -> None:
        self._settings, self._database, self._limit_s = settings, database, limit_s

    def survey(self, now: datetime) -> Survey:
        """See `Copies`. Raises BackupError."""
        answer = self._ask(now, make=False)
        return Survey(_copy(answer), answer.damaged)

    def make(self, now: datetime) -> Copy:
        """See `Copies`. Raises BackupError."""
        made = _copy(self._ask(now, make=True))
        if made is None:
            raise BackupError("the process that makes it told of no backup")
        return made

    def _ask(self, now: datetime, *, make: bool) -> Answer:
        request = Request(self._settings, str(self._database), make, now)
        command = [sys.executable, "-P", "-m", "vigilar.backup"]
        try:
            done = subprocess.run(  # noqa: S603 - our own module
                command,
                input=msgspec.json.encode(request),
                capture_output=True,
                timeout=self._limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as err:
            raise BackupError(
                f"it was not done within {self._limit_s:.0f} s: does the folder answer?"
            ) from err
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise BackupError(f"the process that makes it ended with {done.returncode}: {last[:300]}")
        answer = msgspec.json.decode(done.stdout, type=Answer)
        if answer.error:
            raise BackupError(answer.error)
        return answer


def _copy(answer: Answer) -> Copy | None:
    return Copy(Path(answer.path), answer.at) if answer.at is not None else None
