"""Changing the box's key."""

import os
import threading
from pathlib import Path
from tempfile import mkdtemp

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import InUseError, WrongKeyError
from vigilar.vault.keys import KeyRing
from vigilar.vault.reader import VaultReader
from vigilar.vault.rotation import rotate
from vigilar.vault.verify import FileStatus, verify_file
from vigilar.vault.wrapping import BoxKey
from worker.files.faults import FaultyFiles, killed_at
from worker.vault.material import FRAGMENTS, Storage, content_of, put

WHOLE = b"".join(FRAGMENTS)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def _filled(storage: Storage) -> list[Path]:
    return [storage.record("a").path, storage.record("b", kind="segments").path, storage.tear("torn")]


def test_after_a_rotation_only_the_new_key_opens_all_and_the_old_one_is_gone(storage: Storage) -> None:
    paths = _filled(storage)
    old = storage.keys.current

    report = rotate(storage.root, storage.key_dir, storage.files)

    assert (report.written, report.failed, report.retired) == (3, {}, 0)
    new = KeyRing.load(storage.key_dir)
    assert new.current != old
    assert not list((storage.key_dir / "retired").iterdir())
    for path in paths:
        assert content_of(path, new) == WHOLE
        with pytest.raises(WrongKeyError):
            VaultReader.open(path, old)


def test_a_rotation_changes_nothing_but_the_slots(storage: Storage) -> None:
    path = storage.record(fragments=[os.urandom(5000)]).path
    before = path.read_bytes()
    rotate(storage.root, storage.key_dir, storage.files)
    after = path.read_bytes()
    changed = [at for at, (left, right) in enumerate(zip(before, after, strict=True)) if left != right]
    assert 4096 <= min(changed) <= max(changed) < 12288
    assert verify_file(path, KeyRing.load(storage.key_dir)).status is FileStatus.SEALED


def test_processes_that_hold_the_old_ring_go_on(storage: Storage) -> None:
    # Given a reader and a recorder that loaded their keys before
    earlier = storage.record("a")
    ring = KeyRing.load(storage.key_dir)
    writer = storage.begin("open")
    put(writer, FRAGMENTS)

    rotate(storage.root, storage.key_dir, storage.files)

    assert content_of(earlier.path, ring) == WHOLE
    open_one = writer.seal(b"")
    new_one = storage.record("new")
    for sealed in (open_one, new_one):
        assert content_of(sealed.path, KeyRing.load(storage.key_dir)) == WHOLE


def test_recordings_made_during_rotations_all_open_afterwards(storage: Storage) -> None:
    made: list[Path] = []
    stop = threading.Event()

    def record() -> None:
        while not stop.is_set():
            made.append(storage.record(f"n{len(made)}").path)

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        for _ in range(6):
            rotate(storage.root, storage.key_dir, DurableFiles())
    finally:
        stop.set()
        recorder.join()

    rotate(storage.root, storage.key_dir, DurableFiles())
    keys = KeyRing.load(storage.key_dir)
    assert keys.retired == ()
    assert made
    assert [path.name for path in made if content_of(path, keys) != WHOLE] == []


def test_the_recovery_secret_survives_a_rotation(storage: Storage) -> None:
    secret = storage.keys.recovery_key()
    rotate(storage.root, storage.key_dir, storage.files)
    assert KeyRing.load(storage.key_dir).recovery_key().secret == secret.secret


def test_the_journal_survives_a_rotation(storage: Storage) -> None:
    storage.record("a")
    rotate(storage.root, storage.key_dir, storage.files)
    after = Storage(storage.root)
    after.record("b")
    reading = after.journal.read()
    assert (len(reading.entries), reading.problems) == (4, ())


def test_two_rotations_do_not_run_at_once(storage: Storage) -> None:
    fd = os.open(storage.key_dir / ".rotating", os.O_RDWR | os.O_CREAT, 0o600)
    DurableFiles().lock(fd)
    with pytest.raises(InUseError, match="another rotation"):
        rotate(storage.root, storage.key_dir, storage.files)
    os.close(fd)


def test_a_version_1_file_keeps_its_key_alive(storage: Storage) -> None:
    key = storage.keys.current.secret
    plain = b"\0\0\0\x18ftypisom-old-footage"
    encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
    path = storage.root / "old.vge"
    path.write_bytes(bytes(16) + encryptor.update(plain))

    report = rotate(storage.root, storage.key_dir, storage.files)

    assert (report.legacy, report.retired) == (1, 1)
    assert content_of(path, KeyRing.load(storage.key_dir)) == plain
    path.unlink()
    assert rotate(storage.root, storage.key_dir, storage.files, new_key=False).retired == 0


def test_a_key_kept_for_version_1_files_stays(storage: Storage) -> None:
    plain = b"\0\0\0\x18ftypisom-old-footage"
    encryptor = Cipher(algorithms.AES(b"1" * 32), modes.CTR(bytes(16))).encryptor()
    path = storage.root / "old.vge"
    path.write_bytes(bytes(16) + encryptor.update(plain))
    (storage.key_dir / "legacy").mkdir()
    (storage.key_dir / "legacy" / "before.key").write_bytes(b"1" * 32)

    report = rotate(storage.root, storage.key_dir, storage.files)

    assert (report.legacy, report.retired, report.current) == (0, 0, 1)
    assert content_of(path, KeyRing.load(storage.key_dir)) == plain


def test_a_file_that_no_key_opens_is_named_and_does_not_stop_the_rotation(
    storage: Storage, tmp_path: Path
) -> None:
    foreign = Storage(tmp_path / "other").record().path
    target = storage.path("foreign")
    target.parent.mkdir(parents=True)
    foreign.rename(target)
    ours = storage.record("ours").path

    report = rotate(storage.root / "clips", storage.key_dir, storage.files)

    assert list(report.failed) == [str(target)]
    assert content_of(ours, KeyRing.load(storage.key_dir)) == WHOLE


def test_a_damaged_slot_area_is_mended_by_a_rotation(storage: Storage) -> None:
    path = storage.record().path
    data = bytearray(path.read_bytes())
    data[4096 + 100] ^= 1
    path.write_bytes(data)

    rotate(storage.root, storage.key_dir, storage.files)

    assert verify_file(path, KeyRing.load(storage.key_dir)).status is FileStatus.SEALED


def test_a_rotation_with_nothing_to_do_writes_no_recording(storage: Storage) -> None:
    path = storage.record().path
    before = path.stat().st_mtime_ns
    report = rotate(storage.root, storage.key_dir, storage.files, new_key=False)
    assert (report.written, report.current) == (0, 1)
    assert path.stat().st_mtime_ns == before


def _steps() -> int:
    storage = Storage(Path(mkdtemp(prefix="vault-test-")))
    _filled(storage)
    files = FaultyFiles()
    rotate(storage.root, storage.key_dir, files)
    return len(files.seen)


@pytest.mark.parametrize("step", range(_steps()))
def test_a_rotation_killed_at_any_write_leaves_everything_open_and_can_be_ended(
    storage: Storage, step: int
) -> None:
    paths = _filled(storage)
    secret = storage.keys.recovery_key().secret

    assert killed_at(step, lambda files: rotate(storage.root, storage.key_dir, files))

    between = KeyRing.load_or_create(storage.key_dir, DurableFiles())
    for path in paths:
        assert content_of(path, between) == WHOLE
    assert between.recovery_key().secret == secret
    report = rotate(storage.root, storage.key_dir, DurableFiles(), new_key=step % 2 == 0)
    after = KeyRing.load(storage.key_dir)
    assert (report.failed, report.retired) == ({}, 0)
    assert after.recovery_key().secret == secret
    for path in paths:
        assert content_of(path, after) == WHOLE
        assert content_of(path, BoxKey.of((storage.key_dir / "storage.key").read_bytes())) == WHOLE
    assert not [path for path in storage.key_dir.rglob("*") if path.suffix == ".tmp"]


@pytest.mark.parametrize("step", range(0, 4096, 157))
@pytest.mark.parametrize("area", [0, 1])
def test_a_slot_area_written_by_half_leaves_the_other_to_open_the_file(
    storage: Storage, area: int, step: int
) -> None:
    path, old = storage.record().path, storage.keys.current
    before = path.read_bytes()
    rotate(storage.root, storage.key_dir, storage.files)
    new = KeyRing.load(storage.key_dir).current
    after = path.read_bytes()
    # Given the power cut in the middle of one area's write, the other being old (first write) or new (second)
    first, second = 4096, 8192
    if area == 0:
        torn, opens = before[:first] + after[first : first + step] + before[first + step :], old
    else:
        torn, opens = after[: second + step] + before[second + step : 12288] + after[12288:], new

    path.write_bytes(torn)

    assert content_of(path, opens) == WHOLE
