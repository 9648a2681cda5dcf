"""The journal of a camera."""

import os
import subprocess
import sys
from errno import EIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.files.durable import DurableFiles
from vigilar.vault.entries import ENTRY, HEADER, EntryKind, Reason
from vigilar.vault.errors import WriteFailedError
from vigilar.vault.journal import CameraJournal
from vigilar.vault.marks import ROWS, MarkTable
from worker.files.faults import FaultyFiles
from worker.vault.material import CAMERA, SAME_PATH, Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def _entries(storage: Storage, count: int) -> bytes:
    for number in range(count):
        storage.journal.append(EntryKind.SEALED, bytes([number]) * 16, size=number, tag=bytes([number]) * 16)
    return storage.journal.path.read_bytes()


def test_entries_come_back_in_order_with_what_they_say(storage: Storage) -> None:
    storage.journal.append(EntryKind.SEALED, b"a" * 16, size=5, tag=b"t" * 16)
    storage.journal.deleted((b"a" * 16).hex(), size=5, reason=Reason.PERSON)

    reading = storage.journal.read()

    assert (reading.exists, reading.problems) == (True, ())
    sealed, deleted = reading.entries
    assert (sealed.sequence, sealed.kind, sealed.tag, sealed.size) == (0, EntryKind.SEALED, b"t" * 16, 5)
    assert (deleted.sequence, deleted.kind, deleted.reason) == (1, EntryKind.DELETED, Reason.PERSON)
    assert deleted.previous_tag == b"t" * 16
    head = storage.journal.head()
    assert head is not None
    assert (head.sequence, head.mac) == (1, deleted.mac)


def test_a_camera_without_a_journal_has_an_empty_one(storage: Storage) -> None:
    reading = storage.journal.read()
    assert (reading.entries, reading.exists, storage.journal.head()) == ((), False, None)


def test_two_processes_may_append_at_once(storage: Storage) -> None:
    command = [sys.executable, "-c", _APPEND, str(storage.root)]
    started = [subprocess.Popen([*command, str(number)], env=SAME_PATH) for number in range(3)]
    for process in started:
        assert process.wait(60) == 0

    reading = storage.journal.read()
    assert reading.problems == ()
    assert [entry.sequence for entry in reading.entries] == list(range(90))
    for number in range(3):
        mine = [entry.size for entry in reading.entries if entry.file_id[0] == number]
        assert mine == list(range(30))
    assert all(entry.previous_tag == entry.tag for entry in reading.entries)


@given(data=st.data())
def test_any_changed_byte_of_the_journal_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    storage = Storage(tmp_path_factory.mktemp("journal"))
    raw = bytearray(_entries(storage, 4))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    storage.journal.path.write_bytes(raw)
    assert storage.journal.read().problems


@pytest.mark.parametrize("gone", range(3))
def test_a_removed_entry_is_found(storage: Storage, gone: int) -> None:
    raw = _entries(storage, 4)
    start = HEADER + gone * ENTRY
    storage.journal.path.write_bytes(raw[:start] + raw[start + ENTRY :])
    assert storage.journal.read().problems == (
        f"journal entry {gone} was changed, removed or put in another order",
    )


def test_another_cameras_journal_does_not_pass_for_this_ones(storage: Storage) -> None:
    raw = _entries(storage, 2)
    other = storage.root / "journal" / "garden.journal"
    other.write_bytes(raw)
    from vigilar.vault.journal import CameraJournal  # noqa: PLC0415

    garden = CameraJournal.open(storage.root, "garden", keys=storage.keys, files=storage.files)
    assert len(garden.read().problems) == 2


@pytest.mark.parametrize("torn", [1, 64, 127])
def test_an_append_that_a_crash_tore_is_cut_and_the_cut_is_noted(storage: Storage, torn: int) -> None:
    raw = _entries(storage, 3)
    storage.journal.path.write_bytes(raw + bytes(torn))

    storage.journal.append(EntryKind.DISCARDED, b"x" * 16)

    reading = storage.journal.read()
    assert reading.problems == ()
    kinds = [entry.kind for entry in reading.entries[3:]]
    assert kinds == [EntryKind.REPAIRED, EntryKind.DISCARDED]
    assert reading.entries[3].size == torn


@pytest.mark.parametrize("content", [b"x", b"not a journal" * 100])
def test_an_unreadable_journal_is_put_aside_and_recording_goes_on(storage: Storage, content: bytes) -> None:
    storage.journal.path.parent.mkdir()
    storage.journal.path.write_bytes(content)

    storage.record()

    reading = storage.journal.read()
    assert reading.problems == ()
    assert reading.entries[0].kind is EntryKind.REPAIRED
    (aside,) = storage.journal.path.parent.glob("*.unreadable-*")
    assert aside.read_bytes() == content


def test_a_journal_of_another_key_is_put_aside_whole(storage: Storage) -> None:
    raw = _entries(storage, 5)
    (storage.key_dir / "journal.key").write_bytes(os.urandom(32))
    other = Storage(storage.root)

    other.record()

    (aside,) = storage.journal.path.parent.glob("*.unreadable-*")
    assert aside.read_bytes() == raw
    assert other.journal.read().problems == ()


def test_only_the_newest_entries_can_be_read(storage: Storage) -> None:
    _entries(storage, 6)
    reading = storage.journal.read(newest=2)
    assert [entry.sequence for entry in reading.entries] == [4, 5]
    assert reading.problems == ()


class TestMarks:
    """High-water marks."""

    def table(self, path: Path) -> MarkTable:
        return MarkTable(path / "marks", b"k" * 32, FaultyFiles())

    def test_the_newest_mark_counts_and_a_released_one_is_gone(self, tmp_path: Path) -> None:
        table = self.table(tmp_path)
        mark = table.claim(b"a" * 16, 100)
        other = table.claim(b"b" * 16, 7)
        for durable in (200, 300, 400):
            mark.put(durable)
        assert table.read() == {b"a" * 16: 400, b"b" * 16: 7}
        table.release(b"a" * 16)
        assert table.read() == {b"b" * 16: 7}
        mark.close()
        other.close()

    def test_a_torn_mark_leaves_the_one_before(self, tmp_path: Path) -> None:
        table = self.table(tmp_path)
        mark = table.claim(b"a" * 16, 100)
        mark.put(200)
        mark.put(300)
        mark.close()
        raw = bytearray((tmp_path / "marks").read_bytes())
        newest = 0 if raw[24:32] == (300).to_bytes(8) else 64
        raw[newest + 30] ^= 1
        (tmp_path / "marks").write_bytes(raw)
        assert table.read() == {b"a" * 16: 200}

    def test_a_forged_mark_counts_for_nothing(self, tmp_path: Path) -> None:
        table = self.table(tmp_path)
        MarkTable(tmp_path / "marks", b"x" * 32, FaultyFiles()).claim(b"a" * 16, 100).close()
        assert table.read() == {}

    def test_a_full_table_still_takes_one_more(self, tmp_path: Path) -> None:
        table = self.table(tmp_path)
        for number in range(ROWS + 1):
            table.claim(number.to_bytes(16), number).close()
        assert len(table.read()) == ROWS
        assert table.read()[ROWS.to_bytes(16)] == ROWS


_APPEND = f"""
import sys
from pathlib import Path
from vigilar.files.durable import DurableFiles
from vigilar.vault.entries import EntryKind
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
root, number = Path(sys.argv[1]), int(sys.argv[2])
journal = CameraJournal.open(root, {CAMERA!r}, keys=KeyRing.load(root / "keys"), files=DurableFiles())
for step in range(30):
    tag = bytes([number + 1, step]) + bytes(14)
    journal.append(EntryKind.SEALED, bytes([number]) * 16, size=step, tag=tag)
"""


class _LyingDisk(DurableFiles):
    """Cannot sync; what it was given still shows."""

    def fdatasync(self, fd: int) -> None:
        raise OSError(EIO, "injected")


def test_an_entry_whose_sync_failed_is_taken_back(storage: Storage) -> None:
    storage.record()
    before = storage.journal.path.read_bytes()
    journal = CameraJournal.open(storage.root, CAMERA, keys=storage.keys, files=_LyingDisk())

    with pytest.raises(WriteFailedError):
        journal.deleted("ab" * 16)

    # Nothing stays that the kernel may have dropped and later entries would be chained to.
    assert storage.journal.path.read_bytes() == before
