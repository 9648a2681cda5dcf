"""What a crash left behind becomes sealed recordings, beside the running recording."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from vigilar.bus.messages import AnyMessage, ClipSealed
from vigilar.capture.recording_file import Shelf
from vigilar.domain.recording import (
    RecordingTail,
    UnreadableRecordingError,
    clip_of,
    decode_head,
    decode_tail,
    encode_tail,
)
from vigilar.vault.errors import VaultError
from vigilar.vault.recovery import Outcome, Recovered, recover_parts

_LOG = logging.getLogger(__name__)


class Recoverer:
    """Recovers in a thread of its own, so that recording begins at once. One run at a time."""

    def __init__(self, shelf: Shelf, tell: Callable[[AnyMessage], None]) -> None:
        self._shelf = shelf
        self._tell = tell
        self._thread: threading.Thread | None = None

    def start(self) -> bool:
        """Begin a run; return False when one is under way."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = threading.Thread(target=self.run, name="recovery", daemon=True)
        self._thread.start()
        return True

    def run(self) -> None:
        """Recover every torn recording of this camera that nobody is writing."""
        shelf = self._shelf
        try:
            fates = recover_parts(
                shelf.root,
                shelf.camera,
                keys=shelf.keys,
                files=shelf.files,
                journal=shelf.journal,
                tail_of=recovered_tail,
            )
            for fate in fates:
                self._report(fate)
        except (VaultError, OSError, UnreadableRecordingError) as err:
            _LOG.error("torn recordings could not be recovered: %s", err, extra={"camera": shelf.camera})
        except Exception:  # noqa: BLE001  (the edge of this thread: recording goes on without it)
            _LOG.exception("recovery failed unexpectedly", extra={"camera": shelf.camera})

    def _report(self, fate: Recovered) -> None:
        about = {"camera": self._shelf.camera, "clip_id": fate.part.name.partition(".")[0]}
        if fate.outcome is Outcome.LEFT or fate.reason:
            _LOG.warning("torn recording %s: %s", fate.outcome.value, fate.reason, extra=about)
        if fate.sealed is None:
            return
        _LOG.info("torn recording %s", fate.outcome.value, extra=about)
        tail = decode_tail(fate.tail)
        path = fate.sealed.path.relative_to(self._shelf.root).as_posix()
        clip = clip_of(
            decode_head(fate.meta), tail, path=path, size_bytes=fate.sealed.size, file_id=fate.sealed.file_id
        )
        self._tell(ClipSealed(clip, tail.event_ids))


def recovered_tail(meta: bytes, last_ms: int, torn_id: str) -> bytes:
    """Return the tail of a recording recovered from the file `torn_id`, whose footage lasts `last_ms`."""
    head = decode_head(meta)
    return encode_tail(
        RecordingTail(
            end=head.start + timedelta(milliseconds=last_ms),
            duration_s=last_ms / 1000,
            event_ids=(head.event_id,) if head.event_id else (),
            recovered_from=torn_id,
        )
    )
