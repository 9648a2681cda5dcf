"""One line of recording: at most one open file, rotated without a gap."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vigilar.capture.actions import Action, CloseFile, Gap, Name, OpenFile, WriteChunks
from vigilar.capture.chunk import Chunk
from vigilar.domain.clip import ClipId, ClipKind, Trigger
from vigilar.domain.coverage import GapReason
from vigilar.media.packet import VIDEO_TICKS_PER_S

_SECOND: Final = 1_000_000_000
_RETRY_NS: Final = 3 * _SECOND
_UNWRITTEN_NS: Final = 2 * _SECOND


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a file begins. `first_moving_ns` only for the file that begins because of that movement."""

    trigger: Trigger
    event_id: str | None = None
    first_moving_ns: int | None = None


@dataclass(slots=True)
class _Open:
    clip_id: ClipId
    cause: Cause
    first: Chunk
    last: Chunk
    event_ids: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """What the disk has not got since then. `in_ring`: it may be made up for from the ring."""

    since_ns: int
    reason: str
    cause: GapReason
    in_ring: bool


class Track:
    """Turns chunks into actions: open at a key frame, write, rotate at key frames, close.

    A file grows no longer than `max_s` as far as key frames allow: it is rotated at the last one before.
    `name(start_ns)` returns a fresh name. Actions are handed to `out`.
    """

    def __init__(
        self, kind: ClipKind, max_s: float, name: Callable[[int], Name], out: Callable[[Action], None]
    ) -> None:
        self._kind = kind
        self._max_ticks = int(max_s * VIDEO_TICKS_PER_S)
        self._name = name
        self._out = out
        self._open: _Open | None = None
        self._missing: Missing | None = None
        self._retry_ns = 0

    @property
    def clip_id(self) -> ClipId | None:
        """The open file's id."""
        return self._open.clip_id if self._open else None

    @property
    def missing(self) -> Missing | None:
        """What is missing just now though it should be recorded."""
        return self._missing

    @property
    def redo_from_ns(self) -> int | None:
        """Where to begin again after a failure: what the failed file lacks may still be in the ring."""
        return self._missing.since_ns - _UNWRITTEN_NS if self._missing and self._missing.in_ring else None

    def may_open(self, now_ns: int) -> bool:
        """Return whether a file may be opened (none is open, and no failure is too recent)."""
        return self._open is None and now_ns >= self._retry_ns

    def begin(self, chunks: list[Chunk], cause: Cause, key_interval_ticks: int) -> None:
        """Open a file with these chunks; the first begins with a key frame."""
        self.settle(chunks[0].first_ns)
        self._start(chunks[0], cause, None)
        for chunk in chunks[1:]:
            self.take(chunk, key_interval_ticks)

    def take(self, chunk: Chunk, key_interval_ticks: int) -> None:
        """Write the next chunk into the open file, rotating first where it must be."""
        now = self._open
        if now is None:
            return
        if chunk.key and self._must_rotate(now, chunk, key_interval_ticks):
            self._close(followed=True)
            # What moved first lies in the file before: this one only goes on.
            self._start(chunk, Cause(now.cause.trigger, now.cause.event_id), now.clip_id)
            return
        now.last = chunk
        self._out(WriteChunks(now.clip_id, (chunk,)))

    def note_events(self, event_ids: tuple[str, ...]) -> None:
        """Note events that the open file shows."""
        if self._open is not None:
            self._open.event_ids.update(dict.fromkeys(event_ids))

    def close(self) -> None:
        """Seal the open file, if there is one."""
        if self._open is not None:
            self._close(followed=False)

    def interrupt(self, reason: str) -> None:
        """Seal the open file though it should go on: the disk does not keep up."""
        if self._open is not None:
            # Not to be made up for from the ring: that would burden the disk with the same footage again.
            self._missing = Missing(self._open.last.last_ns, reason, GapReason.DISK_LATE, in_ring=False)
            self.close()

    def failed(self, clip_id: ClipId, now_ns: int, reason: str) -> None:
        """Note that the file, if it is this line's, cannot be written; another is tried a little later."""
        if self._open is not None and self._open.clip_id == clip_id:
            self._missing = Missing(now_ns, reason, GapReason.DISK_FAILED, in_ring=True)
            self._open = None
            self._retry_ns = now_ns + _RETRY_NS

    def settle(self, at_ns: int) -> None:
        """Tell of what is missing up to now: recording goes on from here, or is not wanted any more."""
        missing, self._missing = self._missing, None
        if missing is not None and at_ns > missing.since_ns:
            self._out(Gap(missing.since_ns, at_ns, missing.reason, missing.cause))

    def _must_rotate(self, now: _Open, chunk: Chunk, key_interval_ticks: int) -> bool:
        if chunk.session != now.first.session or chunk.info != now.first.info:
            return True
        return chunk.dts - now.first.dts + key_interval_ticks > self._max_ticks

    def _start(self, first: Chunk, cause: Cause, follows: ClipId | None) -> None:
        name = self._name(first.first_ns)
        self._open = _Open(name.clip_id, cause, first, first)
        self._out(
            OpenFile(
                name.clip_id,
                name.start,
                self._kind,
                cause.trigger,
                first.info,
                first.first_ns,
                cause.first_moving_ns,
                cause.event_id,
                follows,
            )
        )
        self._out(WriteChunks(name.clip_id, (first,)))
        if cause.event_id is not None:
            self.note_events((cause.event_id,))

    def _close(self, *, followed: bool) -> None:
        now, self._open = self._open, None
        if now is not None:
            self._out(CloseFile(now.clip_id, now.last.last_ns, tuple(now.event_ids), followed))
