"""What must hold after whatever fault, once the box has started again."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from vigilar.domain.query import ClipQuery
from vigilar.recordings.reconcile import Reconciler
from vigilar.recordings.service import Recordings
from vigilar.store.clips import Clips
from vigilar.vault.audit import verify_camera
from vigilar.vault.reader import VaultReader
from vigilar.vault.verify import FileStatus
from vigilar.vault.wrapping import RecoveryKey
from worker.faults.box import CAMERA, CANARY, Box
from worker.recordings.vaulted import Desk

LEFTOVERS = {".part", ".salvage", ".tmp"}


@dataclass
class Promises:
    """What the box has told the world.

    `kept`: path of a recording → how many pictures it holds. `untouched`: path → its bytes.
    `gone`: paths that were deleted for good. `starred`: ids whose star was set (True) or taken away (False).
    `recovery`: the key somebody wrote down, if anybody did already.
    """

    kept: dict[str, int] = field(default_factory=dict)
    untouched: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    starred: dict[str, bool] = field(default_factory=dict)
    recovery: RecoveryKey | None = None


def restarted(root: Path) -> tuple[Box, dict[str, bool]]:
    """Start anew over the folder: keys, recovery, index; return (the box, rows: path → star)."""
    box = Box(root)
    box.recover()

    async def start(desk: Desk) -> dict[str, bool]:
        await Recordings(desk.archive).finish_deletions()
        await Reconciler(desk.archive).everything([CAMERA])
        page = await desk.database.run(lambda c: Clips(c).page(ClipQuery(limit=200)))
        return {view.clip.path: view.starred for view in page.items}

    return box, box.core(start)


def assert_sound(root: Path, promises: Promises) -> None:
    """Start anew over the folder and hold it to everything that must be true, and to what was promised."""
    box, rows = restarted(root)
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*.vge")}
    _no_leftovers(root)
    assert set(rows) == set(files), "the index and the files differ"
    recovery = promises.recovery or box.keys.recovery_key()
    pictures = {}
    for name, path in files.items():
        with VaultReader.open(path, recovery) as reader:
            content = reader.read(0, reader.size)
        with VaultReader.open(path, box.keys) as reader:
            assert reader.read(0, reader.size) == content
        assert content
        pictures[name] = content.count(CANARY)
    _no_plaintext(root)
    report = verify_camera(root, CAMERA, box.keys, box.shelf.journal)
    assert report.problems == ()
    assert all(file.status is FileStatus.SEALED for file in report.files), report
    _kept(files, pictures, promises)
    stars = {Path(path).stem: starred for path, starred in rows.items()}
    for clip, starred in promises.starred.items():
        assert stars.get(clip, starred) == starred, "a star is not what was told"


def _no_leftovers(root: Path) -> None:
    left = [path.name for path in root.rglob("*") if path.suffix in LEFTOVERS]
    assert left == [], "leftovers stay for ever"


def _no_plaintext(root: Path) -> None:
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert CANARY not in content, f"{path.name} holds plaintext"
            assert b"ftyp" not in content, f"{path.name} holds plaintext"


def _kept(files: dict[str, Path], pictures: dict[str, int], promises: Promises) -> None:
    missing = {path for path in promises.kept if path not in files} - promises.gone
    assert not missing, "what was told to be sealed is not there"
    for path, count in promises.kept.items():
        if path in files:
            assert pictures[path] == count, "a sealed recording lacks pictures"
    for path, content in promises.untouched.items():
        if path not in promises.gone:
            assert files[path].read_bytes() == content, "an earlier recording was changed"
    assert not promises.gone & set(files), "what was deleted is back"


def copy_of(root: Path, target: Path) -> Path:
    """Return a copy of a box's folder."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(root, target)
    return target


def index_of(root: Path, target: Path) -> None:
    """Give `target` the index of `root`: a commit that returned survives a power cut."""
    for path in root.glob("vigilar.db*"):
        shutil.copy(path, target / path.name)
