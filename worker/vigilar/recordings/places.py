"""Where recordings lie below the storage root."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from vigilar.domain.camera import CAMERA_ID_PATTERN, CameraId
from vigilar.domain.clip import CLIP_ID_PATTERN, Clip
from vigilar.domain.errors import InvalidRequestError

FOLDERS: Final = ("clips", "segments")
SEALED: Final = ".vge"
STAR: Final = ".star"
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Found:
    """A camera's sealed files and stars on the disk, as paths relative to the root without their suffix."""

    recordings: frozenset[str]
    stars: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sized:
    """A sealed file as the disk shows it: `path` relative to the root; whether a star lies beside it."""

    path: str
    stem: str
    stamp: str
    """The start in its name, as `clip.STAMP_FORMAT` writes it."""
    size_bytes: int
    starred: bool


class Places:
    """Paths below one storage root. Blocks where it says so."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file_of(self, relative: str) -> Path:
        """Return a recording's absolute path. Raises InvalidRequestError for one outside the folders."""
        parts = PurePosixPath(relative).parts
        if len(parts) != 4 or parts[0] not in FOLDERS or ".." in parts or not relative.endswith(SEALED):
            raise InvalidRequestError(f"{relative!r} is not the path of a recording")
        return self.root.joinpath(*parts)

    def star_of(self, clip: Clip) -> Path:
        """Return where a clip's star lies when it has one."""
        return self.file_of(clip.path).with_name(f"{clip.id}{STAR}")

    def present(self) -> bool:
        """Return whether any folder of recordings is there (not on a disk that is not mounted). Blocks."""
        return any((self.root / folder).is_dir() for folder in FOLDERS)

    def cameras(self) -> set[CameraId]:
        """Return every camera that has a folder. Blocks."""
        return {
            camera.name
            for folder in FOLDERS
            for camera in _entries(self.root / folder)
            if CAMERA_ID_PATTERN.fullmatch(camera.name)
        }

    def found(self, camera: CameraId) -> Found:
        """Return what lies there of a camera, without files still being written and foreign ones. Blocks."""
        recordings: set[str] = set()
        stars: set[str] = set()
        for folder in FOLDERS:
            for day in _entries(self.root / folder / camera):
                if not _DAY.fullmatch(day.name):
                    continue
                for file in _entries(day):
                    if not CLIP_ID_PATTERN.fullmatch(file.stem):
                        continue
                    stem = f"{folder}/{camera}/{day.name}/{file.stem}"
                    if file.suffix == SEALED:
                        recordings.add(stem)
                    elif file.suffix == STAR:
                        stars.add(stem)
        return Found(frozenset(recordings), frozenset(stars))

    def sized(self, camera: CameraId) -> Iterator[Sized]:
        """Yield a camera's sealed files with their sizes, day by day. Blocks; raises OSError."""
        for folder in FOLDERS:
            for day in _entries(self.root / folder / camera):
                if _DAY.fullmatch(day.name):
                    yield from _sized(day, f"{folder}/{camera}/{day.name}", camera)


def _sized(day: Path, relative: str, camera: CameraId) -> Iterator[Sized]:
    files: dict[str, tuple[str, int]] = {}
    stars: set[str] = set()
    with os.scandir(day) as entries:
        for entry in entries:
            stem, dot, suffix = entry.name.rpartition(".")
            if dot + suffix == STAR:
                stars.add(stem)
            elif dot + suffix == SEALED and (match := CLIP_ID_PATTERN.fullmatch(stem)):
                if match["camera"] != camera:
                    continue
                try:
                    files[stem] = (match["stamp"], entry.stat(follow_symlinks=False).st_size)
                except FileNotFoundError:  # deleted while we look
                    continue
    for stem, (stamp, size) in files.items():
        yield Sized(f"{relative}/{stem}{SEALED}", stem, stamp, size, stem in stars)


def _entries(directory: Path) -> Iterator[Path]:
    try:
        yield from directory.iterdir()
    except (FileNotFoundError, NotADirectoryError):
        return
