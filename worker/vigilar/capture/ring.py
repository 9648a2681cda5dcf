"""The newest footage, compressed, in memory: where pre-roll comes from."""

from collections import deque
from typing import Final

from vigilar.capture.chunk import Chunk
from vigilar.media.packet import VIDEO_TICKS_PER_S

_SECOND: Final = 1_000_000_000
DEFAULT_CAP_BYTES: Final = 64 << 20


class Ring:
    """Holds at least `reach_s` + 2 key intervals + 1 s of one session, in whole groups of pictures.

    Where movement may be told later than those two intervals and a second, `late_s` takes their place.
    Over `cap_bytes` the oldest groups go, whatever their age. Begins with a key frame or is empty. Not
    thread-safe.
    """

    def __init__(self, reach_s: float, *, late_s: float = 0.0, cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        self._reach_ns = int(reach_s * _SECOND)
        self._late_ns = int(late_s * _SECOND)
        self._cap = cap_bytes
        self._chunks: deque[Chunk] = deque()
        self._keys: deque[Chunk] = deque()
        self.bytes = 0
        self.key_interval_ns = 0

    def __len__(self) -> int:
        return len(self._chunks)

    @property
    def seconds(self) -> float:
        """How much footage it holds."""
        return (self._chunks[-1].last_ns - self._chunks[0].first_ns) / _SECOND if self._chunks else 0.0

    def append(self, chunk: Chunk) -> None:
        """Take the next chunk; a new session starts the ring anew."""
        if self._chunks and self._chunks[-1].session != chunk.session:
            self.clear()
        if chunk.key:
            if self._keys:
                self.key_interval_ns = (chunk.dts - self._keys[-1].dts) * _SECOND // VIDEO_TICKS_PER_S
            self._keys.append(chunk)
        elif not self._keys:
            return
        self._chunks.append(chunk)
        self.bytes += chunk.size
        self._trim(chunk.last_ns)

    def since(self, at_ns: int) -> list[Chunk]:
        """Return the chunks from the last key frame that came at or before `at_ns` (else the oldest)."""
        start = self._keys[0] if self._keys else None
        for key in reversed(self._keys):
            if key.first_ns <= at_ns:
                start = key
                break
        return self._from(start)

    def last_group(self) -> list[Chunk]:
        """Return the chunks from the newest key frame on."""
        return self._from(self._keys[-1] if self._keys else None)

    def newest_key(self) -> Chunk | None:
        """Return the chunk that begins with the newest key frame."""
        return self._keys[-1] if self._keys else None

    def clear(self) -> None:
        """Forget all footage."""
        self._chunks.clear()
        self._keys.clear()
        self.bytes = 0
        self.key_interval_ns = 0

    def _from(self, start: Chunk | None) -> list[Chunk]:
        found: list[Chunk] = []
        if start is None:
            return found
        for chunk in reversed(self._chunks):
            found.append(chunk)
            if chunk is start:
                break
        found.reverse()
        return found

    def _trim(self, newest_ns: int) -> None:
        keep_from = newest_ns - self._reach_ns - max(_SECOND + 2 * self.key_interval_ns, self._late_ns)
        while len(self._keys) > 1 and (self._keys[1].first_ns <= keep_from or self.bytes > self._cap):
            self._drop_group()
        if self.bytes > self._cap:
            # One endless group of pictures: what is left of it could not be played without its beginning.
            self.clear()

    def _drop_group(self) -> None:
        self._keys.popleft()
        following = self._keys[0]
        while self._chunks[0] is not following:
            self.bytes -= self._chunks.popleft().size
