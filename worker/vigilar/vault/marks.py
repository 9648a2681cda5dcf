"""High-water marks: for each recording of a camera that is being written, how many of its bytes are durable.

A small table beside the journal: 64 rows of two copies, 64 bytes each, written in turn so that a torn write
spoils one. A row is claimed when the recording opens, so a torn recording without a mark has had it taken
away.
"""

import os
import struct
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.vault.primitives import MAC_BYTES, mac, mac_holds

ROWS: Final = 64
_BODY: Final = struct.Struct(">16sQQ")
_CELL: Final = _BODY.size + MAC_BYTES
_ROW: Final = 2 * _CELL
_LABEL: Final = b"mark"


class Mark:
    """One recording's row. `generation` decides which copy is written next."""

    __slots__ = ("_fd", "_file_id", "_files", "_generation", "_key", "_row")

    def __init__(self, fd: int, row: int, file_id: bytes, key: bytes, files: DurableFiles) -> None:
        self._fd, self._row, self._file_id, self._key, self._files = fd, row, file_id, key, files
        self._generation = 0

    def put(self, durable_bytes: int) -> None:
        """Note that the recording's first `durable_bytes` are on disk; call it after their sync.

        Not synced itself: a mark that a power cut takes back claims less, never more. Raises OSError.
        """
        self._generation += 1
        body = _BODY.pack(self._file_id, self._generation, durable_bytes)
        offset = self._row * _ROW + (self._generation % 2) * _CELL
        self._files.pwrite(self._fd, body + mac(self._key, _LABEL, body), offset)

    def close(self) -> None:
        """Let go of the table; the row stays."""
        os.close(self._fd)


class MarkTable:
    """The table of one camera. `claim` and `release` are called with the journal's lock held."""

    __slots__ = ("_files", "_key", "_path")

    def __init__(self, path: Path, key: bytes, files: DurableFiles) -> None:
        self._path, self._key, self._files = path, key, files

    def claim(self, file_id: bytes, durable_bytes: int) -> Mark:
        """Give a recording a row and make its first mark durable. Raises OSError."""
        is_new = not self._path.exists()
        fd = self._files.open_or_create(self._path)
        try:
            mark = Mark(fd, self._free_row(), file_id, self._key, self._files)
            # Both copies, so that the row has its place on a disk that fills up.
            mark.put(durable_bytes)
            mark.put(durable_bytes)
            self._files.fdatasync(fd)
            if is_new:
                self._files.fsync_dir(self._path.parent)
        except OSError:
            os.close(fd)
            raise
        return mark

    def release(self, file_id: bytes) -> None:
        """Free the row of a recording that is closed in the journal. Raises OSError."""
        rows = [row for row, (owner, _) in self._owners().items() if owner == file_id]
        if not rows:
            return
        fd = self._files.open_or_create(self._path)
        try:
            for row in rows:
                self._files.pwrite(fd, bytes(_ROW), row * _ROW)
        finally:
            os.close(fd)

    def read(self) -> dict[bytes, int]:
        """Return file id → durable bytes."""
        return dict(self._owners().values())

    def _free_row(self) -> int:
        owners = self._owners()
        for row in range(ROWS):
            if row not in owners:
                return row
        # Rows leak only where a power cut undoes a release: the one that claims most is the oldest story.
        return max(owners, key=lambda row: owners[row][1])

    def _owners(self) -> dict[int, tuple[bytes, int]]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        owners: dict[int, tuple[bytes, int]] = {}
        for at in range(0, min(len(data), ROWS * _ROW) - _CELL + 1, _CELL):
            body, code = data[at : at + _BODY.size], data[at + _BODY.size : at + _CELL]
            if not mac_holds(code, self._key, _LABEL, body):
                continue
            file_id, _, durable = _BODY.unpack(body)
            row = at // _ROW
            held = owners.get(row)
            owners[row] = (file_id, max(durable, held[1]) if held and held[0] == file_id else durable)
        return owners
