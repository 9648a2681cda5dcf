"""`vigilar vault …` as a person or a program runs it."""

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vigilar.cli import main
from vigilar.domain.clip import ClipKind, Trigger
from vigilar.domain.recording import RecordingHead, RecordingTail, encode_head, encode_tail
from vigilar.vault.keys import KeyRing
from vigilar.vault.wrapping import RecoveryKey
from worker.vault.material import CAMERA, FRAGMENTS, SAME_PATH, Storage, content_of, put

WHOLE = b"".join(FRAGMENTS)
START = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
HEAD = encode_head(
    RecordingHead(
        "front_door_20261121T083000Z", CAMERA, ClipKind.CLIP, Trigger.MOTION, START, 0, "boot", "h264", 64, 48
    )
)
TAIL = encode_tail(RecordingTail(START + timedelta(seconds=2), 2.0))


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.chdir(tmp_path)
    return Storage(tmp_path / "storage")


@pytest.fixture
def vault(storage: Storage, capsys: pytest.CaptureFixture[str]) -> "Vault":
    return Vault(storage, capsys)


class Vault:
    """Runs the command and keeps what it printed."""

    def __init__(self, storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
        self.storage, self.capsys = storage, capsys
        self.out = self.err = ""

    def __call__(self, *words: object, places: bool = True) -> int:
        where = ["--root", str(self.storage.root), "--keys", str(self.storage.key_dir)] if places else []
        code = main(["vault", *map(str, words), *where])
        self.out, self.err = self.capsys.readouterr()
        return code

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def record(self, name: str = "a") -> Path:
        writer = self.storage.begin(name, meta=HEAD)
        put(writer, FRAGMENTS)
        return writer.seal(TAIL).path

    def tear(self, name: str = "t") -> Path:
        writer = self.storage.begin(name, meta=HEAD)
        put(writer, FRAGMENTS)
        writer.sync()
        writer.abandon()
        return writer.part


def test_info_tells_what_a_recording_says_of_itself(vault: Vault) -> None:
    path = vault.record()
    assert vault("info", path, "--json") == 0
    assert vault.json["camera"] == CAMERA
    assert vault.json["sealed"] is True
    assert vault.json["head"]["trigger"] == "motion"
    assert vault.json["tail"]["duration_s"] == 2.0
    assert vault.json["keys"] == ["box", "recovery"]
    assert vault("info", path) == 0
    assert f"camera:       {CAMERA}" in vault.out


def test_verify_answers_and_its_exit_code_says_whether_all_is_well(vault: Vault) -> None:
    good, torn = vault.record("a"), vault.tear()
    assert vault("verify") == 0
    assert f"{CAMERA}: 1 sealed, 1 unfinished; all is well" in vault.out
    assert vault("verify", good, torn, "--json") == 0
    assert [each["status"] for each in vault.json["files"]] == ["sealed", "unfinished"]

    data = bytearray(good.read_bytes())
    data[-60] ^= 1
    good.write_bytes(data)

    assert vault("verify") == 1
    assert "NOT as it should be" in vault.out
    assert vault("verify", good) == 1
    assert vault.out.startswith("broken")


def test_verify_of_a_torn_file_out_of_its_place_is_not_fine(vault: Vault) -> None:
    moved = vault.tear().rename(vault.storage.root / "elsewhere.vge.part")
    assert vault("verify", moved) == 1
    assert "a crash cannot be told from a cut" in vault.out


def test_verify_finds_the_removed_newest_against_the_head_it_showed(vault: Vault) -> None:
    vault.record("a")
    kept = vault.storage.journal.path.read_bytes()
    newest = vault.record("b")
    assert vault("verify", "--camera", CAMERA, "--json") == 0
    head = vault.json["cameras"][0]["head"]
    newest.unlink()
    vault.storage.journal.path.write_bytes(kept)
    assert vault("verify", "--camera", CAMERA, "--head", head) == 1
    assert "does not reach the head" in vault.out


def test_decrypt_writes_the_mp4_privately_and_not_over_another_file(vault: Vault, tmp_path: Path) -> None:
    path = vault.record()
    assert vault("decrypt", path) == 0
    assert (tmp_path / "a.mp4").read_bytes() == WHOLE
    assert (tmp_path / "a.mp4").stat().st_mode & 0o777 == 0o600
    assert vault("decrypt", path) == 2
    assert "exists" in vault.err
    assert vault("decrypt", path, "--force", "--json") == 0
    assert vault.json["bytes"] == len(WHOLE)


def test_decrypt_to_standard_output_is_the_mp4_and_nothing_else(vault: Vault) -> None:
    path = vault.record()
    command = [sys.executable, "-m", "vigilar.cli", "vault", "decrypt", str(path), "-o", "-"]
    done = subprocess.run(
        [*command, "--keys", str(vault.storage.key_dir)], env=SAME_PATH, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, WHOLE, b"")


def test_decrypt_of_a_damaged_recording_leaves_no_half_file_unless_asked(
    vault: Vault, tmp_path: Path
) -> None:
    path = vault.record()
    os.truncate(path, 12288 + 24 + len(FRAGMENTS[0]) + 3)
    assert vault("decrypt", path) == 2
    assert "its end is missing" in vault.err
    assert not list(tmp_path.glob("*.mp4*"))
    assert vault("decrypt", path, "--salvage") == 1
    assert (tmp_path / "a.mp4").read_bytes() == FRAGMENTS[0]
    assert "not the whole recording" in vault.out


def test_recover_seals_what_is_torn(vault: Vault) -> None:
    vault.tear()
    assert vault("recover", "--json") == 0
    assert [each["outcome"] for each in vault.json["files"]] == ["recovered"]
    assert content_of(vault.storage.path("t"), vault.storage.keys) == WHOLE
    assert vault("recover") == 0
    assert vault.out == "nothing is torn\n"


def test_rotate_changes_the_key_and_says_how_many(vault: Vault) -> None:
    path = vault.record()
    before = vault.storage.keys.current
    assert vault("rotate", "--json") == 0
    assert (vault.json["written"], vault.json["retired"]) == (1, 0)
    after = KeyRing.load(vault.storage.key_dir)
    assert after.current != before
    assert content_of(path, after) == WHOLE
    assert vault("rotate", "--finish") == 0
    assert "0 recordings brought to the new key, 1 had it already" in vault.out


def test_a_passphrase_set_by_a_rotation_opens_recordings(vault: Vault, tmp_path: Path) -> None:
    path = vault.record()
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse battery staple\n")
    assert vault("rotate", "--passphrase-file", secret) == 0
    assert vault("decrypt", path, "--passphrase-file", secret, places=False) == 0
    assert (tmp_path / "a.mp4").read_bytes() == WHOLE
    assert vault("rotate", "--no-passphrase") == 0
    assert vault("info", path, "--passphrase-file", secret, places=False) == 2
    assert "none of the keys" in vault.err


def test_the_recovery_kit_is_shown_then_confirmed_then_gone(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = vault.record()
    assert vault("recovery-kit", "--json") == 0
    text = vault.json["recovery_key"]
    assert vault("recovery-kit") == 0
    assert text in vault.out

    assert vault("recovery-kit", "--confirm", "ABCD") == 2
    assert "nothing was erased" in vault.err
    assert not vault.storage.keys.recovery_confirmed
    monkeypatch.setattr("sys.stdin", io.StringIO(text[-4:].lower() + "\n"))
    assert vault("recovery-kit", "--confirm") == 0
    assert vault.storage.keys.recovery_confirmed
    assert vault("recovery-kit") == 2
    assert "only where it was written down" in vault.err

    paper = tmp_path / "paper"
    paper.write_text(text)
    assert vault("decrypt", path, "--recovery-key-file", paper, places=False) == 0
    assert (tmp_path / "a.mp4").read_bytes() == WHOLE
    (vault.storage.key_dir / "storage.key").unlink()
    words = ("verify", "--recovery-key-file", paper, "--root", vault.storage.root)
    assert vault(*words, places=False) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["info", "nothing.vge"], "nothing.vge does not exist"),
        (["verify", "nothing.vge"], "nothing.vge is not a file"),
        (["verify", "--camera", "../../etc"], "there is no camera '../../etc'"),
        (["recover", "--camera", "garden"], "there is no camera 'garden'"),
        (["verify", "--head", "1:ab"], "--head belongs to one camera"),
        (["verify", "--camera", CAMERA, "--head", "x"], "--head is the N:MAC"),
        (["info", "storage"], "storage"),
        (["decrypt", "storage/keys/storage.key"], "no recording at all"),
        (["info", "x", "--recovery-key-file", "nothing"], "nothing: No such file"),
        (["info", "x", "--recovery-key-file", "storage/keys/storage.key"], "a recovery key begins with VGR1"),
        (["info", "x", "--key-file", "storage/keys/recovery.pub"], "a storage key has 32 bytes"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(vault: Vault, words: list[str], says: str) -> None:
    vault.record()
    assert vault(*words) == 2
    assert says in vault.err
    assert vault.err.count("\n") == 1
    assert vault.out == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["verify"], "say where the recordings are"),
        (["recovery-kit", "--root", "."], "say where the recordings are"),
        (["rotate", "--root", ".", "--keys", "nowhere"], "nowhere is not a folder"),
        (["rotate", "--root", ".", "--keys", "."], "is missing"),
    ],
)
def test_missing_places_are_asked_for(vault: Vault, words: list[str], says: str) -> None:
    assert vault(*words, places=False) == 2
    assert says in vault.err


def test_no_error_shows_a_key(vault: Vault, tmp_path: Path) -> None:
    # Given a recovery key and a passphrase that open nothing here
    path = vault.record()
    other = RecoveryKey.generate().text
    for option, secret in (("--recovery-key-file", other), ("--passphrase-file", "canary-horse-battery")):
        (tmp_path / "secret").write_text(secret)
        assert vault("info", path, option, tmp_path / "secret", places=False) == 2
        assert secret not in vault.out + vault.err
        assert secret[5:20] not in vault.out + vault.err


def test_the_command_line_can_be_read_without_loading_cryptography() -> None:
    code = "import sys; from vigilar.cli import vault; print('cryptography' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=SAME_PATH, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
