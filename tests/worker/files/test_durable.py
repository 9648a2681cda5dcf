"""Durable file operations."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.files.durable import DurableFiles, Operation, is_locked
from worker.files.faults import FaultyFiles, KilledError


@given(chunks=st.lists(st.binary(max_size=40), max_size=6), at_once=st.integers(1, 50))
def test_short_writes_are_continued_until_all_is_written(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], at_once: int
) -> None:
    path = tmp_path_factory.mktemp("short") / "file"
    files = FaultyFiles(chunk=at_once)
    fd = files.open_exclusive(path)
    try:
        assert files.write(fd, *chunks) == sum(map(len, chunks))
    finally:
        os.close(fd)
    assert path.read_bytes() == b"".join(chunks)


def test_files_are_private_and_never_opened_over_another(tmp_path: Path) -> None:
    files = DurableFiles()
    os.close(files.open_exclusive(tmp_path / "a"))

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        files.open_exclusive(tmp_path / "a")


def test_a_symlink_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        DurableFiles().open_or_create(tmp_path / "link")


def test_atomic_write_syncs_the_file_then_renames_then_syncs_the_directory(tmp_path: Path) -> None:
    files = FaultyFiles()
    files.write_atomic(tmp_path / "key", b"new")

    assert [operation for operation, _ in files.seen] == [
        Operation.OPEN,
        Operation.WRITE,
        Operation.SYNC,
        Operation.REPLACE,
        Operation.SYNC_DIR,
    ]


@pytest.mark.parametrize("step", range(5))
def test_atomic_write_killed_anywhere_leaves_the_old_or_the_new(tmp_path: Path, step: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")

    with pytest.raises(KilledError):
        FaultyFiles(at=step, kill=True).write_atomic(path, b"new")

    assert path.read_bytes() in {b"old", b"new"}


@pytest.mark.parametrize("step", range(4))
def test_atomic_write_that_fails_keeps_the_old_and_leaves_no_half_file(tmp_path: Path, step: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")

    with pytest.raises(OSError, match="injected"):
        FaultyFiles(at=step, errno=errno.ENOSPC).write_atomic(path, b"new")

    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_each_new_directory_is_synced_in_its_parent(tmp_path: Path) -> None:
    files = FaultyFiles()
    files.mkdir(tmp_path / "a" / "b")

    synced = [target for operation, target in files.seen if operation is Operation.SYNC_DIR]
    assert synced == [str(tmp_path), str(tmp_path / "a")]


def test_a_directory_whose_sync_failed_is_made_again_and_synced(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="injected"):
        FaultyFiles(at=1).mkdir(tmp_path / "a")
    files = FaultyFiles()
    files.mkdir(tmp_path / "a")
    assert (Operation.SYNC_DIR, str(tmp_path)) in files.seen


def test_a_lock_is_seen_by_other_processes_until_its_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "locked"
    path.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    with holder:
        assert holder.stdout.readline() == b"locked\n"
        fd = os.open(path, os.O_RDWR)
        assert is_locked(path)
        assert not DurableFiles().lock(fd, wait=False)
        holder.kill()
    assert not is_locked(path)
    assert DurableFiles().lock(fd, wait=False)
    os.close(fd)


def test_a_missing_file_is_not_locked(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "nothing")


def test_unlinking_twice_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    files = DurableFiles()
    files.unlink(tmp_path / "a")
    files.unlink(tmp_path / "a")
    assert not (tmp_path / "a").exists()


_HOLD = """
import fcntl, sys
handle = open(sys.argv[1])
fcntl.flock(handle, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""
