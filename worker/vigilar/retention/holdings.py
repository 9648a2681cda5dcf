"""What lies on the disk, told from the files alone: names carry the start, stars are files."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipId, ClipKind
from vigilar.recordings.places import Places, Sized
from vigilar.retention.trust import Stray, corrected


class Rank(IntEnum):
    """How dear a recording is: lower ranks go first."""

    UPLOADED = 0
    SEGMENT = 1
    CLIP = 2
    STARRED = 3


@dataclass(frozen=True, slots=True)
class Holding:
    """One sealed recording. `start`: from its name, corrected where the clock is known to have been wrong.

    `uploaded`: a copy exists elsewhere and nothing more is to be done with this one.
    """

    id: ClipId
    camera: CameraId
    kind: ClipKind
    start: datetime
    size_bytes: int
    path: str
    starred: bool = False
    uploaded: bool = False

    @property
    def rank(self) -> Rank:
        """How dear it is."""
        if self.starred:
            return Rank.STARRED
        if self.uploaded:
            return Rank.UPLOADED
        return Rank.SEGMENT if self.kind is ClipKind.SEGMENT else Rank.CLIP


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of the recordings, in bytes; `free`: for us."""

    total: int
    free: int


def disk_of(root: Path) -> Disk:
    """Ask the file system. Blocks; raises OSError."""
    usage = shutil.disk_usage(root)
    return Disk(usage.total, usage.free)


def survey(places: Places, strays: Iterable[Stray] = ()) -> tuple[Holding, ...]:
    """Return every sealed recording on the disk. Blocks; raises OSError."""
    strays = tuple(strays)
    return tuple(
        holding
        for camera in sorted(places.cameras())
        for file in places.sized(camera)
        if (holding := _holding(camera, file, strays)) is not None
    )


def _holding(camera: CameraId, file: Sized, strays: tuple[Stray, ...]) -> Holding | None:
    start = _start(file.stamp)
    if start is None:
        return None
    kind = ClipKind.SEGMENT if file.path.startswith("segments/") else ClipKind.CLIP
    return Holding(
        file.stem, camera, kind, corrected(start, strays), file.size_bytes, file.path, file.starred
    )


def _start(stamp: str) -> datetime | None:
    """Return the time of `20260301T120000Z`; `strptime` would take most of a survey's time."""
    try:
        return datetime(
            int(stamp[0:4]), int(stamp[4:6]), int(stamp[6:8]),
            int(stamp[9:11]), int(stamp[11:13]), int(stamp[13:15]), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
