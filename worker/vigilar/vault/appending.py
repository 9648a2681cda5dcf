"""The journal, locked, for appending: finds its end, mends what a crash tore, chains the next entry."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vigilar.files.durable import DurableFiles
from vigilar.vault.entries import (
    CLOSING,
    ENTRY,
    HEADER,
    Entry,
    EntryKind,
    Reason,
    is_header,
    new_header,
    pack_entry,
    unpack_entry,
)
from vigilar.vault.final import NO_FILE, NO_TAG
from vigilar.vault.marks import MarkTable
from vigilar.vault.primitives import MAC_BYTES, mac, mac_holds, sha256
from vigilar.vault.wrapping import RecoveryPublic


class Appender:
    """The journal, locked. Knows its last good entry and appends after it."""

    __slots__ = (
        "_fd",
        "_files",
        "_key",
        "_last_mac",
        "_marks",
        "_now_us",
        "_path",
        "_sequence",
        "previous_tag",
    )

    def __init__(
        self,
        fd: int,
        path: Path,
        camera: str,
        key: bytes,
        *,
        files: DurableFiles,
        now_us: Callable[[], int],
        marks: MarkTable,
        recovery: RecoveryPublic | None,
    ) -> None:
        self._fd, self._path, self._key = fd, path, key
        self._files, self._now_us, self._marks = files, now_us, marks
        size = os.fstat(fd).st_size
        header = os.pread(fd, HEADER, 0)
        if is_header(header, camera):
            self._stand_at_start(header)
            self._find_end(size)
            return
        new = new_header(camera, key, recovery)
        self._stand_at_start(new)
        if size:
            self._begin_anew(new, size)
        else:
            files.pwrite(fd, new, 0)
            files.fdatasync(fd)
            files.fsync_dir(path.parent)

    def _stand_at_start(self, header: bytes) -> None:
        self._sequence, self._last_mac, self.previous_tag = 0, sha256(header), NO_TAG

    def append(
        self,
        kind: EntryKind,
        file_id: bytes,
        *,
        size: int = 0,
        tag: bytes = NO_TAG,
        other: bytes = NO_FILE,
        reason: Reason = Reason.NONE,
    ) -> None:
        """Append one entry and make it durable. Raises OSError."""
        entry = Entry(
            sequence=self._sequence,
            kind=kind,
            reason=reason,
            at_us=self._now_us(),
            file_id=file_id,
            size=size,
            tag=tag,
            other=other,
            previous_tag=tag if kind is EntryKind.SEALED else self.previous_tag,
        )
        body = pack_entry(entry)
        code = mac(self._key, self._last_mac, body)
        self._put(body + code, HEADER + self._sequence * ENTRY)
        self._sequence, self._last_mac, self.previous_tag = self._sequence + 1, code, entry.previous_tag
        if kind in CLOSING:
            self._marks.release(file_id)

    def _put(self, entry: bytes, at: int) -> None:
        """Write an entry and make it durable, or take it back: one that is in memory only breaks the chain.

        After a failed sync the kernel shows what it has dropped, and the next entry would be chained to it.
        """
        try:
            self._files.pwrite(self._fd, entry, at)
            self._files.fdatasync(self._fd)
        except OSError:
            with suppress(OSError):
                self._files.truncate(self._fd, at)
            raise

    def retain_marks(self, open_ids: set[bytes]) -> None:
        """Free the rows of recordings that are no longer open (a power cut may undo a release)."""
        for file_id in self._marks.read():
            if file_id not in open_ids:
                self._marks.release(file_id)

    def _begin_anew(self, header: bytes, size: int) -> None:
        """Put an unreadable journal aside and begin a new one, which says so: recording must go on."""
        self._put_aside()
        self._files.truncate(self._fd, 0)
        self._files.pwrite(self._fd, header, 0)
        self.append(EntryKind.REPAIRED, NO_FILE, size=size)

    def _put_aside(self) -> None:
        aside = self._path.with_name(f"{self._path.name}.unreadable-{self._now_us()}")
        self._files.write_atomic(aside, self._path.read_bytes())

    def _find_end(self, size: int) -> None:
        """Stand after the last good entry; cut what a crash left torn behind it, and say so in the chain."""
        count = (size - HEADER) // ENTRY
        good = count
        while good and not self._stand_after(good):
            good -= 1
        torn = size - HEADER - good * ENTRY
        if torn > ENTRY:
            # More than one append can tear: somebody changed it, or the journal key is another one.
            self._put_aside()
        if torn:
            self._files.truncate(self._fd, HEADER + good * ENTRY)
            self.append(EntryKind.REPAIRED, NO_FILE, size=torn)

    def _stand_after(self, count: int) -> bool:
        first = HEADER + (count - 1) * ENTRY
        raw = os.pread(self._fd, ENTRY, first)
        before = os.pread(self._fd, MAC_BYTES, first - MAC_BYTES) if count > 1 else self._last_mac
        entry = unpack_entry(raw)
        if (
            entry is None
            or entry.sequence != count - 1
            or not mac_holds(entry.mac, self._key, before, raw[:-MAC_BYTES])
        ):
            return False
        self._sequence, self._last_mac, self.previous_tag = count, entry.mac, entry.previous_tag
        return True
