"""Which backups stay, and which one counts as the newest good one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from vigilar.backup.shelf import Shelf, copies_in
from worker.backup.box import NOW, Box, plenty


def shelf(box: Box, keep: int = 7) -> Shelf:
    return Shelf(box.backups, keep, box.places, keys=box.keys, files=box.files, free=plenty)


def days(box: Box) -> list[str]:
    return [f"{copy.at:%Y-%m-%d}" for copy in copies_in(box.backups)]


def test_seven_nights_are_kept(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    for night in range(9):
        shelf(box).make(NOW + timedelta(days=night))
    assert days(box) == [
        f"2026-{day}" for day in ("11-26", "11-27", "11-28", "11-29", "11-30", "12-01", "12-02")
    ]


def test_other_files_in_the_folder_are_nobodys_business(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    box.backups.mkdir()
    others = [box.backups / name for name in ("vigilar-old.vgb", "vigilar-20261399T000000Z.vgb", "notes.txt")]
    for path in others:
        path.write_text("mine")
    for night in range(3):
        shelf(box, keep=1).make(NOW + timedelta(days=night))
    assert len(copies_in(box.backups)) == 1
    assert all(path.read_text() == "mine" for path in others)


def test_a_night_in_a_wrong_future_does_not_stay_for_ever(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    shelf(box, 3).make(NOW)
    shelf(box, 3).make(NOW + timedelta(days=3650))  # the clock jumped, and came back
    for night in (1, 2):
        shelf(box, 3).make(NOW + timedelta(days=night))
    assert days(box) == ["2026-11-24", "2026-11-25", "2026-11-26"]


def test_a_box_that_boots_in_1970_removes_one_for_one_and_never_its_newest(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    for night in range(3):
        shelf(box, 3).make(NOW + timedelta(days=night))
    made = shelf(box, 3).make(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    assert made.path.exists()
    assert days(box) == ["1970-01-01", "2026-11-25", "2026-11-26"]


def test_the_newest_good_one_is_found_behind_a_damaged_one(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    good = shelf(box).make(NOW)
    bad = shelf(box).make(NOW + timedelta(days=1))
    bad.path.write_bytes(bad.path.read_bytes()[:-1])
    survey = shelf(box).survey(NOW + timedelta(days=2))
    assert survey.newest == good
    assert len(survey.damaged) == 1
    assert bad.path.name in survey.damaged[0]


def test_two_in_the_same_second_both_stay(tmp_path: Path) -> None:
    box = Box(tmp_path, small=True)
    assert shelf(box).make(NOW).path != shelf(box).make(NOW).path
    assert len(copies_in(box.backups)) == 2
