"""Up to when nothing is missing of a camera, and what is to be told when something was."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vigilar.bus.messages import AnyMessage, FootageGap
from vigilar.capture.chunk import Chunk
from vigilar.capture.desk import Desk
from vigilar.capture.mark import Mark
from vigilar.domain.camera import CameraId, RecordingMode
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.coverage import GapReason
from vigilar.media.errors import StalledError, UnauthorizedError
from vigilar.media.packet import VIDEO_TICKS_PER_S, PacketKind

SHORTEST_NS: Final = NANOSECONDS
"""Shorter interruptions are not told: a rotation of the camera's own, a moment's congestion."""
_HOLE_NS: Final = 2 * NANOSECONDS
_REASONS: Final = {
    StalledError.code: GapReason.STALLED,
    UnauthorizedError.code: GapReason.CAMERA_REFUSED,
}


@dataclass(slots=True)
class _Away:
    """No packets since `since_ns`, for this reason; since `began_ns` for whatever reasons."""

    since_ns: int
    began_ns: int
    reason: GapReason
    detail: str


class Coverage:
    """One camera's account, for all threads. All `*_ns` CLOCK_MONOTONIC.

    `before`: what the last capture process of this boot left; its end and our first packet bound the gap.
    """

    def __init__(
        self,
        camera: CameraId,
        desk: Desk,
        *,
        clock: Clock,
        tell: Callable[[AnyMessage], None],
        before: Mark | None = None,
    ) -> None:
        self._camera = camera
        self._desk = desk
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._wanted = desk.mode is not RecordingMode.OFF
        self._last: Chunk | None = None
        now = clock.monotonic_ns()
        since, reason = (
            (now, GapReason.STARTING) if before is None or before.off else (before.ns, before.reason)
        )
        self._away: _Away | None = _Away(since, since, reason, "")
        self.accounts_from_ns = now if before is None else before.from_ns
        """What came before this moment neither this process knows nor those it follows."""

    @property
    def gap(self) -> GapReason | None:
        """Why footage is missing just now."""
        away, missing = self._away, self._desk.missing
        if not self._wanted:
            return None
        if away is not None:
            return away.reason
        return missing.cause if missing is not None else None

    @property
    def covered_ns(self) -> int:
        """Up to when nothing is missing that was not told."""
        away, missing, last = self._away, self._desk.missing, self._last
        if not self._wanted:
            return self._clock.monotonic_ns()
        if away is not None:
            return away.since_ns
        came_ns = last.last_ns if last is not None else 0
        return min(came_ns, missing.since_ns) if missing is not None else came_ns

    @property
    def off(self) -> bool:
        """Whether the camera is not meant to be watched."""
        return not self._wanted

    def take(self, chunk: Chunk) -> None:
        """Hear of footage."""
        last, self._last = self._last, chunk
        if self._away is not None:
            self._back(chunk)
        elif last is not None and chunk.first_ns - last.last_ns > _HOLE_NS and _lacks_pictures(last, chunk):
            self._gap(last.last_ns, chunk.first_ns, GapReason.STALLED, "the camera sent nothing for a while")

    def broke(self, reason: GapReason, detail: str) -> None:
        """Hear that no footage comes, and why. Another reason ends one gap and begins another."""
        now = self._clock.monotonic_ns()
        with self._lock:
            away = self._away
            if away is None:
                since = self._last.last_ns if self._last is not None else now
                self._away = _Away(since, since, reason, detail)
            elif away.reason is not reason:
                self._gap(away.since_ns, now, away.reason, away.detail)
                self._away = _Away(now, away.began_ns, reason, detail)
            elif not away.detail:
                away.detail = detail

    def set_mode(self, mode: RecordingMode) -> None:
        """Hear of the recording mode: while it is off nothing is missed."""
        now, wanted = self._clock.monotonic_ns(), mode is not RecordingMode.OFF
        with self._lock:
            away = self._away
            if wanted is not self._wanted and away is not None:
                self._gap(away.since_ns, now, away.reason, away.detail)
                self._away = _Away(now, now, away.reason, away.detail)
            self._wanted = wanted

    def close(self) -> None:
        """Tell what is missing so far: this process ends."""
        now = self._clock.monotonic_ns()
        with self._lock:
            away = self._away
            if away is not None:
                self._gap(away.since_ns, now, away.reason, away.detail)
                away.since_ns = away.began_ns = now

    def _back(self, chunk: Chunk) -> None:
        with self._lock:
            away, self._away = self._away, None
            if away is not None and chunk.first_ns - away.began_ns >= SHORTEST_NS:
                self._gap(away.since_ns, chunk.first_ns, away.reason, away.detail)

    def _gap(self, start_ns: int, end_ns: int, reason: GapReason, detail: str) -> None:
        if self._wanted and end_ns > start_ns:
            self._tell(FootageGap(self._camera, start_ns, end_ns, detail or reason.replace("_", " "), reason))


def gap_reason(code: str) -> GapReason:
    """Return what the code of a stream's error means for the ledger."""
    return _REASONS.get(code, GapReason.CAMERA_OFFLINE)


def _lacks_pictures(last: Chunk, chunk: Chunk) -> bool:
    """Return whether pictures are missing between the two; else they came late, all of them."""
    before = next((packet for packet in reversed(last.packets) if packet.kind is PacketKind.VIDEO), None)
    after = next((packet for packet in chunk.packets if packet.kind is PacketKind.VIDEO), None)
    if before is None or after is None or last.session != chunk.session:
        return True
    ticks = after.dts - before.dts - before.duration
    return ticks * NANOSECONDS > _HOLE_NS * VIDEO_TICKS_PER_S
