"""Torn recordings after a crash."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.vault.audit import verify_camera
from vigilar.vault.entries import EntryKind
from vigilar.vault.errors import WriteFailedError
from vigilar.vault.reader import VaultReader
from vigilar.vault.recovery import Outcome
from vigilar.vault.verify import FileStatus, verify_file
from worker.files.faults import FaultyFiles, killed_at
from worker.vault.material import CAMERA, FRAGMENTS, START, Storage, content_of, put


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def _assert_tidy(storage: Storage) -> None:
    """No torn file is left, and every recording and the journal are as they should be."""
    assert not [path for path in storage.root.rglob("*") if path.suffix in {".part", ".salvage", ".tmp"}]
    report = verify_camera(storage.root, CAMERA, storage.keys, storage.journal)
    assert report.problems == ()
    assert all(file.status is FileStatus.SEALED for file in report.files)


def test_what_was_written_becomes_a_sealed_recording_that_names_its_source(storage: Storage) -> None:
    part = storage.tear()
    with VaultReader.open(part, storage.keys) as reader:
        torn_id = reader.file_id

    (fate,) = storage.recover()

    assert (fate.outcome, fate.part, fate.torn_id, fate.reason) == (Outcome.RECOVERED, part, torn_id, "")
    assert fate.sealed is not None
    with VaultReader.open(storage.path(), storage.keys) as reader:
        assert reader.read(0, 1000) == b"".join(FRAGMENTS)
        assert (reader.camera, reader.start, reader.meta) == (CAMERA, START, b"head")
        assert reader.tail == fate.tail == b"recovered:head:1500:" + torn_id.encode()
        assert reader.facts.final is not None
        assert reader.facts.final.salvaged_id.hex() == torn_id
        assert reader.file_id == fate.sealed.file_id != torn_id
    _assert_tidy(storage)


def test_recovering_twice_does_nothing_more(storage: Storage) -> None:
    storage.tear()
    storage.recover()
    before = storage.path().read_bytes()
    assert storage.recover() == []
    assert storage.path().read_bytes() == before


def test_a_recording_that_is_being_written_is_not_touched(storage: Storage) -> None:
    writer = storage.begin()
    put(writer, FRAGMENTS)
    assert storage.recover() == []
    assert content_of(writer.seal(b"").path, storage.keys) == b"".join(FRAGMENTS)
    _assert_tidy(storage)


def test_a_recording_without_content_is_removed(storage: Storage) -> None:
    part = storage.tear(fragments=[])
    (fate,) = storage.recover()
    assert fate.outcome is Outcome.DISCARDED
    assert not part.exists()
    _assert_tidy(storage)


@pytest.mark.parametrize("data", [b"", b"\x89VGE2", bytes(12288), bytes(20_000)])
def test_a_file_torn_before_its_header_was_durable_is_removed(storage: Storage, data: bytes) -> None:
    part = storage.path().with_name("a.vge.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(data)
    (fate,) = storage.recover()
    assert fate.outcome is Outcome.DISCARDED
    assert not part.exists()


def test_footage_that_cannot_be_opened_is_never_removed(storage: Storage) -> None:
    part = storage.tear(fragments=[os.urandom(20_000)])
    data = bytearray(part.read_bytes())
    data[20] ^= 1
    part.write_bytes(data)

    (fate,) = storage.recover()

    assert fate.outcome is Outcome.LEFT
    assert fate.reason
    assert part.read_bytes() == bytes(data)


def test_another_boxs_torn_recording_is_left_alone(storage: Storage, tmp_path: Path) -> None:
    other = Storage(tmp_path / "other").tear()
    storage.path().parent.mkdir(parents=True)
    other.rename(storage.path().with_name("a.vge.part"))
    (fate,) = storage.recover()
    assert fate.outcome is Outcome.LEFT
    assert "none of the keys" in fate.reason


def test_one_description_that_cannot_be_read_does_not_hold_up_the_others(storage: Storage) -> None:
    writer = storage.begin("a", meta=b"bad")
    put(writer, FRAGMENTS)
    writer.abandon()
    storage.tear("b")

    from vigilar.vault.recovery import recover_parts  # noqa: PLC0415
    from worker.vault.material import recovered_tail  # noqa: PLC0415

    def picky(meta: bytes, last_ms: int, torn_id: str) -> bytes:
        if meta == b"bad":
            raise LookupError("not a head")
        return recovered_tail(meta, last_ms, torn_id)

    fates = recover_parts(
        storage.root, CAMERA, keys=storage.keys, files=storage.files, journal=storage.journal, tail_of=picky
    )
    assert [fate.outcome for fate in fates] == [Outcome.LEFT, Outcome.RECOVERED]
    assert "not a head" in fates[0].reason


def test_a_complete_file_that_was_not_renamed_is_renamed_unchanged(storage: Storage) -> None:
    sealed = storage.record()
    data = sealed.path.read_bytes()
    part = sealed.path.with_name("a.vge.part")
    sealed.path.rename(part)

    (fate,) = storage.recover()

    assert fate.outcome is Outcome.COMPLETED
    assert fate.sealed == sealed
    assert (fate.meta, fate.tail) == (b"head", b"tail")
    assert storage.path().read_bytes() == data


@given(cut=st.integers(0, 200), garbage=st.binary(max_size=60))
def test_wherever_the_disk_stopped_all_whole_fragments_survive(
    tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes
) -> None:
    storage = Storage(tmp_path_factory.mktemp("cut"))
    part = storage.tear(synced=False)
    data = part.read_bytes()[: 12288 + cut]
    part.write_bytes(data + garbage)
    whole, room = b"", cut
    for fragment in FRAGMENTS:
        room -= len(fragment) + 24
        if room < 0:
            break
        whole += fragment

    (fate,) = storage.recover()

    if whole:
        assert content_of(storage.path(), storage.keys) == whole
    else:
        assert fate.outcome is Outcome.DISCARDED
    _assert_tidy(storage)


def test_a_recovery_that_finds_less_than_was_durable_says_so(storage: Storage) -> None:
    part = storage.tear()
    os.truncate(part, part.stat().st_size - 1)

    (fate,) = storage.recover()

    assert fate.outcome is Outcome.RECOVERED
    assert fate.reason == "25 bytes that were on disk before the crash are gone or changed"
    report = verify_camera(storage.root, CAMERA, storage.keys, storage.journal)
    assert report.problems == (
        f"recording {fate.torn_id} had lost durable bytes when it was recovered from a crash",
    )


def _steps() -> int:
    storage = Storage(Path(mkdtemp(prefix="vault-test-")))
    storage.tear("a")
    storage.tear("b", [])
    files = FaultyFiles()
    storage.recover(files)
    return len(files.seen)


@pytest.mark.parametrize("step", range(_steps()))
def test_a_recovery_killed_at_any_step_is_ended_by_the_next(storage: Storage, step: int) -> None:
    storage.tear("a")
    storage.tear("b", [])

    assert killed_at(step, storage.recover)
    storage.recover()

    assert content_of(storage.path("a"), storage.keys) == b"".join(FRAGMENTS)
    assert [path.name for path in storage.path().parent.iterdir()] == ["a.vge"]
    _assert_tidy(storage)


@pytest.mark.parametrize("step", range(_steps()))
def test_a_recovery_whose_disk_refuses_once_loses_nothing(storage: Storage, step: int) -> None:
    storage.tear("a")
    storage.tear("b", [])
    with suppress(WriteFailedError, OSError):
        storage.recover(FaultyFiles(at=step))
    storage.recover()
    assert content_of(storage.path("a"), storage.keys) == b"".join(FRAGMENTS)
    _assert_tidy(storage)


def _recording_steps() -> int:
    storage = Storage(Path(mkdtemp(prefix="vault-test-")))
    storage.record("earlier")
    storage.files = FaultyFiles()
    storage.record()
    return len(storage.files.seen)


@pytest.mark.parametrize("step", range(_recording_steps()))
def test_a_recording_killed_at_any_step_is_recovered_with_all_its_records(
    storage: Storage, step: int
) -> None:
    storage.record("earlier")
    written = storage.root / "written"
    written.write_bytes(b"")

    def record(files: FaultyFiles) -> None:
        storage.files = files
        writer = storage.begin("killed")
        for fragment in FRAGMENTS:
            writer.write(fragment)
            writer.flush_record()
            with written.open("ab") as file:
                file.write(fragment)
        writer.seal(b"tail")

    assert killed_at(step, record)
    storage.recover()
    storage.record("later")

    path = storage.path("killed")
    assert (content_of(path, storage.keys) if path.exists() else b"") == written.read_bytes()
    _assert_tidy(storage)


def test_a_recording_sealed_without_its_entry_gets_it_at_the_next_start(storage: Storage) -> None:
    sealed = storage.record()
    # Given the journal as it was before the last entry
    path = storage.journal.path
    os.truncate(path, path.stat().st_size - 128)

    storage.recover()

    entries = storage.journal.read().entries
    assert [entry.kind for entry in entries] == [EntryKind.OPENED, EntryKind.SEALED]
    assert entries[-1].tag == sealed.final_tag
    assert verify_file(sealed.path, storage.keys).status is FileStatus.SEALED
