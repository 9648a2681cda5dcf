"""One recording being written: MP4 inside an encrypted file."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from vigilar.capture.actions import Name, OpenFile
from vigilar.capture.chunk import Chunk
from vigilar.capture.files import path_of
from vigilar.domain.camera import CameraId
from vigilar.domain.clip import Clip
from vigilar.domain.clock import boot_id
from vigilar.domain.recording import RecordingHead, RecordingTail, clip_of, encode_head, encode_tail
from vigilar.files.durable import DurableFiles
from vigilar.media.errors import MediaError
from vigilar.media.mp4 import Mp4Writer
from vigilar.media.packet import VIDEO_TICKS_PER_S, MediaPacket, PacketKind
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.writer import VaultWriter

_MILLISECOND: Final = 1_000_000


class Shelf:
    """Where a camera's recordings go and what is needed to write them."""

    def __init__(
        self, root: Path, camera: CameraId, *, keys: KeyRing, files: DurableFiles, journal: CameraJournal
    ) -> None:
        self.root = root
        self.camera = camera
        self.keys = keys
        self.files = files
        self.journal = journal


class RecordingFile:
    """An open recording, for one thread. Methods raise VaultError and MediaError; give it up then."""

    def __init__(self, shelf: Shelf, opened: OpenFile) -> None:
        """Create the file; its head is durable when this returns."""
        self.opened = opened
        self._shelf = shelf
        self._head = head_of(shelf.camera, opened)
        self._now_ns = opened.start_ns
        self._first: MediaPacket | None = None
        self._last: MediaPacket | None = None
        self._vault = VaultWriter.create(
            path_of(shelf.root, opened.kind, shelf.camera, Name(opened.clip_id, opened.start)),
            keys=shelf.keys,
            files=shelf.files,
            camera=shelf.camera,
            start=opened.start,
            meta=encode_head(self._head),
            journal=shelf.journal,
            elapsed_ms=self._elapsed_ms,
        )
        try:
            self._mux = Mp4Writer(self._vault, opened.info)
        except MediaError:
            self._vault.abandon()
            raise

    def write(self, chunk: Chunk) -> None:
        """Mux a chunk; fragments that are complete become records on disk."""
        mux = self._mux.mux
        for packet in chunk.packets:
            mux(packet)
        self._now_ns = chunk.last_ns
        self._note_pictures(chunk)
        self._vault.flush_record()

    def write_early_sound(self, chunk: Chunk) -> None:
        """Mux the sound that came after the next file's first picture but belongs before it."""
        mine, other = self.opened.info, chunk.info
        if (mine.audio_codec, mine.sample_rate) != (other.audio_codec, other.sample_rate):
            return
        starts_at = chunk.packets[0].pts * mine.sample_rate // VIDEO_TICKS_PER_S
        for packet in chunk.packets:
            if packet.kind is PacketKind.AUDIO and packet.pts < starts_at:
                self._mux.mux(packet)

    def sync(self) -> None:
        """Make what was written durable."""
        self._vault.sync()

    def seal(self, end_ns: int, event_ids: tuple[str, ...]) -> Clip:
        """Finish the MP4, seal the file, return its description."""
        self._mux.close()
        tail = RecordingTail(
            end=self.opened.start + timedelta(microseconds=(end_ns - self.opened.start_ns) / 1000),
            duration_s=self._duration_s(),
            event_ids=event_ids,
        )
        sealed = self._vault.seal(encode_tail(tail))
        path = sealed.path.relative_to(self._shelf.root).as_posix()
        return clip_of(self._head, tail, path=path, size_bytes=sealed.size, file_id=sealed.file_id)

    def abandon(self) -> None:
        """Let go; what is on disk stays for recovery. Never raises."""
        self._mux.abandon()
        self._vault.abandon()

    def _note_pictures(self, chunk: Chunk) -> None:
        if self._first is None:
            self._first = chunk.packets[0]
        for packet in reversed(chunk.packets):
            if packet.kind is PacketKind.VIDEO:
                self._last = packet
                return

    def _duration_s(self) -> float:
        if self._first is None or self._last is None:
            return 0.0
        ticks = self._last.dts + self._last.duration - self._first.dts
        return round(ticks / VIDEO_TICKS_PER_S, 3)

    def _elapsed_ms(self) -> int:
        return (self._now_ns - self.opened.start_ns) // _MILLISECOND


def head_of(camera: CameraId, opened: OpenFile) -> RecordingHead:
    """Return what the file says of itself from its first byte on."""
    moving_ns, info = opened.first_moving_ns, opened.info
    return RecordingHead(
        clip_id=opened.clip_id,
        camera=camera,
        kind=opened.kind,
        trigger=opened.trigger,
        start=opened.start,
        start_ns=opened.start_ns,
        boot_id=boot_id(),
        video_codec=info.video_codec,
        width=info.width,
        height=info.height,
        audio_codec=info.audio_codec,
        first_moving=None
        if moving_ns is None
        else opened.start + timedelta(microseconds=(moving_ns - opened.start_ns) / 1000),
        event_id=opened.event_id,
    )
