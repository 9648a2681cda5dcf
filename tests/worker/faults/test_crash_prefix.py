"""The power goes at every moment of what a box does; it starts again from every state that may leave."""

import copy
import random
from pathlib import Path

import pytest

from vigilar.bus.messages import ClipSealed
from worker.faults.box import chunks, packets
from worker.faults.deeds import DEEDS, Deed, Gone, Starred
from worker.faults.disk import Disk
from worker.faults.invariants import Promises, assert_sound, copy_of
from worker.faults.medium import Medium, Wreck

pytestmark = pytest.mark.timeout(400)
FEW, MANY = 60, 1200


def promised(before: Promises, said: list[object], after: Promises) -> Promises:
    """Return what had been promised when the power went: what was there before, and what was said since.

    What was being changed just then may be either way.
    """
    promises = copy.deepcopy(before)
    for path in after.gone:
        promises.kept.pop(path)
        promises.untouched.pop(path)
    promises.starred = {clip: on for clip, on in before.starred.items() if after.starred.get(clip) == on}
    promises.untouched = {
        path: whole for path, whole in promises.untouched.items() if path in after.untouched
    }
    for what in said:
        if isinstance(what, ClipSealed) and what.clip.path in after.kept:
            promises.kept[what.clip.path] = after.kept[what.clip.path]
        elif isinstance(what, Starred):
            promises.starred[what.clip] = what.on
        elif isinstance(what, Gone):
            promises.gone.add(what.path)
    return promises


type State = tuple[int, Wreck, list[object]]
"""Operations done, what is left, what was said by then."""


def wrecks(disk: Disk, before: Path, most: int) -> tuple[list[State], int]:
    """Return `most` different states drawn by lot, and how many there are."""
    chance = random.Random(7)
    medium = Medium(disk, before)
    seen: dict[bytes, State] = {}
    for number, done in enumerate(disk.log):
        for wreck in medium.wrecks(chance):
            # Of equal states the latest counts: most was promised by then.
            seen[wreck.digest] = (number, wreck, list(medium.said))
        medium.play(done)
    for wreck in medium.wrecks(chance):
        seen[wreck.digest] = (len(disk.log), wreck, list(medium.said))
    found = list(seen.values())
    return (found if len(found) <= most else chance.sample(found, most)), len(found)


def start_from_all(deed: Deed, folder: Path, most: int) -> None:
    before = folder / "before"
    known = deed.prepare(before)
    root, after = copy_of(before, folder / "box"), copy.deepcopy(known)
    disk = Disk(root)
    deed.do(root, disk, after)
    states, count = wrecks(disk.finish(), before, most)
    box = folder / "wreck"
    for number, wreck, said in states:
        wreck.write_to(box)
        promises = promised(known, said, after)
        try:
            deed.mend(box)
            assert_sound(box, promises)
        except Exception as err:
            err.add_note(f"{deed.name}: power cut after {number} of {len(disk.log)} operations")
            raise
    print(f"{deed.name}: {len(disk.log)} operations, {count} crash states, {len(states)} started from")


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_whenever_the_power_goes_what_was_told_is_there(deed: Deed, folder: Path) -> None:
    start_from_all(deed, folder, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_whatever_state_a_power_cut_leaves_what_was_told_is_there(deed: Deed, folder: Path) -> None:
    start_from_all(deed, folder, MANY)


def test_the_medium_keeps_what_was_synced_and_tears_what_was_not(folder: Path) -> None:
    # Given a file with a synced and an unsynced half, and a name that is not durable
    before, root = folder / "before", folder / "box"
    before.mkdir()
    copy_of(before, root)
    disk = Disk(root)
    fd = disk.open_exclusive(root / "a")
    disk.fsync_dir(root)
    disk.write(fd, b"synced")
    disk.fdatasync(fd)
    disk.write(fd, b"loose!")
    disk.open_exclusive(root / "b")
    medium = Medium(disk.finish(), before)
    for done in disk.log:
        medium.play(done)

    # When the power goes
    states = {tuple(sorted(wreck.entries.items())) for wreck in medium.wrecks(random.Random(1))}

    # Then every state is found that may be
    halves = {b"synced", b"syncedloose!", b"syncedloo", b"synced" + bytes(6)}
    expected = {(("a", content),) for content in halves}
    expected |= {(("a", content), ("b", b"")) for content in halves}
    assert states == expected


def test_all_pictures_of_a_box_hold_the_canary() -> None:
    assert packets(chunks()) == 30
