"""A sealed file that is no recording (a backup): the same container, with no camera, journal or marks.

Everything is known before it is written: no muxer, no patches, no part to be recovered after a crash. A part
that a kill leaves behind is of no use and may be removed once nobody holds its lock.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from vigilar.files.durable import DurableFiles
from vigilar.vault.beginning import NewFile, begin_file, create_locked
from vigilar.vault.errors import InUseError, UnsupportedError
from vigilar.vault.final import FinalRecord, pack_final, pack_footer, u32s
from vigilar.vault.keys import KeyRing
from vigilar.vault.records import FINAL, MAX_FINAL, MAX_PLAIN, MAX_RECORDS, OVERHEAD, RecordCipher
from vigilar.vault.writer import PART, sum_lengths

NO_CAMERA: Final = ""
_SYNC_EVERY: Final = 8 << 20
"""Bytes: one large sync at the end would hold up whoever records to the same disk."""


def seal_parcel(
    path: Path,
    pieces: Iterable[bytes],
    *,
    keys: KeyRing,
    files: DurableFiles,
    start: datetime,
    meta: bytes,
    tail: bytes,
) -> int:
    """Write `pieces` (each at most 1 MiB) as one sealed file, durable under `path`; return its bytes.

    `meta` stands in the clear but authenticated, `tail` is encrypted. Killed at any moment, the file is there
    completely or not at all. Raises InUseError where `path` exists, UnsupportedError, OSError, and whatever
    `pieces` raises: then nothing is left behind.
    """
    if path.exists():
        raise InUseError(f"{path} exists already")
    with keys.holding():
        begun = begin_file(NewFile(), keys, NO_CAMERA, start, meta)
    part = path.with_name(path.name + PART)
    fd = create_locked(part, files)
    try:
        files.write(fd, begun.block)
        size = _Records(fd, len(begun.block), begun.cipher, files).put_all(pieces, tail)
        files.fdatasync(fd)
        files.replace(part, path)
    except Exception:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    return size


class _Records:
    """The records of one file, written one after the other from `base` on."""

    __slots__ = ("_at", "_cipher", "_fd", "_files", "_out", "_synced", "_times", "_words")

    def __init__(self, fd: int, base: int, cipher: RecordCipher, files: DurableFiles) -> None:
        self._fd, self._cipher, self._files = fd, cipher, files
        self._at = self._synced = base
        self._words, self._times = u32s(), u32s()
        self._out = bytearray(OVERHEAD + MAX_PLAIN)

    def put_all(self, pieces: Iterable[bytes], tail: bytes) -> int:
        """Write all records, the final one and the footer; return the file's size."""
        for piece in pieces:
            if len(piece) > MAX_PLAIN or len(self._words) >= MAX_RECORDS:
                raise UnsupportedError("too much for one file")
            self._put(piece, len(piece))
            self._words.append(len(piece))
            self._times.append(0)
        final = pack_final(
            FinalRecord(size=sum_lengths(self._words), words=self._words, times=self._times, tail=tail)
        )
        if len(final) > MAX_FINAL:
            raise UnsupportedError("too much for one file")
        self._put(final, FINAL | len(final), pack_footer(self._at, len(self._words)))
        return self._at

    def _put(self, plain: bytes, word: int, footer: bytes = b"") -> None:
        if len(self._out) < OVERHEAD + len(plain):
            self._out = bytearray(OVERHEAD + len(plain))
        out = memoryview(self._out)
        size = self._cipher.seal_into(len(self._words), word, 0, plain, out)
        self._files.write(self._fd, out[:size], footer)
        self._at += size + len(footer)
        if self._at - self._synced >= _SYNC_EVERY:
            self._files.fdatasync(self._fd)
            self._synced = self._at
