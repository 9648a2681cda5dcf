"""Making room in a real folder of real recordings."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from vigilar.domain.clip import ClipKind
from vigilar.files.durable import DurableFiles, Operation
from vigilar.retention.ballast import Ballast, size_on
from vigilar.retention.holdings import Disk, survey
from vigilar.retention.trust import Stray
from vigilar.vault.entries import EntryKind, Reason
from worker.files.faults import FaultyFiles, KilledError
from worker.recordings.vaulted import Root
from worker.retention.shelf import evictor, lying, only, sealed
from worker.store.fakes import BEGIN, a_clip


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root.at(tmp_path)


def used(root: Root) -> int:
    return sum(each.size_bytes for each in survey(root.places))


def deletions(root: Root, camera: str = "door") -> list[Reason]:
    entries = root.journal(camera).read().entries
    return [entry.reason for entry in entries if entry.kind is EntryKind.DELETED]


@dataclass
class FullFiles(DurableFiles):
    """A full disk: nothing can be appended while the ballast lies there."""

    ballast: Path

    def before(self, operation: Operation, target: str) -> None:
        if operation is Operation.PWRITE and self.ballast.exists():
            raise OSError(28, "No space left on device")


def test_a_survey_tells_everything_from_names_and_sizes(root: Root) -> None:
    clip = sealed(root, 0, starred=True)
    segment = sealed(root, 1, "yard", kind=ClipKind.SEGMENT)
    root.files.write_atomic(root.file(clip).with_name("notes.txt"), b"foreign")
    sealed(root, 2)
    writer = root.open(a_clip("door", BEGIN + timedelta(hours=3)))  # a file being written is none yet

    found = {each.id: each for each in survey(root.places)}

    assert set(found) == {clip.id, segment.id, "door_20260301T140000Z"}
    writer.abandon()
    assert found[clip.id].starred
    assert (found[clip.id].start, found[clip.id].size_bytes) == (clip.start, clip.size_bytes)
    assert (found[segment.id].kind, found[segment.id].camera) == (ClipKind.SEGMENT, "yard")
    assert found[segment.id].path == segment.path


def test_a_survey_corrects_labels_of_a_wrong_clock(root: Root) -> None:
    clip = sealed(root, 0)
    stray = Stray(clip.start - timedelta(hours=1), None, 3600.0)

    assert survey(root.places, [stray])[0].start == clip.start + timedelta(hours=1)


def test_over_budget_segments_go_first_each_in_the_journal(root: Root) -> None:
    old, new = sealed(root, 0), sealed(root, 5)
    star = sealed(root, -9, starred=True)
    segments = [sealed(root, hour, kind=ClipKind.SEGMENT) for hour in (6, 7)]
    size = used(root) // 5

    done = evictor(root, only(max_bytes=3 * size)).round(survey(root.places))

    assert lying(root, star, old, new, *segments) == [star.id, old.id, new.id]
    assert deletions(root) == [Reason.RETENTION, Reason.RETENTION]
    assert [each.holding.id for each in done.gone] == [each.id for each in segments]
    assert {each.id for each in done.left} == {star.id, old.id, new.id}
    assert done.problem == ""


def test_stars_go_last_and_take_their_file_along(root: Root) -> None:
    star, clip = sealed(root, 0, starred=True), sealed(root, 1)

    evictor(root, only(max_bytes=used(root) // 2)).round(survey(root.places))
    assert lying(root, star, clip) == [star.id]

    evictor(root, only(max_bytes=1)).round(survey(root.places))
    assert lying(root, star) == []
    assert not root.places.star_of(star).exists()


def test_a_star_set_meanwhile_protects(root: Root) -> None:
    first, second = sealed(root, 0), sealed(root, 1)
    seen = survey(root.places)
    root.files.write_atomic(root.places.star_of(first), b"")

    evictor(root, only(max_bytes=used(root) // 2)).round(seen)

    assert lying(root, first, second) == [first.id]


def test_what_a_person_deleted_meanwhile_is_no_failure(root: Root) -> None:
    first, second = sealed(root, 0), sealed(root, 1)
    seen = survey(root.places)
    root.file(first).unlink()

    done = evictor(root, only(max_bytes=used(root))).round(seen)

    assert done.problem == ""
    assert lying(root, second) == [second.id]


def test_a_damaged_file_stays_and_the_next_goes_in_its_place(root: Root) -> None:
    clips = [sealed(root, hour) for hour in range(6)]
    for clip in clips[:4]:
        root.file(clip).write_bytes(b"scrap".ljust(root.file(clip).stat().st_size))

    done = evictor(root, only(max_bytes=used(root) - 1)).round(survey(root.places))

    assert lying(root, *clips) == [clip.id for clip in (*clips[:4], clips[5])]
    assert done.problem == ""


def test_a_full_disk_is_helped_by_the_ballast(root: Root) -> None:
    clip = sealed(root, 0)
    ballast = Ballast(root.path, root.files)
    ballast.make(1 << 20)
    assert ballast.path.stat().st_blocks * 512 >= 1 << 20

    done = evictor(root, only(max_bytes=1), FullFiles(ballast.path)).round(survey(root.places))

    assert (lying(root, clip), done.problem) == ([], "")
    assert deletions(root) == [Reason.RETENTION]


def test_where_nothing_can_be_journalled_nothing_is_deleted(root: Root) -> None:
    clips = [sealed(root, hour) for hour in range(5)]
    files = FaultyFiles()
    blocked = root.path / "journal" / "door.journal"
    blocked.unlink()
    blocked.mkdir()

    done = evictor(root, only(max_bytes=1), files).round(survey(root.places))

    assert len(lying(root, *clips)) == 5
    assert "could not be deleted" in done.problem
    # and it was not tried with every single file
    assert sum(operation is Operation.OPEN for operation, _ in files.seen) <= 4


def test_whichever_step_fails_no_file_goes_without_its_entry(root: Root) -> None:
    at = 0
    while True:
        clip = sealed(root, at)
        files = FaultyFiles(at=at)
        done = evictor(root, only(max_bytes=1), files).round(survey(root.places))

        if not root.file(clip).exists():
            ids = {
                e.file_id.hex() for e in root.journal("door").read().entries if e.kind is EntryKind.DELETED
            }
            assert clip.file_id in ids
        else:
            assert done.problem
        if len(files.seen) <= at:
            return
        at += 1


def test_a_crash_at_any_step_leaves_a_recording_whole_or_gone_with_its_entry(root: Root) -> None:
    at = 0
    while True:
        clip = sealed(root, at)
        try:
            evictor(root, only(max_bytes=1), FaultyFiles(at=at, kill=True)).round(survey(root.places))
            done = True
        except KilledError:
            done = False
        entries = [e for e in root.journal("door").read().entries if e.kind is EntryKind.DELETED]
        assert root.file(clip).exists() or entries[-1].file_id.hex() == clip.file_id
        if done:
            return
        at += 1


def test_age_takes_only_its_share(root: Root) -> None:
    clips = [sealed(root, hour) for hour in range(40)]
    tired = evictor(root, only(clip_age_s=60.0))

    done = tired.round(survey(root.places), aged_at=BEGIN + timedelta(days=99))

    assert lying(root, *clips) == [clip.id for clip in clips[2:]]
    assert done.next_age_h == pytest.approx(1.0)


def test_the_ballast_comes_back_when_there_is_room(root: Root) -> None:
    sealed(root, 0)
    roomy = evictor(root)

    roomy.round(survey(root.places))

    assert roomy.ballast.there()
    assert roomy.ballast.path.stat().st_size == size_on(roomy.disk())


def test_the_ballast_is_not_made_on_a_disk_that_is_not_ours(root: Root) -> None:
    nowhere = evictor(root)

    nowhere.round(survey(root.places))

    assert not nowhere.ballast.there()


@pytest.mark.parametrize(
    ("total", "size"), [(64 << 20, (64 << 20) // 50), (10**12, 32 << 20), (100, 1 << 20)]
)
def test_the_ballast_fits_the_disk(total: int, size: int) -> None:
    assert size_on(Disk(total, 0)) == size


def test_what_fails_while_the_ballast_is_made_leaves_nothing_behind(root: Root) -> None:
    at = 0
    while True:
        files = FaultyFiles(at=at)
        ballast = Ballast(root.path, files)
        try:
            ballast.make(1 << 20)
            failed = False
        except OSError:
            failed = True
        if len(files.seen) <= at:
            break
        assert failed
        left = {path.name for path in root.path.iterdir()} - {"keys", "ballast"}
        assert left == set()
        ballast.path.unlink(missing_ok=True)
        at += 1
    assert at > 4
