"""The writer thread: does what the recorder decided, at the disk's pace."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from vigilar.bus.messages import AnyMessage, ClipOpened, ClipSealed
from vigilar.capture.actions import Action, CloseFile, Gap, OpenFile, WriteChunks
from vigilar.capture.backlog import Backlog
from vigilar.capture.chunk import Chunk
from vigilar.domain.camera import CameraId
from vigilar.domain.clip import Clip, ClipId
from vigilar.domain.clock import Clock
from vigilar.domain.errors import VigilarError
from vigilar.media.errors import MediaError
from vigilar.vault.errors import VaultError

_LOG = logging.getLogger(__name__)
_SYNC_EVERY_NS: Final = 1_000_000_000
_PULSE_EVERY_NS: Final = 500_000_000
_IDLE_S: Final = 1.0


class OpenRecording(Protocol):
    """A recording being written (RecordingFile)."""

    @property
    def opened(self) -> OpenFile:
        """Return what it was opened with."""

    def write(self, chunk: Chunk) -> None:
        """Write a chunk."""

    def write_early_sound(self, chunk: Chunk) -> None:
        """Write the sound of the next file that belongs before it."""

    def sync(self) -> None:
        """Make it durable."""

    def seal(self, end_ns: int, event_ids: tuple[str, ...]) -> Clip:
        """Seal it."""

    def abandon(self) -> None:
        """Let go of it."""


@dataclass(slots=True)
class _Ending:
    file: OpenRecording
    close: CloseFile


class Writer:
    """Takes actions from the backlog until its end.

    `tell` gets messages for the core, `failed` what the disk refused; `pulse` is called with `written_ns`
    once or twice a second while the disk answers. All are called from the writer's thread.
    """

    def __init__(
        self,
        camera: CameraId,
        backlog: Backlog,
        open_recording: Callable[[OpenFile], OpenRecording],
        *,
        clock: Clock,
        tell: Callable[[AnyMessage], None],
        failed: Callable[[ClipId, str], None],
        pulse: Callable[[int | None], None] = lambda _: None,
    ) -> None:
        self._camera = camera
        self._backlog = backlog
        self._open_recording = open_recording
        self._clock = clock
        self._tell = tell
        self._failed = failed
        self._pulse = pulse
        self._pulsed_ns = 0
        self._written_ns = 0
        self._files: dict[ClipId, OpenRecording] = {}
        self._endings: dict[ClipId, _Ending] = {}
        self._dirty: set[ClipId] = set()
        self._synced_ns = 0
        self.thread = threading.Thread(target=self.run, name="writer", daemon=True)

    @property
    def written_ns(self) -> int | None:
        """Arrival of the newest packet the disk has of a recording under way; None while there is none."""
        return self._written_ns if self._files else None

    def run(self) -> None:
        """Work until the backlog ends, then let go of everything."""
        while (actions := self._backlog.take(_IDLE_S)) is not None:
            for action in actions:
                self._do(action)
            self._sync_if_due()
            self._backlog.done(actions)
            self._pulse_if_due()
        for ending in list(self._endings.values()):
            self._seal(ending.file, ending.close)
        for file in self._files.values():
            file.abandon()

    def _do(self, action: Action) -> None:
        clip_id = "" if isinstance(action, Gap) else action.clip_id
        try:
            match action:
                case OpenFile():
                    self._open(action)
                case WriteChunks():
                    self._write(action)
                case CloseFile():
                    self._close(action)
                case Gap():
                    pass
        except (VaultError, VigilarError, OSError) as err:
            self._give_up(clip_id, err)
        except Exception as err:  # noqa: BLE001  (the edge of this thread: other recordings go on)
            _LOG.exception("unexpected", extra={"camera": self._camera, "clip_id": clip_id})
            self._give_up(clip_id, err)

    def _open(self, action: OpenFile) -> None:
        try:
            self._files[action.clip_id] = self._open_recording(action)
        except BaseException:
            if action.follows is not None:
                self._end(action.follows)
            raise
        self._tell(
            ClipOpened(
                self._camera, action.clip_id, action.kind, action.trigger, action.start_ns, action.event_id
            )
        )

    def _write(self, action: WriteChunks) -> None:
        file = self._files.get(action.clip_id)
        if file is None:
            return  # given up earlier; the recorder has not heard of it yet
        if file.opened.follows in self._endings:
            self._hand_over(file.opened.follows, action.chunks[0])
        for chunk in action.chunks:
            file.write(chunk)
        self._written_ns = action.chunks[-1].last_ns
        self._dirty.add(action.clip_id)

    def _hand_over(self, predecessor: ClipId, first: Chunk) -> None:
        """The first chunk of a file may hold sound that belongs to the end of the one before."""
        ending = self._endings[predecessor]
        try:
            ending.file.write_early_sound(first)
        except (VaultError, MediaError) as err:
            _LOG.warning("the end of its sound is missing: %s", err, extra=self._about(predecessor))
        self._end(predecessor)

    def _close(self, action: CloseFile) -> None:
        file = self._files.pop(action.clip_id, None)
        if file is None:
            return
        self._dirty.discard(action.clip_id)
        if action.followed:
            self._endings[action.clip_id] = _Ending(file, action)
        else:
            self._seal(file, action)

    def _end(self, clip_id: ClipId) -> None:
        ending = self._endings.pop(clip_id, None)
        if ending is not None:
            self._seal(ending.file, ending.close)

    def _seal(self, file: OpenRecording, action: CloseFile) -> None:
        try:
            clip = file.seal(action.end_ns, action.event_ids)
        except (VaultError, MediaError) as err:
            _LOG.error(
                "it could not be sealed and is left for recovery: %s", err, extra=self._about(action.clip_id)
            )
            file.abandon()
            self._failed(action.clip_id, str(err))
            return
        self._tell(ClipSealed(clip, action.event_ids))

    def _sync_if_due(self) -> None:
        now = self._clock.monotonic_ns()
        if not self._dirty or now - self._synced_ns < _SYNC_EVERY_NS:
            return
        for clip_id in list(self._dirty):
            try:
                self._files[clip_id].sync()
            except (VaultError, OSError) as err:
                self._give_up(clip_id, err)
        self._dirty.clear()
        self._synced_ns = self._clock.monotonic_ns()

    def _pulse_if_due(self) -> None:
        now = self._clock.monotonic_ns()
        if now - self._pulsed_ns >= _PULSE_EVERY_NS:
            self._pulsed_ns = now
            self._pulse(self.written_ns)

    def _give_up(self, clip_id: ClipId, err: BaseException) -> None:
        """Abandon a file: what it holds on disk can be recovered."""
        _LOG.error("recording given up: %s", err, extra=self._about(clip_id))
        file = self._files.pop(clip_id, None)
        self._dirty.discard(clip_id)
        if file is not None:
            file.abandon()
        self._failed(clip_id, str(err))

    def _about(self, clip_id: ClipId) -> dict[str, str]:
        return {"camera": self._camera, "clip_id": clip_id}
