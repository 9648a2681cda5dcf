"""Where a file's records lie: from the index of a sealed file, or found by walking an unfinished one."""

import os
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from vigilar.vault.errors import DamagedError
from vigilar.vault.final import FOOTER, FinalRecord, u32s, unpack_final, unpack_footer
from vigilar.vault.primitives import TAG_BYTES
from vigilar.vault.records import LENGTH, MAX_FINAL, MAX_PLAIN, OVERHEAD, PREFIX, RecordCipher, split_word

_TAIL_READ: Final = 128 << 10


@dataclass(frozen=True, slots=True, repr=False)
class Layout:
    """The data records in order. `starts` has one more entry than there are records: the plaintext's size."""

    base: int
    words: array[int]
    times: array[int]
    starts: array[int]

    @classmethod
    def of(cls, base: int, words: array[int], times: array[int]) -> "Layout":
        """Make one; `base` is the first record's offset in the file."""
        return cls(base, words, times, array("Q", accumulate((word & LENGTH for word in words), initial=0)))

    @property
    def count(self) -> int:
        """How many records."""
        return len(self.words)

    @property
    def size(self) -> int:
        """Plaintext bytes."""
        return self.starts[-1]

    @property
    def end(self) -> int:
        """Offset in the file behind the last record."""
        return self.base + self.size + self.count * OVERHEAD

    def offset(self, index: int) -> int:
        """Offset in the file of record `index`."""
        return self.base + self.starts[index] + index * OVERHEAD

    def covering(self, position: int) -> int:
        """Index of the record that holds the plaintext byte `position` (< size)."""
        return bisect_right(self.starts, position) - 1

    def first(self, count: int) -> "Layout":
        """Return the layout of the first `count` records."""
        return Layout.of(self.base, self.words[:count], self.times[:count])


@dataclass(frozen=True, slots=True, repr=False)
class Ending:
    """A sealed file's end, authenticated."""

    final: FinalRecord
    layout: Layout
    tag: bytes


def read_record(fd: int, cipher: RecordCipher, layout: Layout, index: int) -> bytes:
    """Read and open one data record. Raises DamagedError."""
    word, time_ms = layout.words[index], layout.times[index]
    length = OVERHEAD + (word & LENGTH)
    raw = memoryview(os.pread(fd, length, layout.offset(index)))
    if len(raw) != length or PREFIX.unpack_from(raw) != (word, time_ms):
        raise DamagedError(f"record {index} is not what was written")
    return cipher.open(index, word, time_ms, raw[PREFIX.size :])


def read_ending(fd: int, cipher: RecordCipher, base: int) -> Ending | None:
    """Find the final record from the end of the file, without looking at the others.

    Returns None where there is none, raises DamagedError where there is one that does not hold.
    """
    size = os.fstat(fd).st_size
    tail_at = max(base, size - _TAIL_READ)
    tail = os.pread(fd, size - tail_at, tail_at)
    footer = unpack_footer(tail[-FOOTER.size :])
    if footer is None:
        return None
    offset, count = footer
    if not base <= offset <= size - FOOTER.size - OVERHEAD:
        raise DamagedError("the footer points outside the file")
    raw = tail[offset - tail_at :] if offset >= tail_at else os.pread(fd, size - offset, offset)
    word, time_ms = PREFIX.unpack_from(raw)
    length, is_final, _ = split_word(word)
    if not is_final or length > MAX_FINAL or len(raw) != OVERHEAD + length + FOOTER.size:
        raise DamagedError("the final record is not where the footer says")
    plain = cipher.open(count, word, time_ms, memoryview(raw)[PREFIX.size : -FOOTER.size])
    final = unpack_final(plain)
    layout = Layout.of(base, final.words, final.times)
    if layout.count != count or layout.size != final.size or layout.end != offset:
        raise DamagedError("the index does not fit the file")
    return Ending(final, layout, raw[OVERHEAD + length - TAG_BYTES : OVERHEAD + length])


def walk(fd: int, base: int) -> Layout:
    """Find the complete records of an unfinished file by their prefixes; nothing is authenticated yet."""
    size = os.fstat(fd).st_size
    words, times = u32s(), u32s()
    at = base
    while at + OVERHEAD <= size:
        word, time_ms = PREFIX.unpack(os.pread(fd, PREFIX.size, at))
        length, is_final, _ = split_word(word)
        if is_final or length > MAX_PLAIN or at + OVERHEAD + length > size:
            break
        words.append(word)
        times.append(time_ms)
        at += OVERHEAD + length
    return Layout.of(base, words, times)


def good_part(fd: int, cipher: RecordCipher, walked: Layout) -> Layout:
    """Cut `walked` after its last whole fragment that authenticates.

    A crash tears only the end, so only the end is looked at; records before it prove themselves when read.
    """
    count = walked.count
    while count:
        _, _, continues = split_word(walked.words[count - 1])
        if not continues and record_holds(fd, cipher, walked, count - 1):
            break
        count -= 1
    return walked.first(count)


def authentic_part(fd: int, cipher: RecordCipher, walked: Layout) -> Layout:
    """Cut `walked` before its first record that does not authenticate, and to whole fragments; reads all."""
    whole = 0
    for index in range(walked.count):
        if not record_holds(fd, cipher, walked, index):
            break
        _, _, continues = split_word(walked.words[index])
        if not continues:
            whole = index + 1
    return walked.first(whole)


def tag_of(fd: int, layout: Layout, index: int) -> bytes:
    """Return the authentication tag of record `index`."""
    return os.pread(
        fd, TAG_BYTES, layout.offset(index) + OVERHEAD - TAG_BYTES + (layout.words[index] & LENGTH)
    )


def record_holds(fd: int, cipher: RecordCipher, layout: Layout, index: int) -> bool:
    """Tell whether record `index` is what was written."""
    try:
        read_record(fd, cipher, layout, index)
    except DamagedError:
        return False
    return True
