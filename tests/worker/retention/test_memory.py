"""What is known of the clock outlives a restart, and its file outlives everything."""

from datetime import timedelta
from pathlib import Path

import pytest

from vigilar.domain.clock import Instant
from vigilar.files.durable import DurableFiles, Operation
from vigilar.retention.memory import NAME, ClockMemory
from vigilar.retention.trust import ClockTrust, first_look, look
from worker.files.faults import FaultyFiles
from worker.store.fakes import BEGIN


def at(seconds: float, off: timedelta = timedelta(0)) -> Instant:
    return Instant(BEGIN + timedelta(seconds=seconds) + off, int((seconds + 100) * 1e9), "boot")


def kept(files: FaultyFiles) -> int:
    return sum(operation is Operation.REPLACE for operation, _ in files.seen)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    trust = look(first_look(at(0), None), at(5, timedelta(days=4000)))
    ClockMemory(tmp_path, DurableFiles()).keep(trust)

    assert ClockMemory(tmp_path, DurableFiles()).load() == trust
    assert not trust.sure
    assert trust.strays


def test_it_is_written_seldom_and_at_once_when_something_happened(tmp_path: Path) -> None:
    files = FaultyFiles()
    memory = ClockMemory(tmp_path, files)
    trust: ClockTrust = first_look(at(0), None)
    for second in range(0, 1500, 5):
        trust = look(trust, at(second))
        memory.keep(trust)
    assert kept(files) == 3

    memory.keep(look(trust, at(1505, timedelta(days=-400))))
    assert kept(files) == 4


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"seen": 5}', b"\xff"])
def test_what_cannot_be_read_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)

    assert ClockMemory(tmp_path, DurableFiles()).load() is None


def test_a_full_disk_is_no_reason_to_stop_nor_to_try_at_every_look(tmp_path: Path) -> None:
    files = FaultyFiles(at=0)
    memory = ClockMemory(tmp_path, files)

    memory.keep(first_look(at(0), None))
    memory.keep(first_look(at(5), None))

    assert len(files.seen) == 1
    assert memory.load() is None
