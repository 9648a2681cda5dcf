"""The recorder: decides what is written into which file. Pure: no clock, no disk, no thread of its own.

Two lines of recording share one ring: clips (motion, light, a person's wish) and, in mode `continuous`,
segments.
Every method returns the actions to be done, in order.
"""

from collections.abc import Callable
from typing import Final

from vigilar.bus.messages import MotionState
from vigilar.capture.actions import Action, Name
from vigilar.capture.chunk import Chunk
from vigilar.capture.reasons import Reasons, trigger_of
from vigilar.capture.ring import Ring
from vigilar.capture.track import Cause, Missing, Track
from vigilar.domain.camera import RecordingMode
from vigilar.domain.clip import ClipId, ClipKind, Trigger
from vigilar.domain.errors import UnavailableError
from vigilar.domain.settings import RecordingSettings
from vigilar.media.packet import VIDEO_TICKS_PER_S

_SECOND: Final = 1_000_000_000
_LATE_NS: Final = 2 * _SECOND
TOO_SLOW: Final = "the disk does not keep up"


class Recorder:
    """State of one camera's recording.

    `margin_s` widens the pre-roll by what arrival times of two streams may differ. `name(start_ns)` returns a
    fresh name. Times are CLOCK_MONOTONIC nanoseconds.
    """

    def __init__(
        self, settings: RecordingSettings, ring: Ring, name: Callable[[int], Name], *, margin_s: float = 0.0
    ) -> None:
        self.mode = settings.mode
        self.ring = ring
        self._pre_ns = int((settings.pre_roll_s + margin_s) * _SECOND)
        self._reasons = Reasons(settings.post_roll_s)
        self._actions: list[Action] = []
        self._clip = Track(ClipKind.CLIP, settings.max_clip_s, name, self._put)
        self._segment = Track(ClipKind.SEGMENT, settings.segment_s, name, self._put)
        self._live = False
        self._choked = False

    @property
    def recording(self) -> tuple[ClipId, ...]:
        """The open files' ids."""
        return tuple(track.clip_id for track in (self._clip, self._segment) if track.clip_id is not None)

    @property
    def moving(self) -> bool:
        """Whether a motion event holds the clip."""
        return bool(self._reasons.event_ids())

    @property
    def missing(self) -> Missing | None:
        """What the disk has not got though it should; the earliest, if both lines lack something."""
        lacking = [track.missing for track in (self._clip, self._segment) if track.missing is not None]
        return min(lacking, key=lambda missing: missing.since_ns, default=None)

    @property
    def _key_interval(self) -> int:
        return self.ring.key_interval_ns * VIDEO_TICKS_PER_S // _SECOND

    def take(self, chunk: Chunk, *, room: bool = True) -> list[Action]:
        """Take the next footage. `room` is False while what was handed over waits too long for the disk."""
        self.ring.append(chunk)
        self._live = True
        self._choked = not room
        if self._choked:
            self._clip.interrupt(TOO_SLOW)
            self._segment.interrupt(TOO_SLOW)
            return self._drain()
        self._take_clip(chunk)
        self._take_segment(chunk)
        return self._drain()

    def motion(self, state: MotionState, now_ns: int) -> list[Action]:
        """Hear of movement; the first word of an event opens a clip that begins before it moved."""
        if self.mode is RecordingMode.OFF:
            return []
        fresh = self._reasons.motion(state, now_ns)
        self._clip.note_events((state.event_id,))
        if fresh:
            cause = Cause(trigger_of(state), state.event_id, state.first_moving_ns)
            self._begin_clip(state.first_moving_ns - self._pre_ns, cause, now_ns)
        return self._drain()

    def record_now(self, seconds: float, now_ns: int) -> tuple[ClipId, list[Action]]:
        """Record for `seconds` from now, pre-roll included; return the clip that holds now.

        Raises UnavailableError when there is no footage to record, or the disk refuses.
        """
        if not self._live or not self.ring:
            raise UnavailableError("the camera sends no pictures now; try again when it is online")
        if self._clip.clip_id is None:
            self._begin_clip(now_ns - self._pre_ns, Cause(Trigger.MANUAL), now_ns)
        clip_id = self._clip.clip_id
        if clip_id is None:
            raise UnavailableError("the disk takes no recording now; see the worker's health")
        self._reasons.ask(now_ns + int(seconds * _SECOND))
        return clip_id, self._drain()

    def set_mode(self, mode: RecordingMode, now_ns: int) -> list[Action]:
        """Change the mode; what the new mode does not want is sealed, what it wants begins."""
        self.mode = mode
        if mode is RecordingMode.OFF:
            self._reasons.clear_motion()
            if not self._reasons.hold(now_ns):
                self._clip.close()
                self._clip.settle(now_ns)
        if mode is not RecordingMode.CONTINUOUS:
            self._segment.close()
            self._segment.settle(now_ns)
        elif self._live and not self._choked and self._segment.may_open(now_ns):
            group = self.ring.last_group()
            if group:
                self._segment.begin(group, Cause(Trigger.CONTINUOUS), self._key_interval)
        return self._drain()

    def tick(self, now_ns: int) -> list[Action]:
        """Let time pass: seals a clip whose time is over though no packet came to say so."""
        if self._clip.clip_id is not None and not self._reasons.hold(now_ns - _LATE_NS):
            self._clip.close()
        return self._drain()

    def session_ended(self) -> list[Action]:
        """The stream broke: what is open is sealed; the ring stays, for motion that is still to be told."""
        self._live = False
        self._clip.close()
        self._segment.close()
        return self._drain()

    def failed(self, clip_id: ClipId, now_ns: int, reason: str) -> list[Action]:
        """The disk refused a file: it is given up, and another begun at a later key frame."""
        for track in (self._clip, self._segment):
            track.failed(clip_id, now_ns, reason)
        return self._drain()

    def shut(self, now_ns: int) -> list[Action]:
        """Seal everything; nothing is wanted any more."""
        self._reasons.clear()
        self.mode = RecordingMode.OFF
        for track in (self._clip, self._segment):
            track.close()
            track.settle(now_ns)
        return self._drain()

    def _take_clip(self, chunk: Chunk) -> None:
        if not self._reasons.hold(chunk.first_ns):
            self._clip.close()
            self._clip.settle(chunk.first_ns)
        elif self._clip.clip_id is not None:
            self._clip.take(chunk, self._key_interval)
        elif chunk.key and self._clip.may_open(chunk.last_ns):
            trigger, event_id = self._reasons.cause()
            self._clip.begin(self._again(self._clip, chunk), Cause(trigger, event_id), self._key_interval)
        self._clip.note_events(self._reasons.event_ids())

    def _take_segment(self, chunk: Chunk) -> None:
        if self._segment.clip_id is not None:
            self._segment.take(chunk, self._key_interval)
        elif self.mode is RecordingMode.CONTINUOUS and chunk.key and self._segment.may_open(chunk.last_ns):
            self._segment.begin(
                self._again(self._segment, chunk), Cause(Trigger.CONTINUOUS), self._key_interval
            )

    def _again(self, track: Track, chunk: Chunk) -> list[Chunk]:
        """Return what to begin a file with that should have been open already."""
        redo = track.redo_from_ns
        return (redo is not None and self.ring.since(redo)) or [chunk]

    def _begin_clip(self, from_ns: int, cause: Cause, now_ns: int) -> None:
        if self._choked or not self._clip.may_open(now_ns):
            return
        chunks = self.ring.since(from_ns)
        if not chunks:
            return
        self._clip.begin(chunks, cause, self._key_interval)
        if not self._live:
            # The stream broke before the movement was told (a cut cable, say): this is all there will be.
            self._clip.close()

    def _put(self, action: Action) -> None:
        self._actions.append(action)

    def _drain(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
