"""The box is lost: the recovery key on paper, or a passphrase, opens everything that is left."""

import shutil
from pathlib import Path

import pytest

from vigilar.files.durable import DurableFiles
from vigilar.vault.audit import verify_camera
from vigilar.vault.errors import BadKeyError, WrongKeyError
from vigilar.vault.journal import CameraJournal
from vigilar.vault.reader import VaultReader
from vigilar.vault.rotation import rotate, set_passphrase
from vigilar.vault.wrapping import Passphrase, PassphrasePublic, RecoveryKey
from worker.vault.material import CAMERA, FRAGMENTS, Storage, content_of

_CHEAP_KIB = 64


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def _lose_the_box(storage: Storage) -> RecoveryKey:
    """Return the paper; the key directory is gone."""
    text = storage.keys.recovery_key().text
    storage.keys.confirm_recovery(DurableFiles())
    shutil.rmtree(storage.key_dir)
    return RecoveryKey.from_text(text)


def test_the_recovery_key_alone_opens_sealed_torn_recovered_and_rotated_recordings(storage: Storage) -> None:
    sealed = storage.record("sealed")
    storage.tear("recovered")
    storage.recover()
    rotated = storage.record("rotated", kind="segments")
    rotate(storage.root, storage.key_dir, storage.files)
    torn = storage.tear("torn")

    paper = _lose_the_box(storage)

    for path in (sealed.path, storage.path("recovered"), rotated.path, torn):
        assert content_of(path, paper) == b"".join(FRAGMENTS), path.name


def test_the_recovery_key_alone_proves_that_nothing_is_missing(storage: Storage) -> None:
    storage.record("one")
    gone = storage.record("two")
    paper = _lose_the_box(storage)
    journal = CameraJournal.open_with(storage.root, CAMERA, paper, DurableFiles())
    assert verify_camera(storage.root, CAMERA, paper, journal).is_fine

    gone.path.unlink()

    report = verify_camera(storage.root, CAMERA, paper, journal)
    assert report.problems == (f"recording {gone.file_id} was sealed, then removed without entry",)


def test_another_recovery_key_opens_nothing(storage: Storage) -> None:
    sealed = storage.record()
    other = RecoveryKey.generate()
    with pytest.raises(WrongKeyError):
        VaultReader.open(sealed.path, other)
    with pytest.raises(WrongKeyError):
        CameraJournal.open_with(storage.root, CAMERA, other, DurableFiles())


def test_a_passphrase_opens_new_recordings_and_after_a_rotation_the_earlier_ones(storage: Storage) -> None:
    earlier = storage.record("earlier")
    public = PassphrasePublic.of("correct horse battery", memory_kib=_CHEAP_KIB)
    set_passphrase(storage.key_dir, public, storage.files)
    new = storage.record("new")
    typed = Passphrase("correct horse battery")

    assert content_of(new.path, typed) == b"".join(FRAGMENTS)
    with pytest.raises(WrongKeyError):
        VaultReader.open(earlier.path, typed)
    rotate(storage.root, storage.key_dir, storage.files, new_key=False)
    assert content_of(earlier.path, typed) == b"".join(FRAGMENTS)


def test_a_removed_passphrase_opens_nothing_after_a_rotation(storage: Storage) -> None:
    public = PassphrasePublic.of("correct horse battery", memory_kib=_CHEAP_KIB)
    set_passphrase(storage.key_dir, public, storage.files)
    sealed = storage.record()
    set_passphrase(storage.key_dir, None, storage.files)
    rotate(storage.root, storage.key_dir, storage.files, new_key=False)

    with pytest.raises(WrongKeyError):
        VaultReader.open(sealed.path, Passphrase("correct horse battery"))


def test_a_wrong_passphrase_is_the_wrong_key(storage: Storage) -> None:
    set_passphrase(
        storage.key_dir, PassphrasePublic.of("correct horse battery", memory_kib=_CHEAP_KIB), storage.files
    )
    sealed = storage.record()
    with pytest.raises(WrongKeyError):
        VaultReader.open(sealed.path, Passphrase("incorrect horse battery"))


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(BadKeyError, match="12 characters"):
        PassphrasePublic.of("short")


def test_a_passphrase_is_costly_to_guess_by_default() -> None:
    made = PassphrasePublic.of("correct horse battery")
    assert made.memory_kib >= 64 * 1024
    assert made.iterations >= 3
