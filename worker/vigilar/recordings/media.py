"""A recording's plaintext, read in pieces off the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from datetime import datetime
from typing import Final

from vigilar.domain.clip import Clip
from vigilar.domain.errors import InvalidRequestError, NotFoundError, UnavailableError
from vigilar.recordings.archive import Archive
from vigilar.vault.errors import VaultError
from vigilar.vault.reader import VaultReader

CHUNK: Final = 256 << 10


class RecordingMedia:
    """Implements `ClipMedia` for one request."""

    def __init__(self, clip: Clip, reader: VaultReader, pool: Executor) -> None:
        self.size = reader.size
        self.etag = f'"{reader.file_id}"'
        self.mime = "video/mp4"
        self.last_modified: datetime = clip.end
        self._clip = clip
        self._reader: VaultReader | None = reader
        self._pool = pool
        # A request that is cancelled leaves its read running in the pool: the file is closed after that read.
        self._lock = threading.Lock()

    async def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        """Yield the plaintext [start, start + length), cut at the end; decrypts only the covering records.

        Raises InvalidRequestError for a negative range, UnavailableError when the file is damaged there.
        """
        if start < 0 or length < 0:
            raise InvalidRequestError("a range begins at 0 or later and is not negative")
        loop = asyncio.get_running_loop()
        position, end = start, min(start + length, self.size)
        while position < end:
            # Pieces end at multiples of the piece, so that a record is seldom asked for twice.
            stop = min(end, position - position % CHUNK + CHUNK)
            piece = await loop.run_in_executor(self._pool, self._read, position, stop - position)
            if not piece:
                return
            yield piece
            position += len(piece)

    async def close(self) -> None:
        """Let go of the file. Doing it twice is fine."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._close)

    def _read(self, start: int, length: int) -> bytes:
        with self._lock:
            if self._reader is None:
                return b""
            try:
                return self._reader.read(start, length)
            except VaultError as err:
                raise UnavailableError(f"recording {self._clip.id} is damaged: {err}") from err

    def _close(self) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.close()
                self._reader = None


def open_media(clip: Clip, archive: Archive) -> RecordingMedia:
    """Open a sealed recording. Blocks. Raises NotFoundError (no file), UnavailableError (damaged, no key)."""
    path = archive.places.file_of(clip.path)
    if not path.exists():
        raise NotFoundError(f"the file of recording {clip.id} is gone")
    try:
        reader = VaultReader.open(path, archive.keys, unfinished=False)
    except VaultError as err:
        raise UnavailableError(f"recording {clip.id} cannot be opened: {err}") from err
    return RecordingMedia(clip, reader, archive.pool)
