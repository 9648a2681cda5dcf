"""`vigilar backup …` as a person runs it, up to a new box on which the old clips play."""

import io
import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.backup.errors import BackupError, DamagedBackupError
from vigilar.backup.manifest import Manifest, Member, is_allowed, pack_head, pack_manifest
from vigilar.backup.opened import OpenBackup
from vigilar.backup.restore import Restore
from vigilar.cli import main
from vigilar.config.load import load
from vigilar.domain.clock import Instant
from vigilar.files.durable import DurableFiles
from vigilar.store.engine import make_engine
from vigilar.store.events import Events
from vigilar.store.migrate import revisions
from vigilar.vault.audit import verify_camera
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.parcel import seal_parcel
from vigilar.vault.reader import VaultReader
from vigilar.vault.rotation import rotate
from vigilar.vault.wrapping import RecoveryKey
from worker.backup.box import CONFIG, NOW, SECRETS, Box, rows
from worker.files.faults import FaultyFiles, killed_at
from worker.store.fakes import a_clip, an_event
from worker.vault.footage import plain_mp4, play


class Vigilar:
    """Runs the command and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch
        self.out = self.err = ""

    def __call__(self, *words: object, typed: str = "") -> int:
        self.monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["backup", *map(str, words)])
        self.out, self.err = self.capsys.readouterr()
        return code

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def vigilar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vigilar:
    return Vigilar(capsys, monkeypatch)


@pytest.fixture
def old(tmp_path: Path) -> Box:
    """The old box: an acknowledged event is in its database."""
    box = Box(tmp_path / "old")
    engine = make_engine(box.database)
    with engine.begin() as connection:
        Events(connection, NOW).add(replace(an_event(), acknowledged=NOW), Instant(NOW, 1, "boot"))
    engine.dispose()
    return box


def listing(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_on_a_new_box_the_paper_key_brings_everything_back_and_old_clips_play(
    old: Box, vigilar: Vigilar, tmp_path: Path
) -> None:
    # given a clip, a backup, and a box of which only the recordings, the backup and the paper are left
    clip = old.root.seal(a_clip(), film=plain_mp4()).clip
    paper = old.recovery.text
    backup, new = tmp_path / "usb" / "house.vgb", tmp_path / "new"
    assert vigilar("create", "-c", old.config, "-o", backup) == 0
    shutil.copytree(old.root.path / "clips", new / "data" / "clips")
    shutil.copytree(old.root.path / "journal", new / "data" / "journal")
    shutil.rmtree(old.folder)

    # when it is restored
    assert vigilar("restore", backup, "-c", new / "vigilar.yaml", typed=paper.lower() + "\n") == 0

    # then the configuration is as it was, the keys are private, the clip plays, the event is acknowledged
    assert "vigilar run -c" in vigilar.out
    assert (new / "vigilar.yaml").read_text() == CONFIG
    assert (new / "secrets.yaml").read_text() == SECRETS
    assert load(new / "vigilar.yaml").captures[0].main.url == "rtsp://u:geheim@192.0.2.1/1"
    keys_dir = new / "data" / "keys"
    assert keys_dir.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys_dir.iterdir()} == {0o600}
    keys = KeyRing.load(keys_dir)
    with VaultReader.open(new / "data" / clip.path, keys) as reader:
        pictures, _, _ = play(reader.read(0, reader.size))
    assert pictures == 60
    assert rows(new / "data" / "vigilar.db", "SELECT id, acknowledged IS NOT NULL FROM events") == [("e1", 1)]
    journal = CameraJournal.open(new / "data", "door", keys=keys, files=old.files)
    assert verify_camera(new / "data", "door", keys, journal).is_fine
    assert keys.recovery_confirmed


def test_the_folders_may_be_others_and_the_configuration_then_names_them(
    old: Box, vigilar: Vigilar, tmp_path: Path
) -> None:
    made, new = old.back_up(), tmp_path / "new"
    (paper := tmp_path / "paper").write_text(old.recovery.text + "\n")
    folders = {"--root": new / "recordings", "--to-keys": new / "k", "--data": new / "d"}
    words = [str(word) for pair in folders.items() for word in pair]

    assert (
        vigilar("restore", made.path, "-c", new / "v.yaml", "--recovery-key-file", paper, "--json", *words)
        == 0
    )

    assert vigilar.json["database"] == str(new / "d" / "vigilar.db")
    core = load(new / "v.yaml").core
    assert (core.storage_root, core.key_dir, core.data_dir) == tuple(map(str, folders.values()))
    assert (new / "v.yaml").read_text().startswith("# the house\n")
    assert rows(new / "d" / "vigilar.db", "SELECT count(*) FROM events") == [(1,)]
    KeyRing.load(new / "k")


def test_nothing_is_overwritten_unless_forced_and_then_it_is_set_aside(old: Box, vigilar: Vigilar) -> None:
    made = old.back_up()
    old.config.write_text(CONFIG + "# changed\n")
    (old.root.path / "vigilar.db-wal").write_bytes(b"a log that does not belong to the restored database")
    before = listing(old.folder)
    words = ("restore", made.path, "-c", old.config, "--keys", old.keys_dir)

    assert vigilar(*words) == 2
    assert str(old.database) in vigilar.err
    assert "--force" in vigilar.err
    assert listing(old.folder) == before

    assert vigilar(*words, "--force", "--json") == 0
    assert old.config.read_text() == CONFIG
    aside = [Path(path) for path in vigilar.json["set_aside"]]
    assert {path.read_bytes() for path in aside} >= {(CONFIG + "# changed\n").encode()}
    assert not (old.root.path / "vigilar.db-wal").exists()
    assert set(before.values()) <= set(listing(old.folder).values())


def test_over_a_box_with_a_newer_key_its_newer_recordings_go_on_opening(old: Box, vigilar: Vigilar) -> None:
    clips = [old.root.seal(a_clip()).clip]
    made = old.back_up()
    rotate(old.root.path, old.keys_dir, old.files)
    old.keys.refresh()
    clips.append(old.root.seal(a_clip(n=2)).clip)
    paper = old.recovery.text

    assert vigilar("restore", made.path, "-c", old.config, "--force", typed=paper) == 0

    keys = KeyRing.load(old.keys_dir)
    for clip in clips:
        with VaultReader.open(old.root.file(clip), keys) as reader:
            assert reader.read(0, 100)
    assert keys.recovery_key().text == paper  # it was not confirmed: it can still be shown


def test_journals_of_recordings_that_are_there_already_stay(
    old: Box, vigilar: Vigilar, tmp_path: Path
) -> None:
    old.root.seal(a_clip())
    made, new = old.back_up(), tmp_path / "new"
    old.root.seal(a_clip(n=2))
    shutil.copytree(old.root.path / "journal", new / "data" / "journal")
    newer = listing(new)

    words = ("restore", made.path, "-c", new / "vigilar.yaml", "--keys", old.keys_dir, "--json")
    assert vigilar(*words) == 0

    assert vigilar.json["journals_kept"] == ["door"]
    assert newer.items() <= listing(new).items()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (RecoveryKey.generate().text, "the key given does not open it"),
        ("VGR1-ABCD", "recovery key"),
        ("", "a recovery key begins with VGR1"),
    ],
)
def test_a_wrong_recovery_key_is_one_clear_line(
    old: Box, vigilar: Vigilar, tmp_path: Path, typed: str, said: str
) -> None:
    made = old.back_up()
    assert vigilar("restore", made.path, "-c", tmp_path / "new" / "vigilar.yaml", typed=typed) == 2
    assert said in vigilar.err
    assert len(vigilar.err.splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_a_damaged_backup_is_not_restored(old: Box, vigilar: Vigilar, tmp_path: Path) -> None:
    made = old.back_up()
    data = bytearray(made.path.read_bytes())
    data[len(data) // 2] ^= 1
    made.path.write_bytes(data)
    words = ("restore", made.path, "-c", tmp_path / "new" / "v.yaml", "--keys", old.keys_dir)
    assert vigilar(*words) == 2
    assert "is damaged" in vigilar.err
    assert not (tmp_path / "new").exists()


def test_verify_tells_whole_from_damaged_and_from_what_it_cannot_open(
    old: Box, vigilar: Vigilar, tmp_path: Path
) -> None:
    good, bad = old.back_up(), old.back_up()
    assert vigilar("verify", "-c", old.config) == 0
    assert vigilar.out.count("whole ") == 2
    with bad.path.open("r+b") as file:
        file.truncate(bad.size - 1)
    assert vigilar("verify", "-c", old.config, "--json") == 1
    assert [each["status"] for each in vigilar.json["files"]] == ["whole", "damaged"]
    assert vigilar("verify", good.path, typed=old.recovery.text) == 0
    (paper := tmp_path / "paper").write_text(RecoveryKey.generate().text)
    assert vigilar("verify", good.path, "--recovery-key-file", paper) == 1
    assert vigilar.out.startswith("wrong key")
    assert vigilar("verify", tmp_path / "none.vgb", "--keys", old.keys_dir) == 1
    assert vigilar("verify", "--keys", old.keys_dir) == 2


def test_a_running_worker_is_not_restored_over(old: Box, vigilar: Vigilar) -> None:
    made = old.back_up()
    run = old.root.path / "run"
    run.mkdir()
    with old.files.locked(run / "lock"):
        words = ("restore", made.path, "-c", old.config, "--keys", old.keys_dir, "--force")
        assert vigilar(*words) == 2
    assert "stop it" in vigilar.err


def forged(old: Box, name: str, path: Path) -> Path:
    """Make a backup as somebody who has the box's keys could, with a member of that name besides."""
    whole = {
        "config/vigilar.yaml": CONFIG.encode(),
        "data/vigilar.db": b"db",
        "keys/storage.key": bytes(32),
        "keys/journal.key": bytes(32),
        "keys/recovery.pub": b"00" * 32,
        name: b"evil",
    }
    members = tuple(Member(each, len(content)) for each, content in whole.items())
    seal_parcel(
        path,
        whole.values(),
        keys=old.keys,
        files=old.files,
        start=NOW,
        meta=pack_head(),
        tail=pack_manifest(Manifest(NOW, "0", revisions()[-1], members)),
    )
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "keys/../../x",
        "keys/retired/../../../x.key",
        "keys/retired/.key",
        "keys/retired/..key",
        "keys/retired/a\\b.key",
        "keys/retired/a\nb.key",
        "keys/recovery.secret",
        "journal/../x.journal",
        "journal/..journal",
        "data/vigilar.db/x",
        "",
    ],
)
def test_a_hostile_archive_is_refused_before_anything_is_written(
    old: Box, vigilar: Vigilar, tmp_path: Path, name: str
) -> None:
    assert not is_allowed(name)
    hostile = forged(old, name, tmp_path / "hostile.vgb")
    before = listing(tmp_path)
    assert vigilar("restore", hostile, "-c", tmp_path / "new" / "v.yaml", "--keys", old.keys_dir) == 2
    assert "which no backup may hold" in vigilar.err
    assert listing(tmp_path) == before


@given(
    folder=st.sampled_from(["", "keys/", "keys/retired/", "keys/legacy/", "journal/", "config/", "data/"]),
    stem=st.text(max_size=20) | st.sampled_from(["..", ".", "../a", "/a", "a/../../b", "vigilar", "storage"]),
    end=st.sampled_from(["", ".key", ".journal", ".marks", ".yaml", ".db"]),
)
def test_no_name_that_is_allowed_leaves_its_folder(folder: str, stem: str, end: str) -> None:
    name = folder + stem + end
    if is_allowed(name):
        assert os.path.normpath(f"/root/{name}") == f"/root/{name}"
        assert name.startswith(("keys/", "journal/", "config/", "data/"))
        assert "\0" not in name


def test_what_cannot_work_here_is_refused_first(old: Box, vigilar: Vigilar, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    made = old.back_up()
    assert vigilar("restore", made.path, "-c", tmp_path / "new" / "v.yaml", "--keys", old.keys_dir) == 2
    assert "of a newer Vigilar" in vigilar.err
    assert not (tmp_path / "new").exists()
    with OpenBackup.open(forged(old, "data/server_id", tmp_path / "f.vgb"), old.keys) as opened:
        work = Restore(opened, old.places, CONFIG.encode(), old.files)
        work.check(free=lambda _: 1 << 30)
        with pytest.raises(BackupError, match="no room"):
            work.check(free=lambda _: 1 << 20)


def test_a_list_that_does_not_fit_its_content_is_refused(old: Box, tmp_path: Path) -> None:
    path = tmp_path / "short.vgb"
    members = tuple(Member(each, 1 << 40) for each in ("config/vigilar.yaml", "data/vigilar.db")) + tuple(
        Member(f"keys/{each}", 1) for each in ("storage.key", "journal.key", "recovery.pub")
    )
    seal_parcel(
        path, [b"x"], keys=old.keys, files=old.files, start=NOW, meta=pack_head(),
        tail=pack_manifest(Manifest(NOW, "0", "0001", members)),
    )  # fmt: skip
    with pytest.raises(DamagedBackupError, match="does not fit"):
        OpenBackup.open(path, old.keys)


def test_a_disk_that_refuses_leaves_the_place_as_it_was(old: Box, tmp_path: Path) -> None:
    """Every durable operation of a restore to an empty place fails in turn, up to the first rename."""
    made = old.back_up()
    places = replace(
        old.places,
        config_file=tmp_path / "new" / "vigilar.yaml",
        database=tmp_path / "new" / "vigilar.db",
        data_dir=tmp_path / "new",
        key_dir=tmp_path / "new" / "keys",
        token_hash_file=tmp_path / "new" / "keys" / "api_token.hash",
        storage_root=tmp_path / "new",
    )
    for step in range(500):
        files = FaultyFiles(at=step)
        with OpenBackup.open(made.path, old.keys) as opened:
            work = Restore(opened, places, CONFIG.encode(), files)
            try:
                work.write(NOW)
            except OSError:
                assert not (tmp_path / "new" / "vigilar.yaml").exists() or step + 2 >= len(files.seen)
            else:
                break
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
    assert (tmp_path / "new" / "vigilar.yaml").exists()
    assert not list((tmp_path / "new").rglob("*.restoring"))


@pytest.mark.slow
def test_killed_at_any_moment_a_second_restore_ends_it_and_nothing_is_lost(old: Box, tmp_path: Path) -> None:
    made = old.back_up(target=tmp_path / "house.vgb")
    old.config.write_text(CONFIG + "# changed\n")
    (old.root.path / "vigilar.db-wal").write_bytes(b"another log")
    before = set(listing(old.folder).values())
    backup = tmp_path / "box"

    def work(files: DurableFiles) -> None:
        with OpenBackup.open(made.path, recovery) as opened:
            Restore(opened, places, CONFIG.encode(), files).write(NOW)

    places = old.places
    recovery, step, killed = old.recovery, 0, True
    shutil.copytree(old.folder, backup)
    while killed:
        killed = killed_at(step, work)
        work(DurableFiles())
        assert before <= set(listing(old.folder).values())
        assert old.config.read_text() == CONFIG
        assert rows(old.database, "SELECT id FROM events") == [("e1",)]
        KeyRing.load(old.keys_dir)
        assert not list(old.folder.rglob("*.restoring"))
        shutil.rmtree(old.folder)
        shutil.copytree(backup, old.folder)
        step += 1
    assert step > 40
