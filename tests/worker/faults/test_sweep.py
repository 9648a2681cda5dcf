"""Every durable operation fails in turn, in every way, until none is left; then the box starts again."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from vigilar.vault.errors import VaultError
from worker.faults.deeds import DEEDS, Deed
from worker.faults.disk import Disk, Fault
from worker.faults.invariants import assert_sound, copy_of, index_of
from worker.faults.medium import Medium

pytestmark = pytest.mark.timeout(300)


def cut_off(disk: Disk, before: Path, folder: Path) -> Path:
    """Return the folder as it is when the power goes now and nothing is kept but what was synced."""
    medium = Medium(disk.finish(), before)
    for done in disk.log:
        medium.play(done)
    medium.cut().write_to(folder)
    index_of(disk.root, folder)
    return folder


def _cases() -> Iterator[object]:
    for deed in DEEDS:
        for fault in Fault:
            if deed.name == "star" and fault in {Fault.SHORT, Fault.LOST}:
                continue  # an empty file: nothing is written, nothing synced but its folder
            is_long = deed.name in {"record", "recover", "first start"} and fault in {Fault.FULL, Fault.IO}
            marks = [pytest.mark.slow] if is_long else []
            yield pytest.param(deed, fault, id=f"{deed.name}-{fault.value}", marks=marks)


@pytest.mark.parametrize(("deed", "fault"), _cases())
def test_whatever_operation_fails_nothing_is_lost(deed: Deed, fault: Fault, folder: Path) -> None:
    # Given what is there before
    before = folder / "before"
    known = deed.prepare(before)
    points = 0
    while True:
        # When operation number `points` fails
        root, promises = copy_of(before, folder / "box"), copy.deepcopy(known)
        disk = Disk(root, fault, points)
        with suppress(OSError, VaultError):
            # What comes out of it ends the process, which is started again.
            deed.do(root, disk, promises)
        after_cut = cut_off(disk, before, folder / "cut")

        # Then all holds after a clean start, and after a power cut that takes what was not synced
        try:
            for place in (root, after_cut):
                deed.mend(place)
                assert_sound(place, promises)
        except Exception as err:
            err.add_note(f"{deed.name}, {fault.value}, operation {points}: {disk.hit or 'none'}")
            raise
        if not disk.hit:
            break
        points += 1
    print(f"{deed.name}: {points} operations failed with {fault.value}")
    assert points
