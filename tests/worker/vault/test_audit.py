"""Verification: what a file says, and what its camera's journal says about it."""

import os
import shutil
from pathlib import Path

import pytest

from vigilar.vault.audit import CameraReport, verify_camera
from vigilar.vault.journal import JournalHead
from vigilar.vault.verify import FileReport, FileStatus, verify_file
from vigilar.vault.wrapping import BoxKey
from worker.vault.material import CAMERA, FRAGMENTS, Storage, put


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def _audit(storage: Storage, head: JournalHead | None = None) -> CameraReport:
    return verify_camera(storage.root, CAMERA, storage.keys, storage.journal, expected_head=head)


def _one(storage: Storage, path: Path) -> FileReport:
    return verify_file(path, storage.keys, storage.journal.read())


def test_a_camera_with_all_its_recordings_is_fine(storage: Storage) -> None:
    storage.record("a")
    storage.record("b", kind="segments")
    report = _audit(storage)
    assert report.is_fine
    assert [file.status for file in report.files] == [FileStatus.SEALED] * 2
    assert report.files[0].records == len(FRAGMENTS)
    assert report.notes == ()


def test_a_recording_being_written_is_unfinished_and_explained(storage: Storage) -> None:
    writer = storage.begin()
    put(writer, FRAGMENTS)
    writer.sync()
    report = _one(storage, writer.part)
    assert (report.status, report.explained) == (FileStatus.UNFINISHED, True)
    assert report.reasons == ("it is being written",)
    assert _audit(storage).is_fine
    writer.abandon()


class TestTornByACrashOrCutBySomebody:
    """The journal's high-water mark tells them apart."""

    def test_what_was_never_durable_may_be_missing(self, storage: Storage) -> None:
        writer = storage.begin()
        put(writer, FRAGMENTS[:2])
        writer.sync()
        durable = writer.bytes_written
        put(writer, FRAGMENTS[2:])
        writer.abandon()
        os.truncate(writer.part, durable + 5)

        report = _one(storage, writer.part)

        assert (report.status, report.explained) == (FileStatus.UNFINISHED, True)
        assert report.reasons == ("torn by a crash, 5 bytes after the last fragment",)

    def test_what_was_durable_may_not(self, storage: Storage) -> None:
        part = storage.tear()
        data = part.read_bytes()
        found = []
        for size in range(12288, len(data)):
            part.write_bytes(data[:size])
            report = _one(storage, part)
            if report.status is FileStatus.BROKEN and "had been durable" in report.reasons[0]:
                found.append(size)
        assert found == list(range(12288, len(data)))

    def test_a_changed_byte_in_the_durable_part_is_found(self, storage: Storage) -> None:
        part = storage.tear()
        data = part.read_bytes()
        missed = []
        for at in range(12288, len(data)):
            part.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
            if _one(storage, part).status is not FileStatus.BROKEN:
                missed.append(at)
        assert missed == []

    def test_a_sealed_recording_cut_and_renamed_does_not_pass_for_torn(self, storage: Storage) -> None:
        sealed = storage.record()
        part = sealed.path.with_name("a.vge.part")
        sealed.path.rename(part)
        os.truncate(part, sealed.size - 40)
        report = _one(storage, part)
        assert report.status is FileStatus.BROKEN
        assert report.reasons == ("its end is missing: the journal says it was sealed",)

    def test_without_the_journal_nothing_is_claimed(self, storage: Storage) -> None:
        part = storage.tear()
        report = verify_file(part, storage.keys)
        assert (report.status, report.explained, report.is_fine) == (FileStatus.UNFINISHED, False, False)

    def test_without_its_mark_nothing_is_claimed(self, storage: Storage) -> None:
        part = storage.tear()
        (storage.root / "journal" / f"{CAMERA}.marks").unlink()
        report = _one(storage, part)
        assert (report.status, report.explained) == (FileStatus.UNFINISHED, False)

    def test_a_complete_file_that_only_lacks_its_rename_is_explained(self, storage: Storage) -> None:
        sealed = storage.record()
        part = sealed.path.with_name("a.vge.part")
        sealed.path.rename(part)
        report = _one(storage, part)
        assert (report.status, report.explained) == (FileStatus.UNFINISHED, True)


class TestTheSetOfFiles:
    """Nothing vanishes unnoticed."""

    @pytest.mark.parametrize("name", ["a", "b", "c"])
    def test_a_removed_recording_is_found(self, storage: Storage, name: str) -> None:
        sealed = {each: storage.record(each) for each in ("a", "b", "c")}
        sealed[name].path.unlink()
        report = _audit(storage)
        assert not report.is_fine
        removed = f"recording {sealed[name].file_id} was sealed, then removed without entry"
        assert removed in report.problems

    def test_a_removed_open_recording_is_found(self, storage: Storage) -> None:
        storage.tear().unlink()
        assert "was opened, then removed" in _audit(storage).problems[0]

    def test_a_journalled_deletion_is_fine(self, storage: Storage) -> None:
        storage.record("a")
        gone = storage.record("b")
        storage.record("c")
        storage.journal.deleted(gone.file_id)
        gone.path.unlink()
        assert _audit(storage).is_fine

    def test_a_deletion_cut_short_before_the_unlink_is_a_note(self, storage: Storage) -> None:
        sealed = storage.record()
        storage.journal.deleted(sealed.file_id)
        report = _audit(storage)
        assert report.is_fine
        assert report.notes == ("a.vge is there, though journalled as deleted",)

    def test_a_missing_journal_is_found(self, storage: Storage) -> None:
        storage.record()
        shutil.rmtree(storage.root / "journal")
        assert "no journal" in _audit(storage).problems[0]

    def test_a_journal_begun_anew_does_not_hide_a_removed_recording_from_the_next_ones_chain(
        self, storage: Storage
    ) -> None:
        storage.record("a")
        middle = storage.record("b")
        storage.record("c")
        shutil.rmtree(storage.root / "journal")
        middle.path.unlink()
        storage.record("d")
        assert "the recording sealed before c.vge is missing, and not journalled" in _audit(storage).problems

    def test_removing_the_newest_with_its_entries_shows_only_against_a_kept_head(
        self, storage: Storage
    ) -> None:
        storage.record("a")
        kept_raw = storage.journal.path.read_bytes()
        newest = storage.record("b")
        head = storage.journal.head()
        newest.path.unlink()
        storage.journal.path.write_bytes(kept_raw)

        assert _audit(storage).is_fine
        assert "does not reach the head" in _audit(storage, head).problems[0]

    def test_an_older_head_is_still_in_the_chain(self, storage: Storage) -> None:
        storage.record("a")
        head = storage.journal.head()
        storage.record("b")
        assert _audit(storage, head).is_fine

    def test_a_copy_under_another_name_is_found(self, storage: Storage) -> None:
        sealed = storage.record("a")
        shutil.copy(sealed.path, storage.path("b"))
        assert _audit(storage).problems == ("b.vge is a copy of a.vge",)

    def test_another_cameras_recording_is_found(self, storage: Storage) -> None:
        sealed = storage.record("a")
        garden = storage.root / "clips" / "garden" / "2026-11-21"
        garden.mkdir(parents=True)
        shutil.copy(sealed.path, garden / "a.vge")
        report = verify_camera(storage.root, "garden", storage.keys, None)
        assert f"a.vge is a recording of camera {CAMERA}" in report.problems

    def test_a_changed_journal_is_found(self, storage: Storage) -> None:
        storage.record("a")
        raw = bytearray(storage.journal.path.read_bytes())
        raw[300] ^= 1
        storage.journal.path.write_bytes(raw)
        assert any("journal entry 0" in problem for problem in _audit(storage).problems)

    def test_a_recording_put_back_after_its_deletion_is_a_note(self, storage: Storage) -> None:
        sealed = storage.record("a")
        saved = sealed.path.read_bytes()
        storage.journal.deleted(sealed.file_id)
        sealed.path.unlink()
        sealed.path.write_bytes(saved)
        assert _audit(storage).notes == ("a.vge is there, though journalled as deleted",)


def test_a_file_no_key_opens_is_broken_in_an_audit(storage: Storage) -> None:
    storage.record()
    report = verify_camera(storage.root, CAMERA, BoxKey.of(bytes(32)), storage.journal)
    assert [file.status for file in report.files] == [FileStatus.BROKEN]


def test_a_version_1_file_opens_but_proves_nothing(storage: Storage) -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    encryptor = Cipher(algorithms.AES(bytes(32)), modes.CTR(bytes(16))).encryptor()
    path = storage.root / "old.vge"
    path.write_bytes(bytes(16) + encryptor.update(b"\0\0\0\x18ftypisom and the rest"))
    report = verify_file(path, BoxKey.of(bytes(32)))
    assert (report.status, report.is_fine) == (FileStatus.UNPROVABLE, False)
