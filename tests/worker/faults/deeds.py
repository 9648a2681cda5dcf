"""What a box does while its disk fails: the scenarios of the sweep and of the power cuts."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vigilar.domain.errors import UnavailableError
from vigilar.recordings.deletion import Deletion
from vigilar.recordings.service import Recordings
from vigilar.vault.errors import VaultError
from vigilar.vault.rotation import rotate
from worker.faults.box import Box, chunks, filled, names, packets, shifted
from worker.faults.disk import Disk, Unsynced
from worker.faults.invariants import Promises
from worker.recordings.vaulted import Desk


@dataclass(frozen=True)
class Gone:
    """Somebody was told that this recording is deleted."""

    path: str


@dataclass(frozen=True)
class Starred:
    """Somebody was told that this clip's star is set, or not."""

    clip: str
    on: bool


def _prepared(root: Path) -> Promises:
    box = filled(root)
    return _promised(box, root)


def _promised(box: Box, root: Path) -> Promises:
    first, second = box.sealed()
    return Promises(
        kept={first.path: packets(chunks()), second.path: packets(chunks()[:8])},
        untouched={clip.path: (root / clip.path).read_bytes() for clip in (first, second)},
        starred={first.id: False, second.id: True},
        recovery=box.keys.recovery_key(),
    )


def _empty(root: Path) -> Promises:
    root.mkdir()
    return Promises()


def _torn(root: Path) -> Promises:
    """One torn with content, one torn before any, one that lacks its last rename only."""
    promises = _prepared(root)
    box = Box(root)
    day = names(day=1)
    box.record(chunks(), day, seal=False)
    box.record(shifted(chunks()[:1], 20), day, seal=False)
    box.record(shifted(chunks()[:6], 40), day)
    complete = root / box.sealed()[-1].path
    complete.rename(complete.with_name(complete.name + ".part"))
    return promises


def _record(root: Path, disk: Disk, promises: Promises) -> None:
    """Two clips, one after the other, on a new day."""
    box = Box(root, disk)
    day = names(day=1)
    taken = {box.record(part, day): part for part in (chunks(), shifted(chunks()[:6], 30))}
    _promise_told(box, promises, {clip: packets(part) for clip, part in taken.items()})


def _promise_told(box: Box, promises: Promises, whole: dict[str, int]) -> None:
    for clip in box.sealed():
        if not clip.recovered:
            promises.kept[clip.path] = whole[clip.id]
    box.take_in()


def _recover(root: Path, disk: Disk, promises: Promises) -> None:
    box = Box(root, disk)
    box.recover()
    box.take_in()


def _delete(root: Path, disk: Disk, promises: Promises) -> None:
    box = Box(root, disk)
    doomed = min(promises.kept)
    clip_id = Path(doomed).stem

    async def work(desk: Desk) -> bool:
        try:
            await Deletion(desk.archive).delete(clip_id, "anna")
        except UnavailableError:
            return False
        return True

    if box.core(work):
        promises.gone.add(doomed)
        disk.said(Gone(doomed))
    else:
        # It may be gone or not; the other one is to stay.
        _release(promises, doomed)


def _release(promises: Promises, path: str) -> None:
    promises.kept.pop(path)
    promises.untouched.pop(path)
    promises.starred.pop(Path(path).stem)


def _star(root: Path, disk: Disk, promises: Promises) -> None:
    box = Box(root, disk)
    first, second = (Path(path).stem for path in sorted(promises.kept))

    async def work(desk: Desk) -> None:
        for clip, on in ((first, True), (second, False)):
            try:
                await Recordings(desk.archive).star(clip, on)
            except UnavailableError:
                promises.starred.pop(clip)
            else:
                promises.starred[clip] = on
                disk.said(Starred(clip, on))

    box.core(work)


def _first_start(root: Path, disk: Disk, promises: Promises) -> None:
    """Keys are made, again if that failed (the supervisor starts anew), and the first clip is recorded."""
    try:
        box = Box(root, disk)
    except (OSError, VaultError):
        box = Box(root, disk)
    clip = box.record(chunks()[:6], names())
    _promise_told(box, promises, {clip: packets(chunks()[:6])})


def _rotate(root: Path, disk: Disk, promises: Promises) -> None:
    Box(root, disk)
    with suppress(OSError, VaultError):
        rotate(root, root / "keys", disk)
    # Slots are rewritten by design; what the recordings hold is not.
    promises.untouched.clear()


def _end_rotation(root: Path) -> None:
    rotate(root, root / "keys", Unsynced(), new_key=False)


def _nothing(root: Path) -> None:
    pass


@dataclass(frozen=True)
class Deed:
    """One scenario: what is there before, what is done, what a person is told to do if it was cut off."""

    name: str
    prepare: Callable[[Path], Promises]
    do: Callable[[Path, Disk, Promises], None]
    mend: Callable[[Path], None] = _nothing


DEEDS = (
    Deed("record", _prepared, _record),
    Deed("recover", _torn, _recover),
    Deed("delete", _prepared, _delete),
    Deed("first start", _empty, _first_start),
    Deed("star", _prepared, _star),
    Deed("rotate keys", _prepared, _rotate, _end_rotation),
)
