"""Where packets, motion and commands meet: the recorder behind one lock, the writer behind that."""

import threading
from collections.abc import Callable

from vigilar.bus.messages import AnyMessage, FootageGap, MotionState
from vigilar.capture.actions import Action, Gap
from vigilar.capture.backlog import Backlog
from vigilar.capture.chunk import Chunk
from vigilar.capture.recorder import Recorder
from vigilar.capture.track import Missing
from vigilar.domain.camera import CameraId, RecordingMode
from vigilar.domain.clip import ClipId
from vigilar.domain.clock import Clock


class Desk:
    """One camera's recorder for all threads. Nothing in here waits for the disk."""

    def __init__(
        self,
        camera: CameraId,
        recorder: Recorder,
        backlog: Backlog,
        *,
        clock: Clock,
        tell: Callable[[AnyMessage], None],
    ) -> None:
        self._camera = camera
        self._recorder = recorder
        self._backlog = backlog
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._onlooker: Callable[[Chunk], None] | None = None

    @property
    def mode(self) -> RecordingMode:
        """The recording mode now."""
        return self._recorder.mode

    @property
    def recording(self) -> tuple[ClipId, ...]:
        """Ids of the files being recorded."""
        return self._recorder.recording

    @property
    def moving(self) -> bool:
        """Whether motion holds a clip."""
        return self._recorder.moving

    @property
    def missing(self) -> Missing | None:
        """What the disk has not got though it should be recorded."""
        return self._recorder.missing

    @property
    def watched(self) -> bool:
        """Whether somebody looks on."""
        return self._onlooker is not None

    @property
    def held(self) -> tuple[float, int]:
        """(seconds, bytes) of footage in the ring."""
        ring = self._recorder.ring
        return ring.seconds, ring.bytes

    def take(self, chunk: Chunk) -> None:
        """Take the next footage."""
        with self._lock:
            self._do(self._recorder.take(chunk, room=self._backlog.has_room()))
            if self._onlooker is not None:
                self._onlooker(chunk)

    def session_ended(self) -> None:
        """The stream broke."""
        with self._lock:
            self._do(self._recorder.session_ended())

    def motion(self, state: MotionState) -> None:
        """Hear of movement."""
        with self._lock:
            self._do(self._recorder.motion(state, self._clock.monotonic_ns()))

    def record_now(self, seconds: float) -> ClipId:
        """Record from now; return the clip's id. Raises UnavailableError."""
        with self._lock:
            clip_id, actions = self._recorder.record_now(seconds, self._clock.monotonic_ns())
            self._do(actions)
            return clip_id

    def set_mode(self, mode: RecordingMode) -> None:
        """Change the mode."""
        with self._lock:
            self._do(self._recorder.set_mode(mode, self._clock.monotonic_ns()))

    def failed(self, clip_id: ClipId, reason: str) -> None:
        """The disk refused a file."""
        with self._lock:
            self._do(self._recorder.failed(clip_id, self._clock.monotonic_ns(), reason))

    def tick(self) -> None:
        """Let time pass."""
        with self._lock:
            self._do(self._recorder.tick(self._clock.monotonic_ns()))

    def shut(self) -> None:
        """Seal everything and let the writer end."""
        with self._lock:
            self._do(self._recorder.shut(self._clock.monotonic_ns()))
            self._backlog.finish()

    def look_on(self, onlooker: Callable[[Chunk], None] | None) -> list[Chunk]:
        """Call `onlooker` with every further chunk (None: no more); return the group of pictures so far."""
        with self._lock:
            self._onlooker = onlooker
            return self._recorder.ring.last_group()

    def newest_key(self) -> Chunk | None:
        """Return the chunk that begins with the newest key frame."""
        with self._lock:
            return self._recorder.ring.newest_key()

    def _do(self, actions: list[Action]) -> None:
        if not actions:
            return
        for action in actions:
            if isinstance(action, Gap):
                self._tell(
                    FootageGap(self._camera, action.start_ns, action.end_ns, action.reason, action.cause)
                )
        self._backlog.put(actions)
