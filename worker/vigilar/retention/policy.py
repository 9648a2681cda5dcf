"""What goes, in which order, and why: pure functions over what lies on the disk."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipKind
from vigilar.domain.settings import CameraRetention, CoreSettings, RetentionSettings
from vigilar.retention.holdings import Disk, Holding, Rank

AGE_SHARE: Final = 0.05
"""The age rule takes at most this share of all bytes at once, and comes at most once an hour."""
MIN_FREE_SHARE: Final = 0.05
MIN_FREE_MOST: Final = 2 * 10**9
MOST_OF_DISK: Final = 0.5
"""However much is to stay free: half of the disk may always be recorded on."""


class Cause(StrEnum):
    """Why a recording goes."""

    CAMERA_BUDGET = "camera_budget"
    BUDGET = "budget"
    FREE_SPACE = "free_space"
    AGE = "age"


@dataclass(frozen=True, slots=True)
class Eviction:
    """One recording that has to go."""

    holding: Holding
    cause: Cause


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be kept of each camera, and of all. `other`: for cameras not in `cameras`."""

    cameras: Mapping[CameraId, CameraRetention]
    general: RetentionSettings

    @property
    def max_bytes(self) -> int | None:
        """What all recordings may take together; None: what the disk holds."""
        return self.general.max_bytes

    def of(self, camera: CameraId) -> CameraRetention:
        """Return a camera's own limits."""
        return self.cameras.get(camera, self.general.other)

    def free_on(self, disk: Disk) -> int:
        """Return how many bytes are to stay free on `disk`."""
        if self.general.min_free is None:
            return min(round(disk.total * MIN_FREE_SHARE), MIN_FREE_MOST)
        return min(self.general.min_free, round(disk.total * MOST_OF_DISK))


def limits_of(settings: CoreSettings) -> Limits:
    """Return the limits that the configuration sets."""
    return Limits({camera.camera: camera.retention for camera in settings.cameras}, settings.retention)


def in_order(holdings: Iterable[Holding]) -> list[Holding]:
    """Return what goes first first: by rank, the oldest first within each."""
    return sorted(holdings, key=lambda each: (each.rank, each.start, each.id))


def for_space(
    holdings: Sequence[Holding], limits: Limits, disk: Disk, stuck: Collection[Holding] = ()
) -> tuple[Eviction, ...]:
    """Return what has to go for the budgets and for free space: no more than is needed.

    `stuck`: what takes space and cannot go.
    """
    going: dict[Holding, Cause] = {}
    ordered = in_order(holdings)
    used: dict[CameraId, int] = {}
    for holding in ordered:
        used[holding.camera] = used.get(holding.camera, 0) + holding.size_bytes
    ordered = [each for each in ordered if each not in stuck]
    for camera, taken in used.items():
        budget = limits.of(camera).max_bytes
        if budget is not None:
            own = (each for each in ordered if each.camera == camera)
            _take(own, taken - budget, Cause.CAMERA_BUDGET, going)
    if limits.max_bytes is not None:
        _take(ordered, sum(used.values()) - _bytes(going) - limits.max_bytes, Cause.BUDGET, going)
    _take(ordered, limits.free_on(disk) - disk.free - _bytes(going), Cause.FREE_SPACE, going)
    return tuple(Eviction(holding, cause) for holding, cause in going.items())


def for_age(holdings: Sequence[Holding], limits: Limits, now: datetime) -> tuple[Eviction, ...]:
    """Return what is too old, at most a twentieth of all bytes (but one file at least); no starred one."""
    allowed = sum(each.size_bytes for each in holdings) * AGE_SHARE
    going: list[Eviction] = []
    for holding in in_order(each for each in holdings if _too_old(each, limits, now)):
        allowed -= holding.size_bytes
        if allowed < 0 and going:
            break
        going.append(Eviction(holding, Cause.AGE))
    return tuple(going)


def hours_until_next(holdings: Sequence[Holding], gone: Iterable[Eviction]) -> float:
    """Return when the age rule may come again: in an hour, or later when one file was more than its share."""
    allowed = sum(each.size_bytes for each in holdings) * AGE_SHARE
    taken = sum(each.holding.size_bytes for each in gone)
    return max(1.0, taken / allowed) if allowed else 1.0


def _too_old(holding: Holding, limits: Limits, now: datetime) -> bool:
    if holding.rank is Rank.STARRED:
        return False
    own = limits.of(holding.camera)
    age = own.segment_age_s if holding.kind is ClipKind.SEGMENT else own.clip_age_s
    return age is not None and now - holding.start > timedelta(seconds=age)


def _take(ordered: Iterable[Holding], needed: int, cause: Cause, going: dict[Holding, Cause]) -> None:
    """Add to `going` from the front of `ordered` until `needed` bytes are found."""
    for holding in ordered:
        if needed <= 0:
            return
        if holding not in going:
            going[holding] = cause
            needed -= holding.size_bytes


def _bytes(holdings: Iterable[Holding]) -> int:
    return sum(each.size_bytes for each in holdings)
