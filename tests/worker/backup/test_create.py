"""A backup: what is in it, who can read it, and that nothing of it can be changed."""

import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from vigilar.backup.errors import BackupError, DamagedBackupError, NewerBackupError, WrongBackupKeyError
from vigilar.backup.opened import OpenBackup, check
from vigilar.vault.rotation import rotate
from vigilar.vault.wrapping import RecoveryKey
from worker.backup.box import NOW, Box
from worker.store.fakes import a_clip


def test_it_holds_what_only_the_box_has_and_the_paper_key_opens_it(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.root.seal(a_clip())

    made = box.back_up()

    assert made.path.name == "vigilar-20261124T031500Z.vgb"
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert box.backups.stat().st_mode & 0o777 == 0o700
    with OpenBackup.open(made.path, box.recovery) as opened:
        assert {member.name for member in opened.manifest.members} == {
            "config/vigilar.yaml",
            "config/secrets.yaml",
            "data/vigilar.db",
            "data/server_id",
            "keys/api_token.hash",
            "keys/storage.key",
            "keys/journal.key",
            "keys/recovery.pub",
            "journal/door.journal",
            "journal/door.marks",
        }
        assert opened.read("keys/storage.key") == (box.keys_dir / "storage.key").read_bytes()
        assert opened.read("config/vigilar.yaml") == box.config.read_bytes()
        head = box.root.journal("door").head()
        assert head is not None
        assert opened.manifest.journals == {"door": f"{head.sequence}:{head.mac.hex()}"}
    assert check(made.path, box.keys).created == NOW


def test_nothing_in_it_can_be_read_without_a_key_and_the_recovery_secret_is_not_in_it(tmp_path: Path) -> None:
    box = Box(tmp_path)
    made = box.back_up()
    raw = made.path.read_bytes()
    assert b"geheim" not in raw
    assert b"SQLite" not in raw
    assert not any("recovery.secret" in member.name for member in made.manifest.members)
    with pytest.raises(WrongBackupKeyError, match="does not open it"):
        check(made.path, RecoveryKey.generate())


def test_the_database_is_copied_while_somebody_writes_to_it(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with closing(sqlite3.connect(box.database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (x)")
        writer.execute("INSERT INTO t VALUES ('kept')")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO t VALUES ('not yet')")
        made = box.back_up()
        writer.execute("ROLLBACK")
    with OpenBackup.open(made.path, box.keys) as opened:
        (tmp_path / "copy.db").write_bytes(opened.read("data/vigilar.db"))
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT x FROM t").fetchall() == [("kept",)]
    assert not list(box.root.path.glob(".backup-*"))


def test_a_full_disk_is_left_alone(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with pytest.raises(BackupError, match="no room for a backup"):
        box.back_up(free=lambda _: 100 << 20)
    assert not box.backups.exists()
    assert not list(box.root.path.glob(".backup-*"))


def test_a_copy_for_which_the_disk_ends_leaves_nothing_behind(tmp_path: Path) -> None:
    box = Box(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(BackupError, match="cannot be copied"):
            box.back_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(box.backups.glob("*"))
    assert not list(box.root.path.glob(".backup-*"))


def test_of_a_long_journal_the_head_alone_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(tmp_path)
    box.root.seal(a_clip())
    monkeypatch.setattr("vigilar.backup.create.MAX_JOURNAL", 300)
    manifest = box.back_up().manifest
    assert set(manifest.journals) == {"door"}
    assert not any(member.name.startswith("journal/") for member in manifest.members)


def test_a_damaged_database_is_not_taken_for_a_backup(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with box.database.open("r+b") as file:
        file.seek(1024)
        file.write(b"\xff" * 8192)
    with pytest.raises(BackupError, match=r"vigilar\.db"):
        box.back_up()
    assert not list(box.backups.glob("*"))


def test_after_a_rotation_the_older_ones_open_with_the_paper_key_alone(tmp_path: Path) -> None:
    box = Box(tmp_path)
    recovery = box.recovery
    made = box.back_up()
    rotate(box.root.path, box.keys_dir, box.files)
    box.keys.refresh()
    with pytest.raises(WrongBackupKeyError, match="until the key was rotated"):
        check(made.path, box.keys)
    assert check(made.path, recovery).created == NOW


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    made = box.back_up()
    check(made.path, box.keys)
    raw = made.path.read_bytes()
    missed: list[int] = []
    fd = os.open(made.path, os.O_RDWR)
    for at, byte in enumerate(raw):
        os.pwrite(fd, bytes((byte ^ 0x41,)), at)
        try:
            check(made.path, box.keys)
            missed.append(at)
        except BackupError:
            pass
        os.pwrite(fd, bytes((byte,)), at)
    os.close(fd)
    assert missed == []
    assert made.path.read_bytes() == raw
    check(made.path, box.keys)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_cut_off_anywhere_it_is_no_backup(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    made = box.back_up()
    missed: list[int] = []
    for size in reversed(range(made.size)):
        os.truncate(made.path, size)
        try:
            check(made.path, box.keys)
            missed.append(size)
        except DamagedBackupError:
            pass
    assert missed == []


def test_bytes_behind_its_end_are_found(tmp_path: Path) -> None:
    made = (box := Box(tmp_path, small=True)).back_up()
    with made.path.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(DamagedBackupError):
        check(made.path, box.keys)


def test_a_recording_is_no_backup(tmp_path: Path) -> None:
    box = Box(tmp_path)
    clip = box.root.seal(a_clip()).clip
    with pytest.raises(DamagedBackupError, match="is a recording of camera door"):
        check(box.root.file(clip), box.keys)


def test_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(tmp_path)
    monkeypatch.setattr("vigilar.backup.create.pack_head", lambda: b'{"vigilar_backup": 2}')
    with pytest.raises(NewerBackupError, match="format 2 is not known here"):
        box.back_up()
