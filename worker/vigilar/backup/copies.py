"""Backups as the core knows of them. Apart from how they are made: the core leaves that to a child."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

AHEAD: Final = timedelta(days=1)
"""A label further ahead than this comes from a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One backup of the folder and the time in its name."""

    path: Path
    at: datetime


@dataclass(frozen=True, slots=True)
class Survey:
    """The newest backup that is whole (None: there is none), and newer ones that are damaged."""

    newest: Copy | None
    damaged: tuple[str, ...] = ()
