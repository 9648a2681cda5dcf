"""Does what the recorder decides, in memory, and holds it to what must be true of any sequence of actions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from vigilar.capture.actions import Action, CloseFile, Gap, Name, OpenFile, WriteChunks
from vigilar.capture.chunk import Chunk
from vigilar.domain.clip import ClipId, ClipKind, clip_id
from worker.capture.footage import SECOND


@dataclass
class File:
    """A file as the writer would have made it."""

    opened: OpenFile
    chunks: list[Chunk] = field(default_factory=list)
    closed: CloseFile | None = None


class Shelf:
    """All files of a recorder, in order of opening."""

    def __init__(self) -> None:
        self.files: dict[ClipId, File] = {}
        self.gaps: list[Gap] = []
        self._named = 0

    def name(self, start_ns: int) -> Name:
        self._named += 1
        start = datetime.fromtimestamp(start_ns // SECOND, UTC)
        return Name(clip_id("door", start, self._named), start)

    def open_ids(self, kind: ClipKind | None = None) -> list[ClipId]:
        return [
            clip_id
            for clip_id, file in self.files.items()
            if file.closed is None and kind in {None, file.opened.kind}
        ]

    def of_kind(self, kind: ClipKind) -> list[File]:
        return [file for file in self.files.values() if file.opened.kind is kind]

    def lose(self, clip_id: ClipId) -> None:
        """The disk refused this file."""
        self.files[clip_id].closed = CloseFile(clip_id, 0)

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case OpenFile():
                    self._open(action)
                case WriteChunks():
                    self._write(action)
                case CloseFile():
                    self._close(action)
                case Gap():
                    assert action.end_ns > action.start_ns
                    self.gaps.append(action)
        for kind in ClipKind:
            assert len(self.open_ids(kind)) <= 1, f"two {kind}s are written at once"

    def _open(self, action: OpenFile) -> None:
        assert action.clip_id not in self.files
        if action.follows is not None:
            before = self.files[action.follows]
            assert before.closed is not None
            assert before.closed.followed
        self.files[action.clip_id] = File(action)

    def _write(self, action: WriteChunks) -> None:
        file = self.files[action.clip_id]
        assert file.closed is None, "a sealed file was written to"
        for chunk in action.chunks:
            self._fits(file, chunk)
            file.chunks.append(chunk)

    def _fits(self, file: File, chunk: Chunk) -> None:
        assert chunk.info == file.opened.info, "two codecs in one file"
        if file.chunks:
            last = file.chunks[-1]
            assert chunk.session == last.session, "two timelines in one file"
            assert chunk.packets[0].dts > last.packets[0].dts, "footage doubled"
            assert chunk.first_ns - last.last_ns < SECOND // 4, "footage lost"
            return
        assert chunk.key, "a file begins without a key frame"
        assert chunk.first_ns == file.opened.start_ns
        if file.opened.follows is not None:
            before = self.files[file.opened.follows].chunks[-1]
            assert 0 < chunk.first_ns - before.last_ns < SECOND // 4, "a rotation lost or doubled footage"

    def _close(self, action: CloseFile) -> None:
        file = self.files[action.clip_id]
        assert file.closed is None
        assert file.chunks, "an empty file was sealed"
        assert action.end_ns == file.chunks[-1].last_ns
        file.closed = action
