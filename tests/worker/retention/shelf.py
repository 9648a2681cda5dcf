"""Recordings as retention sees them, for its tests."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from vigilar.domain.clip import Clip, ClipKind, Trigger
from vigilar.domain.settings import CameraRetention, RetentionSettings
from vigilar.files.durable import DurableFiles
from vigilar.recordings.deletion import Remover
from vigilar.retention.evictor import Evictor
from vigilar.retention.holdings import Holding
from vigilar.retention.policy import Limits
from worker.recordings.vaulted import Root
from worker.store.fakes import BEGIN, a_clip

FILM = bytes(20_000)


def holding(
    n: int,
    camera: str = "door",
    *,
    kind: ClipKind = ClipKind.CLIP,
    hours: float = 0,
    size: int = 100,
    starred: bool = False,
    uploaded: bool = False,
) -> Holding:
    clip = a_clip(camera, BEGIN + timedelta(hours=hours), n + 1, kind=kind)
    return Holding(clip.id, camera, kind, clip.start, size, clip.path, starred, uploaded)


def sealed(
    root: Root,
    hours: float,
    camera: str = "door",
    *,
    kind: ClipKind = ClipKind.CLIP,
    starred: bool = False,
    film: bytes = FILM,
) -> Clip:
    """Make a real recording that began `hours` after BEGIN."""
    trigger = Trigger.MOTION if kind is ClipKind.CLIP else Trigger.CONTINUOUS
    clip = root.seal(
        a_clip(camera, BEGIN + timedelta(hours=hours), kind=kind, trigger=trigger), film=film
    ).clip
    if starred:
        root.files.write_atomic(root.places.star_of(clip), b"")
    return clip


def evictor(
    root: Root, general: RetentionSettings | None = None, files: DurableFiles | None = None
) -> Evictor:
    """Return one over `root`; without `general` nothing ever has to go."""
    limits = Limits({}, general or RetentionSettings(min_free=0))
    return Evictor(Remover(root.places, root.keys, files or root.files), limits)


def only(max_bytes: int | None = None, **ages: float | None) -> RetentionSettings:
    """Return settings that ask for nothing else."""
    other = replace(CameraRetention(clip_age_s=None, segment_age_s=None), **ages)
    return RetentionSettings(max_bytes, 0, other)


def lying(root: Root, *clips: Clip) -> list[str]:
    """Return the ids of those whose files are there."""
    return [clip.id for clip in clips if Path(root.file(clip)).exists()]
