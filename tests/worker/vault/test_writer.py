"""Writing a recording."""

import errno
import os
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.vault.errors import InUseError, UnsupportedError, WriteFailedError
from vigilar.vault.reader import RecordContent, VaultReader
from vigilar.vault.records import MAX_PLAIN
from worker.files.faults import FaultyFiles
from worker.vault.material import CAMERA, FRAGMENTS, START, Storage, content_of, put


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def test_a_sealed_recording_reads_back_with_all_it_says_of_itself(storage: Storage) -> None:
    sealed = storage.record(tail=b"what happened")

    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert reader.read(0, 1000) == b"".join(FRAGMENTS)
        assert (reader.camera, reader.start, reader.meta) == (CAMERA, START, b"head")
        assert (reader.tail, reader.sealed, reader.size) == (b"what happened", True, len(b"".join(FRAGMENTS)))
        assert (reader.file_id, reader.facts.final_tag) == (sealed.file_id, sealed.final_tag)
        assert reader.facts.duration_ms == 1500
    assert sealed.size == sealed.path.stat().st_size


def test_nothing_of_the_plaintext_reaches_the_disk(storage: Storage) -> None:
    secret = b"a face at the door, 0123456789" * 40
    storage.record(fragments=[secret, secret])

    written = b"".join(path.read_bytes() for path in storage.root.rglob("*") if path.is_file())
    assert secret[:16] not in written


def test_one_record_per_fragment_and_none_for_nothing(storage: Storage) -> None:
    writer = storage.begin()
    writer.flush_record()
    put(writer, [b"one", b"two"])
    writer.flush_record()
    sealed = writer.seal(b"")

    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert isinstance(reader.content, RecordContent)
        assert list(reader.content.layout.words) == [3, 3]


def test_a_fragment_over_a_mebibyte_is_split_and_reads_back_whole(storage: Storage) -> None:
    big = os.urandom(MAX_PLAIN * 2 + 5)
    sealed = storage.record(fragments=[b"first", big])

    with VaultReader.open(sealed.path, storage.keys) as reader:
        assert isinstance(reader.content, RecordContent)
        assert reader.content.layout.count == 4
        assert reader.read(0, reader.size) == b"first" + big


def test_an_open_recording_is_locked_and_named_part(storage: Storage) -> None:
    writer = storage.begin()
    with pytest.raises(InUseError):
        storage.begin()
    assert writer.part.name == "a.vge.part"
    writer.abandon()


def test_an_existing_recording_is_never_written_over(storage: Storage) -> None:
    sealed = storage.record()
    before = sealed.path.read_bytes()

    with pytest.raises(InUseError):
        storage.begin()
    assert sealed.path.read_bytes() == before


@given(data=st.data())
def test_what_the_muxer_rewrites_before_a_record_is_made_is_simply_rewritten(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    storage = _shared(tmp_path_factory)
    writer = storage.begin(f"r{os.urandom(6).hex()}")
    expected = bytearray()
    for _ in range(data.draw(st.integers(1, 5))):
        recorded = len(expected)
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(recorded, len(expected)))
            piece = data.draw(st.binary(min_size=1, max_size=30))
            writer.seek(at)
            writer.write(piece)
            expected[at : at + len(piece)] = piece
            assert writer.tell() == at + len(piece)
        writer.seek(0, os.SEEK_END)
        writer.flush_record()
    sealed = writer.seal(b"")

    assert content_of(sealed.path, storage.keys) == bytes(expected)


def test_the_patch_near_the_start_is_kept_and_laid_over(storage: Storage) -> None:
    writer = storage.begin()
    put(writer, [b"0123456789", b"abcdefghij"])
    writer.seek(8)
    writer.write(b"MDAT")
    sealed = writer.seal(b"")

    assert content_of(sealed.path, storage.keys) == b"01234567MDATcdefghij"


@pytest.mark.parametrize(
    ("offset", "length"), [(5000, 4), (4090, 8), (0, 65)], ids=["too far", "across the reach", "too long"]
)
def test_any_other_step_back_into_recorded_bytes_is_refused(
    storage: Storage, offset: int, length: int
) -> None:
    writer = storage.begin()
    put(writer, [bytes(9000)])
    writer.seek(offset)
    with pytest.raises(UnsupportedError):
        writer.write(bytes(length))
    writer.abandon()


def test_a_seek_beyond_the_end_is_refused(storage: Storage) -> None:
    writer = storage.begin()
    put(writer, [b"abc"])
    with pytest.raises(UnsupportedError):
        writer.seek(4)
    writer.abandon()


def test_sync_is_counted_and_marked_only_when_something_is_new(storage: Storage) -> None:
    writer = storage.begin()
    put(writer, [b"abc"])
    assert writer.durable_bytes < writer.bytes_written
    writer.sync()
    assert writer.durable_bytes == writer.bytes_written
    assert storage.journal.read().marks[bytes.fromhex(writer.file_id)] == writer.bytes_written
    writer.abandon()


def test_short_writes_change_nothing(storage: Storage) -> None:
    storage.files = FaultyFiles(chunk=7)
    sealed = storage.record()
    assert content_of(sealed.path, storage.keys) == b"".join(FRAGMENTS)


def test_a_writer_is_dead_after_the_disk_refused(storage: Storage) -> None:
    writer = storage.begin()
    storage.files = FaultyFiles(at=0, errno=errno.ENOSPC)
    writer._files = storage.files
    writer.write(b"abc")
    with pytest.raises(WriteFailedError, match=r"a\.vge\.part cannot be written"):
        writer.flush_record()
    with pytest.raises(WriteFailedError, match="closed"):
        writer.write(b"def")
    writer.abandon()


def _steps() -> int:
    """How many durable operations a whole recording takes."""
    storage = Storage(Path(mkdtemp(prefix="vault-test-")))
    storage.files = FaultyFiles()
    _whole(storage)
    return len(storage.files.seen)


def _whole(storage: Storage) -> None:
    writer = storage.begin("whole")
    try:
        put(writer, FRAGMENTS[:2])
        writer.sync()
        put(writer, FRAGMENTS[2:])
        writer.seal(b"tail")
    finally:
        writer.abandon()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("step", range(_steps()))
def test_each_operation_may_fail_and_what_was_synced_is_recovered(
    storage: Storage, step: int, code: int
) -> None:
    storage.files = FaultyFiles(at=step, errno=code)
    synced, errors = 0, []
    writer = None
    try:
        writer = storage.begin("whole")
        put(writer, FRAGMENTS[:2])
        writer.sync()
        synced = 2
        put(writer, FRAGMENTS[2:])
        writer.seal(b"tail")
    except WriteFailedError as err:
        errors.append(str(err))
    finally:
        if writer is not None:
            writer.abandon()
    storage.files = FaultyFiles()
    storage.recover()

    assert all("injected" in error and CAMERA in error for error in errors)
    path = storage.path("whole")
    content = content_of(path, storage.keys) if path.exists() else b""
    whole = b"".join(FRAGMENTS)
    assert whole.startswith(content)
    assert content.startswith(b"".join(FRAGMENTS[:synced]))
    assert not list(storage.root.rglob("*.part"))


_SHARED: dict[str, Storage] = {}


def _shared(factory: pytest.TempPathFactory) -> Storage:
    if "one" not in _SHARED:
        _SHARED["one"] = Storage(factory.mktemp("shared"))
    return _SHARED["one"]
