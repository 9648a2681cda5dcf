"""The process that makes the nightly backups for the core."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from vigilar.backup.child import ChildCopies
from vigilar.backup.errors import BackupError
from vigilar.backup.opened import check
from vigilar.config.load import load
from worker.backup.box import NOW, Box

pytestmark = pytest.mark.slow


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    return Box(tmp_path)


def copies(box: Box, limit_s: float = 60) -> ChildCopies:
    return ChildCopies(load(box.config).core, box.database, limit_s)


def test_it_makes_one_and_finds_it_again(box: Box) -> None:
    assert copies(box).survey(NOW).newest is None
    made = copies(box).make(NOW)
    check(made.path, box.recovery)
    assert copies(box).survey(NOW + timedelta(days=1)).newest == made


def test_what_went_wrong_is_told_in_its_own_words(box: Box) -> None:
    box.database.unlink()
    with pytest.raises(BackupError, match="there is no database at"):
        copies(box).make(NOW)
    box.config.unlink()
    core = replace(load(Box(box.folder / "other").config).core, key_dir="/nowhere/keys")
    with pytest.raises(BackupError, match=r"/nowhere/keys/storage\.key is missing"):
        ChildCopies(core, box.database).survey(NOW)


def test_one_that_hangs_is_given_up(box: Box) -> None:
    with pytest.raises(BackupError, match="not done within"):
        copies(box, 0.001).make(NOW)
