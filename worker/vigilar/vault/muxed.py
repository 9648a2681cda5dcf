"""What the muxer wrote and no record holds yet, and where the muxer stands.

FFmpeg's `hybrid_fragmented` appends, except once: on close it rewrites a few bytes near the start. Recorded
bytes are never rewritten: such a write becomes a patch for the final record. Any other step back is an
error.
"""

import os
from collections.abc import Buffer
from typing import Final

from vigilar.vault.errors import UnsupportedError
from vigilar.vault.final import MAX_PATCH_BYTES, MAX_PATCHES, Patch

PATCH_REACH: Final = 4096


class MuxedBytes:
    """A growing file of which only the end is still in memory."""

    __slots__ = ("_chunks", "_pending", "_position", "_recorded", "patches")

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._pending = 0
        self._recorded = 0
        self._position = 0
        self.patches: list[Patch] = []

    @property
    def pending(self) -> int:
        """Bytes not yet taken."""
        return self._pending

    @property
    def size(self) -> int:
        """Bytes written in all."""
        return self._recorded + self._pending

    def tell(self) -> int:
        """Return where the next write goes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; beyond the end is an error. Raises UnsupportedError."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if not 0 <= base + offset <= self.size:
            raise UnsupportedError(f"the muxer moved to {base + offset} in a recording of {self.size} bytes")
        self._position = base + offset
        return self._position

    def write(self, data: Buffer) -> int:
        """Take what the muxer wrote at its position. Raises UnsupportedError if that cannot be kept."""
        chunk = bytes(data)
        if self._position == self.size:
            self._chunks.append(chunk)
            self._pending += len(chunk)
        elif self._position >= self._recorded:
            self._overwrite(chunk)
        else:
            self._patch(chunk)
        self._position += len(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """Return what is pending and forget it."""
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._pending = 0
        self._recorded += len(data)
        return data

    def _overwrite(self, chunk: bytes) -> None:
        whole = bytearray(b"".join(self._chunks))
        at = self._position - self._recorded
        whole[at : at + len(chunk)] = chunk
        self._chunks = [bytes(whole)]
        self._pending = len(whole)

    def _patch(self, chunk: bytes) -> None:
        end = self._position + len(chunk)
        total = sum(len(patch.data) for patch in self.patches) + len(chunk)
        fits = end <= min(self._recorded, PATCH_REACH) and total <= MAX_PATCH_BYTES
        if not fits or len(self.patches) >= MAX_PATCHES:
            raise UnsupportedError(
                f"the muxer rewrote {len(chunk)} bytes at {self._position}, which were recorded"
            )
        self.patches.append(Patch(self._position, chunk))
