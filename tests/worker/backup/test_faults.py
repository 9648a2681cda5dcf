"""Whatever fails or is killed while a backup is made: it is whole or not there, and the earlier ones stay."""

from contextlib import suppress
from pathlib import Path

import pytest

from vigilar.backup.errors import BackupError
from vigilar.backup.opened import check
from vigilar.backup.shelf import Shelf, copies_in
from vigilar.files.durable import DurableFiles
from vigilar.vault.errors import VaultError
from worker.backup.box import NOW, Box, plenty
from worker.files.faults import FaultyFiles, killed_at

KEEP = 2


def shelf(box: Box, files: DurableFiles) -> Shelf:
    return Shelf(box.backups, KEEP, box.places, keys=box.keys, files=files, free=plenty)


def leftovers(box: Box) -> list[Path]:
    return [*box.backups.glob("*.part"), *box.root.path.glob(".backup-*")]


def invariants(box: Box, before: list[bytes]) -> None:
    """All backups under their final names are whole, and at most the oldest went, for a new whole one."""
    there = [copy.path for copy in copies_in(box.backups)]
    for path in there:
        check(path, box.keys)
    contents = [path.read_bytes() for path in there]
    kept = [content for content in before if content in contents]
    new = len(contents) - len(kept)
    assert new <= 1
    assert kept in (before, before[1:] if new else before)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["killed", "refused"])
def test_at_every_durable_operation(tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    box = Box(tmp_path, small=True)
    for _ in range(KEEP):
        shelf(box, DurableFiles()).make(NOW)
    step = 0
    while True:
        before = [copy.path.read_bytes() for copy in copies_in(box.backups)]
        if how == "killed":
            ended = not killed_at(step, lambda files: shelf(box, files).make(NOW))
        else:
            ended = refused(box, step)
        invariants(box, before)
        if ended:
            break
        # a clean run afterwards heals everything
        shelf(box, DurableFiles()).make(NOW)
        assert leftovers(box) == []
        assert len(copies_in(box.backups)) == KEEP
        step += 1
    with capsys.disabled():
        print(f"\n{how} at {step} durable operations of a backup", end=" ")
    assert step > 8


def refused(box: Box, step: int) -> bool:
    files = FaultyFiles(at=step)
    with suppress(OSError, BackupError, VaultError):
        shelf(box, files).make(NOW)
    return len(files.seen) <= step


def test_a_backup_that_cannot_be_read_back_is_removed_and_nothing_else(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)

    class Spoils(DurableFiles):
        """A disk that takes everything and keeps something else."""

        def replace(self, source: Path, target: Path) -> None:
            with source.open("r+b") as file:
                file.seek(-100, 2)
                (byte,) = file.read(1)
                file.seek(-100, 2)
                file.write(bytes([byte ^ 1]))
            super().replace(source, target)

    good = [shelf(box, DurableFiles()).make(NOW).path for _ in range(KEEP)]
    with pytest.raises(BackupError, match="is damaged"):
        shelf(box, Spoils()).make(NOW)
    assert [copy.path for copy in copies_in(box.backups)] == good


def test_short_writes_make_the_same_backup(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    shelf(box, FaultyFiles(chunk=1000)).make(NOW)
    assert shelf(box, DurableFiles()).survey(NOW).newest is not None
