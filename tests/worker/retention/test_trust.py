"""The clock is believed when it behaves, and not when it jumps."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.domain.clock import Instant
from vigilar.retention.trust import ClockTrust, corrected, first_look, look

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
YEAR_1970 = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = timedelta(days=3652)


@dataclass
class Box:
    """A machine with its clock; looks every so often."""

    wall: datetime = NOW
    uptime: timedelta = timedelta(hours=5)
    boot: str = "boot-1"
    trust: ClockTrust | None = None
    newest: datetime | None = None

    def look(self) -> ClockTrust:
        now = Instant(self.wall, int(self.uptime.total_seconds() * 1e9), self.boot)
        self.trust = first_look(now, self.newest) if self.trust is None else look(self.trust, now)
        return self.trust

    def run(self, span: timedelta, looks: int = 50) -> "Box":
        for _ in range(looks):
            self.wall += span / looks
            self.uptime += span / looks
            self.look()
        return self

    def jump(self, span: timedelta) -> "Box":
        self.wall += span
        self.look()
        return self

    def reboot(self, off: timedelta, wall: datetime | None = None) -> "Box":
        self.wall = wall if wall is not None else self.wall + off
        self.uptime = timedelta(seconds=20)
        self.boot += "+"
        self.look()
        return self

    @property
    def sure(self) -> bool:
        assert self.trust is not None
        return self.trust.sure


def started() -> Box:
    box = Box()
    box.look()
    return box.run(timedelta(hours=1))


def test_a_clock_that_runs_is_believed() -> None:
    assert started().run(timedelta(days=400), looks=400).sure


@pytest.mark.parametrize("minutes", [-59, -1, 1, 59])
def test_summer_time_and_small_corrections_are_no_matter(minutes: int) -> None:
    assert started().jump(timedelta(minutes=minutes)).sure


@pytest.mark.parametrize("jump", [timedelta(hours=2), timedelta(hours=-2), YEARS, -YEARS])
def test_a_jump_is_not_believed_and_its_reversal_is_at_once(jump: timedelta) -> None:
    box = started().jump(jump)
    assert not box.sure

    box.run(timedelta(minutes=5)).jump(-jump)

    assert box.sure


def test_ten_years_ahead_are_not_believed_within_months_nor_through_restarts() -> None:
    box = started().jump(YEARS)
    for _ in range(30):
        box.run(timedelta(days=5)).reboot(timedelta(minutes=2))
        assert not box.sure


def test_a_box_that_was_away_is_believed_after_a_tenth_of_the_time() -> None:
    box = started().reboot(timedelta(days=3))
    assert not box.sure

    assert not box.run(timedelta(hours=6)).sure
    assert box.run(timedelta(hours=2)).sure


def test_a_quick_restart_changes_nothing() -> None:
    assert started().reboot(timedelta(minutes=3)).sure


def test_a_boot_in_1970_is_never_believed_and_the_right_time_is() -> None:
    box = started().reboot(timedelta(minutes=5), wall=YEAR_1970)
    assert not box.run(timedelta(days=40)).sure

    box.wall = NOW + timedelta(hours=1, minutes=5) + timedelta(days=40)
    box.look()

    assert box.sure


def test_the_very_first_start_in_1970_waits_for_the_right_time_only() -> None:
    box = Box(wall=YEAR_1970, uptime=timedelta(seconds=30))
    box.look()
    assert not box.run(timedelta(minutes=10)).sure

    box.wall = NOW
    assert box.look().sure
    assert box.trust is not None
    # and what was labelled in 1970 is known to be of today
    label = YEAR_1970 + timedelta(minutes=4)
    truly = corrected(label, box.trust.strays)
    assert abs(truly - (NOW - timedelta(minutes=6))) < timedelta(minutes=1)


def test_without_memory_the_newest_recording_speaks_against_a_clock_far_ahead() -> None:
    box = Box(wall=NOW + YEARS, newest=NOW)
    box.look()

    assert not box.run(timedelta(days=60)).sure


def test_labels_given_by_a_wrong_clock_keep_their_place_in_the_order() -> None:
    # given recordings before, during and after a jump of ten years back that is mended later
    box = started()
    before = box.wall
    box.run(timedelta(minutes=10)).jump(-YEARS)
    box.run(timedelta(minutes=10))
    during = box.wall
    trust = box.trust
    assert trust is not None
    assert before < corrected(during, trust.strays) <= before + timedelta(minutes=21)

    box.run(timedelta(minutes=10)).jump(YEARS).run(timedelta(minutes=10))
    after = box.wall

    # then they stand in the order in which they were made
    assert box.trust is not None
    order = [corrected(label, box.trust.strays) for label in (before, during, after)]
    assert order == sorted(order)
    assert order[1] - order[0] < timedelta(minutes=25)


def test_labels_of_a_clock_that_was_believed_in_the_end_stay_as_they_are() -> None:
    box = started().reboot(timedelta(days=3))
    label = box.wall
    box.run(timedelta(hours=9))

    assert box.trust is not None
    assert corrected(label, box.trust.strays) == label


STEPS = st.lists(st.tuples(st.sampled_from(["jump", "reboot", "run"]), st.integers(-4000, 4000)), max_size=20)


@given(STEPS)
def test_whatever_happened_a_jump_ahead_is_not_believed_soon(steps: list[tuple[str, int]]) -> None:
    box = started()
    for what, days in steps:
        span = timedelta(days=days)
        if what == "jump":
            box.jump(span)
        elif what == "reboot":
            box.reboot(span)
        else:
            box.run(abs(span) / 100, looks=3)
    if not box.sure:
        return
    box.jump(timedelta(days=30))
    assert not box.run(timedelta(days=2), looks=5).sure


def test_memory_survives_its_own_file_format() -> None:
    trust = replace(started().jump(YEARS).trust or first_look(Instant(NOW, 0, "b"), None), held_s=5.0)

    assert msgspec.json.decode(msgspec.json.encode(trust), type=ClockTrust) == trust
