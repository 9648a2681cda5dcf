"""Where recordings lie and what they are called."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from vigilar.capture.actions import Name
from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipId, ClipKind, clip_id, day_of
from vigilar.domain.clock import Clock, wall_of

SUFFIX: Final = ".vge"
PART_SUFFIX: Final = ".vge.part"
_FOLDERS: Final = {ClipKind.CLIP: "clips", ClipKind.SEGMENT: "segments"}
_REMEMBERED: Final = 4096


class Names:
    """Gives every recording of a camera a name of its own, also when several begin in one second.

    `taken`: names that exist already. Asks no disk: it is called while packets arrive.
    """

    def __init__(self, camera: CameraId, clock: Clock, taken: Iterable[ClipId] = ()) -> None:
        self._camera = camera
        self._clock = clock
        self._taken: OrderedDict[ClipId, None] = OrderedDict.fromkeys(taken)

    def __call__(self, start_ns: int) -> Name:
        """Return the name of a recording whose first packet arrived at `start_ns` (CLOCK_MONOTONIC)."""
        start = wall_of(start_ns, self._clock.instant())
        n = 1
        while (name := clip_id(self._camera, start, n)) in self._taken:
            n += 1
        self._taken[name] = None
        while len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        return Name(name, start)


def folder_of(root: Path, kind: ClipKind, camera: CameraId) -> Path:
    """Return the folder of a camera's recordings of one kind."""
    return root / _FOLDERS[kind] / camera


def path_of(root: Path, kind: ClipKind, camera: CameraId, name: Name) -> Path:
    """Return the path of a sealed recording."""
    return folder_of(root, kind, camera) / day_of(name.start) / f"{name.clip_id}{SUFFIX}"


def taken_names(root: Path, camera: CameraId, now: datetime) -> Iterator[ClipId]:
    """Yield the ids of recordings, finished or not, of the days around `now`."""
    for kind in ClipKind:
        for days in (-1, 0, 1):
            folder = folder_of(root, kind, camera) / day_of(now + timedelta(days=days))
            if folder.is_dir():
                yield from (path.name.partition(".")[0] for path in folder.iterdir())
