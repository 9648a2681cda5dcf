import os
import stat
from pathlib import Path

import pytest

from vigilar.capture.mark import Mark, MarkFile
from vigilar.domain.coverage import GapReason

NOW = 10**12


def mark_file(folder: Path, *, boot: str = "boot", house: str = "1.7") -> MarkFile:
    return MarkFile(folder / "mark-door", boot=boot, house=house)


def test_a_successor_reads_what_was_left(tmp_path: Path) -> None:
    mark_file(tmp_path).write(NOW - 5, NOW - 9, None, off=False)

    assert mark_file(tmp_path).read(NOW) == Mark(NOW - 5, NOW - 9, GapReason.CAPTURE_DOWN)
    assert stat.S_IMODE((tmp_path / "mark-door").stat().st_mode) == 0o600


def test_under_another_supervisor_the_whole_worker_was_away(tmp_path: Path) -> None:
    mark_file(tmp_path).write(NOW - 5, NOW - 9, None, off=False)

    found = mark_file(tmp_path, house="1.8").read(NOW)

    assert found is not None
    assert found.reason is GapReason.WORKER_DOWN


def test_what_was_wrong_when_it_died_goes_on_being_the_reason(tmp_path: Path) -> None:
    written = mark_file(tmp_path)
    written.write(NOW - 5, NOW - 9, GapReason.STALLED, off=False)
    found = mark_file(tmp_path).read(NOW)
    assert found is not None
    assert found.reason is GapReason.STALLED

    written.write(NOW - 4, NOW - 9, None, off=True)
    found = mark_file(tmp_path).read(NOW)
    assert found is not None
    assert found.off


@pytest.mark.parametrize(
    "text",
    [
        "",
        "boot 1.7 x y -",
        "boot 1.7 5 -",
        "boot 1.7 5 9 -",
        f"boot 1.7 {NOW + 1} 9 -",
        "boot 1.7 9 5 nonsense",
    ],
)
def test_what_makes_no_sense_is_no_mark(tmp_path: Path, text: str) -> None:
    (tmp_path / "mark-door").write_text(text)

    assert mark_file(tmp_path).read(NOW) is None


def test_another_boots_mark_is_none(tmp_path: Path) -> None:
    mark_file(tmp_path, boot="older").write(NOW - 5, NOW - 9, None, off=False)

    assert mark_file(tmp_path).read(NOW) is None
    assert mark_file(tmp_path / "nowhere").read(NOW) is None


def test_where_it_cannot_be_written_the_camera_is_recorded_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unwritable = mark_file(tmp_path / "nowhere")

    for n in range(3):
        unwritable.write(NOW + n, NOW, None, off=False)

    assert len(caplog.records) == 1


def test_a_process_knows_its_supervisor_by_more_than_a_number(tmp_path: Path) -> None:
    MarkFile(tmp_path / "mark-door").write(NOW, NOW, None, off=False)

    house = (tmp_path / "mark-door").read_text().split()[1]
    assert house.startswith(f"{os.getppid()}.")
