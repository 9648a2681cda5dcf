from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from vigilar.domain.clock import Instant
from vigilar.domain.coverage import CoverageQuery, Gap, GapReason, Span
from vigilar.domain.errors import InvalidRequestError
from vigilar.store.coverage import Coverage, CoverageMark
from vigilar.store.engine import make_engine
from worker.store.fakes import BEGIN, make_tables


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Coverage]:
    make_tables(tmp_path / "vigilar.db")
    engine = make_engine(tmp_path / "vigilar.db")
    with engine.begin() as connection:
        yield Coverage(connection)
    engine.dispose()


def a_gap(
    start: float,
    end: float,
    reason: GapReason = GapReason.STALLED,
    *,
    camera: str = "door",
    boots: tuple[str, str] = ("boot", "boot"),
) -> Gap:
    first, last = BEGIN + timedelta(seconds=start), BEGIN + timedelta(seconds=end)
    return Gap("", camera, first, last, reason, "why", boots[0], int((1000 + start) * 1e9), boots[1])


def spans(ledger: Coverage, camera: str = "door") -> list[tuple[float, float, str]]:
    page = ledger.page(CoverageQuery(cameras=(camera,), limit=100))
    return [
        ((gap.start - BEGIN).total_seconds(), (gap.end - BEGIN).total_seconds(), gap.reason)
        for gap in reversed(page.items)
    ]


def test_the_same_gap_twice_is_one_row(ledger: Coverage) -> None:
    assert ledger.add(a_gap(0, 5)) == 5
    assert ledger.add(a_gap(0, 5)) == 0

    assert spans(ledger) == [(0, 5, "stalled")]


def test_of_an_overlap_only_what_is_new_is_kept(ledger: Coverage) -> None:
    ledger.add(a_gap(10, 20))
    ledger.add(a_gap(30, 40))

    assert ledger.add(a_gap(5, 35, GapReason.CAMERA_OFFLINE)) == 15

    offline = "camera_offline"
    assert spans(ledger) == [(5, 10, offline), (10, 20, "stalled"), (20, 30, offline), (30, 40, "stalled")]


def test_gaps_of_one_reason_that_touch_are_one(ledger: Coverage) -> None:
    ledger.add(a_gap(0, 5))
    ledger.add(a_gap(10, 15))
    ledger.add(a_gap(5, 10))

    assert spans(ledger) == [(0, 15, "stalled")]


def test_cameras_do_not_share_gaps(ledger: Coverage) -> None:
    ledger.add(a_gap(0, 5))
    assert ledger.add(a_gap(0, 5, camera="yard")) == 5


def test_pages_and_filters(ledger: Coverage) -> None:
    for n in range(5):
        ledger.add(a_gap(10 * n, 10 * n + 5, camera="yard" if n == 2 else "door"))

    def starts(**filters: object) -> list[float]:
        page = ledger.page(CoverageQuery(**filters))  # type: ignore[arg-type]
        return [(gap.start - BEGIN).total_seconds() for gap in page.items]

    assert starts() == [40, 30, 20, 10, 0]
    assert starts(cameras=("yard",)) == [20]
    assert starts(reasons=(GapReason.DISK_LATE,)) == []
    # a gap that reaches into the window is in it
    assert starts(after=BEGIN + timedelta(seconds=14), before=BEGIN + timedelta(seconds=30)) == [20, 10]
    first = ledger.page(CoverageQuery(limit=2))
    assert starts(limit=2, cursor=first.next_cursor) == [20, 10]
    with pytest.raises(InvalidRequestError):
        ledger.page(CoverageQuery(cursor="x"))


def test_the_labels_of_one_boot_move_together(ledger: Coverage) -> None:
    here, before = Instant(BEGIN, 5, "boot"), Instant(BEGIN, 5, "older")
    ledger.add(a_gap(-20, -10, boots=("older", "older")))
    ledger.add(a_gap(0, 5))
    ledger.keep_marks([CoverageMark("door", True, before, here)])

    ledger.shift("boot", timedelta(hours=1))

    assert spans(ledger) == [(-20, -10, "stalled"), (3600, 3605, "stalled")]
    mark = ledger.marks()["door"]
    assert (mark.since.wall, mark.covered.wall) == (BEGIN, BEGIN + timedelta(hours=1))


def test_a_gap_over_a_reboot_into_a_wrong_year_is_right_once_the_clock_is(ledger: Coverage) -> None:
    # given a box that was without power for a minute and believes to be in 1970
    years = timedelta(days=56 * 365)
    wrong = a_gap(0, 60 - years.total_seconds(), GapReason.WORKER_DOWN, boots=("older", "boot"))
    assert ledger.add(wrong) == 0

    # when its clock is set
    ledger.shift("boot", years)

    # then the minute is there
    assert spans(ledger) == [(0, 60, "worker_down")]


def test_marks_are_kept_and_replaced(ledger: Coverage) -> None:
    first = CoverageMark("door", True, Instant(BEGIN, 5, "boot"), Instant(BEGIN, 5, "boot"))
    later = CoverageMark("door", False, Instant(BEGIN, 7, "boot"), Instant(BEGIN, 9, "boot"))
    ledger.keep_marks([first])
    assert ledger.marks() == {"door": first}
    ledger.keep_marks([later])
    assert ledger.marks() == {"door": later}


def test_old_gaps_are_dropped(ledger: Coverage) -> None:
    ledger.add(a_gap(0, 5))
    ledger.add(a_gap(10, 15))

    assert ledger.trim(BEGIN + timedelta(seconds=7)) == 1
    assert ledger.within(Span(BEGIN, BEGIN + timedelta(days=1)))[0].seconds == 5


def test_the_store_refuses_two_rows_of_one_beginning(ledger: Coverage, tmp_path: Path) -> None:
    ledger.add(a_gap(0, 5))
    connection: Connection = ledger._connection
    with pytest.raises(Exception, match="UNIQUE"):
        connection.exec_driver_sql(
            "INSERT INTO coverage_gaps SELECT 'other', camera, start, \"end\", reason, detail, boot_id, "
            "monotonic_ns, end_boot_id FROM coverage_gaps"
        )
