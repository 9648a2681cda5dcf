"""The key directory and the keys in it."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import BadKeyError, KeyMissingError
from vigilar.vault.keys import KeyRing
from vigilar.vault.wrapping import RecoveryKey
from worker.files.faults import FaultyFiles, killed_at
from worker.vault.material import SAME_PATH, Storage

FILES = {"storage.key", "recovery.pub", "recovery.secret", "journal.key"}


@pytest.fixture
def key_dir(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_the_first_start_makes_private_keys(key_dir: Path) -> None:
    KeyRing.load_or_create(key_dir, DurableFiles())

    assert stat.S_IMODE(key_dir.stat().st_mode) == 0o700
    for name in FILES:
        assert stat.S_IMODE((key_dir / name).stat().st_mode) == 0o600, name


def test_later_starts_change_nothing(key_dir: Path) -> None:
    KeyRing.load_or_create(key_dir, DurableFiles())
    before = {name: (key_dir / name).read_bytes() for name in FILES}
    KeyRing.load_or_create(key_dir, DurableFiles())
    assert {name: (key_dir / name).read_bytes() for name in FILES} == before


def test_processes_that_start_at_once_agree_on_the_keys(key_dir: Path) -> None:
    command = [sys.executable, "-c", _START, str(key_dir)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=SAME_PATH) for _ in range(4)]
    ids = {process.communicate(timeout=60)[0] for process in started}
    assert ids == {KeyRing.load(key_dir).current.key_id.hex() + "\n"}


def _creation_steps() -> int:
    from tempfile import mkdtemp  # noqa: PLC0415 — only while collecting

    files = FaultyFiles()
    KeyRing.load_or_create(Path(mkdtemp(prefix="keys-test-")) / "keys", files)
    return len(files.seen)


@pytest.mark.parametrize("step", range(_creation_steps()))
def test_a_first_start_killed_anywhere_is_ended_by_the_next(key_dir: Path, step: int) -> None:
    assert killed_at(step, lambda files: KeyRing.load_or_create(key_dir, files))

    keys = KeyRing.load_or_create(key_dir, DurableFiles())

    assert keys.recovery_key().public == keys.recovery_public
    assert {path.name for path in key_dir.iterdir()} == FILES | {".lock"}, "a half-written key was left"


def test_a_lost_storage_key_is_not_silently_replaced(key_dir: Path) -> None:
    KeyRing.load_or_create(key_dir, DurableFiles())
    (key_dir / "storage.key").unlink()

    with pytest.raises(KeyMissingError, match=r"storage\.key is missing but recovery\.pub is there"):
        KeyRing.load_or_create(key_dir, DurableFiles())


@pytest.mark.parametrize("name", sorted(FILES - {"recovery.secret"}))
def test_a_missing_key_file_is_named(key_dir: Path, name: str) -> None:
    KeyRing.load_or_create(key_dir, DurableFiles())
    (key_dir / name).unlink()
    with pytest.raises(KeyMissingError, match=name):
        KeyRing.load(key_dir)


@pytest.mark.parametrize("name", sorted(FILES - {"recovery.secret"}))
@pytest.mark.parametrize("content", [b"", b"too short", bytes(33)])
def test_a_key_file_with_other_content_is_named(key_dir: Path, name: str, content: bytes) -> None:
    KeyRing.load_or_create(key_dir, DurableFiles())
    (key_dir / name).write_bytes(content)
    with pytest.raises(BadKeyError, match=name):
        KeyRing.load(key_dir)


def test_the_recovery_secret_is_shown_until_confirmed_then_gone(key_dir: Path) -> None:
    keys = KeyRing.load_or_create(key_dir, DurableFiles())
    shown = keys.recovery_key()
    assert shown.public == keys.recovery_public
    assert not keys.recovery_confirmed

    keys.confirm_recovery(DurableFiles())
    keys.confirm_recovery(DurableFiles())

    assert keys.recovery_confirmed
    with pytest.raises(KeyMissingError, match="only where it was written down"):
        keys.recovery_key()
    assert KeyRing.load_or_create(key_dir, DurableFiles()).recovery_confirmed, "a new secret was made"


def test_the_recovery_secret_does_not_lie_in_the_clear(key_dir: Path) -> None:
    secret = KeyRing.load_or_create(key_dir, DurableFiles()).recovery_key().secret
    assert all(secret not in path.read_bytes() for path in key_dir.iterdir())


def test_a_changed_recovery_public_key_does_not_pass_for_ours(key_dir: Path) -> None:
    KeyRing.load_or_create(key_dir, DurableFiles())
    (key_dir / "recovery.pub").write_text(RecoveryKey.generate().public.public.hex())
    with pytest.raises(BadKeyError, match=r"recovery\.secret does not belong"):
        KeyRing.load(key_dir).recovery_key()


def test_keys_do_not_show_in_what_is_printed_of_them(tmp_path: Path) -> None:
    keys = Storage(tmp_path).keys
    printed = repr(keys) + repr(keys.current) + repr(keys.recovery_key())
    assert keys.current.secret.hex() not in printed
    assert repr(keys.current.secret)[2:-1] not in printed


@given(secret=st.binary(min_size=32, max_size=32), data=st.data())
def test_the_printed_recovery_key_reads_back_however_it_is_typed(secret: bytes, data: st.DataObject) -> None:
    text = RecoveryKey(secret).text
    typed = "".join(
        data.draw(st.sampled_from([letter, letter.lower()]), label="case")
        + data.draw(st.sampled_from(["", "", " ", "-", "\n"]), label="gap")
        for letter in text
    )
    assert RecoveryKey.from_text(typed).secret == secret


@given(secret=st.binary(min_size=32, max_size=32), data=st.data())
def test_one_mistyped_character_is_noticed(secret: bytes, data: st.DataObject) -> None:
    text = RecoveryKey(secret).text.replace("-", "")
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789").filter(lambda c: c != text[at]))
    with pytest.raises(BadKeyError):
        RecoveryKey.from_text(text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize("text", ["", "VGR1", "VGR1-", "hello", "VGR1-AAAA", "VGR1" + "A" * 57, "ü" * 60])
def test_what_is_no_recovery_key_is_refused(text: str) -> None:
    with pytest.raises(BadKeyError, match="recovery key"):
        RecoveryKey.from_text(text)


_START = """
import sys
from pathlib import Path
from vigilar.files.durable import DurableFiles
from vigilar.vault.keys import KeyRing
print(KeyRing.load_or_create(Path(sys.argv[1]), DurableFiles()).current.key_id.hex())
"""
