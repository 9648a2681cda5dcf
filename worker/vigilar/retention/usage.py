"""How much is used, how fast it grows, how long the room lasts: told from what lies on the disk."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from vigilar.api.services import CameraStorage, StorageView
from vigilar.domain.camera import CameraId
from vigilar.domain.clip import ClipKind
from vigilar.retention.holdings import Disk, Holding
from vigilar.retention.policy import Limits

WINDOW: Final = timedelta(days=3)
"""The rate is taken from so much of the newest past."""
LEAST: Final = timedelta(hours=1)
"""From less than this nothing can be said."""
DAY: Final = timedelta(days=1)


def view_of(
    holdings: Sequence[Holding],
    limits: Limits,
    disk: Disk,
    now: datetime,
    *,
    ballast: bool,
    clock_sure: bool,
    configured: Iterable[CameraId] = (),
) -> StorageView:
    """Return the storage as it is shown outside."""
    of: dict[CameraId, list[Holding]] = {camera: [] for camera in configured}
    for holding in holdings:
        of.setdefault(holding.camera, []).append(holding)
    rates = {camera: rate_of(own, now) for camera, own in of.items()}
    used = sum(each.size_bytes for each in holdings)
    room = disk.free - limits.free_on(disk)
    if limits.max_bytes is not None:
        room = min(room, limits.max_bytes - used)
    known = [rate for rate in rates.values() if rate is not None]
    total = sum(known) if known else None
    together = days_left(room, total)
    return StorageView(
        used_bytes=used,
        disk_bytes=disk.total,
        free_bytes=disk.free,
        min_free_bytes=limits.free_on(disk),
        max_bytes=limits.max_bytes,
        bytes_per_day=total,
        days_left=together,
        ballast=ballast,
        clock_sure=clock_sure,
        cameras=tuple(
            _camera(camera, own, rates[camera], limits.of(camera).max_bytes, together)
            for camera, own in of.items()
        ),
    )


def rate_of(own: Sequence[Holding], now: datetime) -> float | None:
    """Return a camera's bytes a day, None while too little is known.

    Clips and segments count apart: segments go first, so what is left of them reaches less far back.
    """
    rates = [
        rate
        for kind in ClipKind
        if (rate := _rate([each for each in own if each.kind is kind], now)) is not None
    ]
    return sum(rates) if rates else None


def days_left(room: int, bytes_per_day: float | None) -> float | None:
    """Return how long `room` lasts; 0 when it is used up, None when that cannot be told."""
    if room <= 0:
        return 0.0
    return room / bytes_per_day if bytes_per_day else None


def _rate(holdings: Sequence[Holding], now: datetime) -> float | None:
    recent = [each for each in holdings if now - WINDOW <= each.start <= now]
    if not recent:
        return 0.0 if any(each.start < now - WINDOW for each in holdings) else None
    reaches_back = any(each.start < now - WINDOW for each in holdings)
    span = WINDOW if reaches_back else now - min(each.start for each in recent)
    if span < LEAST:
        return None
    return sum(each.size_bytes for each in recent) / (span / DAY)


def _camera(
    camera: CameraId, own: Sequence[Holding], rate: float | None, budget: int | None, together: float | None
) -> CameraStorage:
    used = sum(each.size_bytes for each in own)
    left = together
    if budget is not None:
        mine = days_left(budget - used, rate)
        left = min((each for each in (mine, together) if each is not None), default=None)
    return CameraStorage(
        camera=camera,
        used_bytes=used,
        clips=sum(each.kind is ClipKind.CLIP for each in own),
        segments=sum(each.kind is ClipKind.SEGMENT for each in own),
        starred=sum(each.starred for each in own),
        oldest=min((each.start for each in own), default=None),
        max_bytes=budget,
        bytes_per_day=rate,
        days_left=left,
    )
