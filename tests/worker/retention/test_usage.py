"""Used, growing, lasting."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.api.services import StorageView
from vigilar.domain.clip import ClipKind
from vigilar.domain.settings import CameraRetention, RetentionSettings
from vigilar.retention.holdings import Disk, Holding
from vigilar.retention.policy import Limits
from vigilar.retention.usage import days_left, rate_of, view_of
from worker.retention.shelf import holding
from worker.store.fakes import BEGIN

DISK = Disk(100_000, 20_000)
FREE_20 = Limits({"door": CameraRetention(3000)}, RetentionSettings(min_free=10_000))


def view(holdings: list[Holding], limits: Limits = FREE_20, disk: Disk = DISK) -> StorageView:
    return view_of(holdings, limits, disk, BEGIN, ballast=True, clock_sure=True, configured=("door", "yard"))


def hourly(camera: str, days: int, *, kind: ClipKind = ClipKind.CLIP) -> list[Holding]:
    return [holding(n, camera, kind=kind, hours=-n) for n in range(1, 24 * days + 1)]


def test_what_each_camera_takes_is_told_for_those_without_recordings_too() -> None:
    shown = view([holding(1, hours=-5, starred=True), holding(2, kind=ClipKind.SEGMENT), holding(3, "old")])

    door, yard, old = shown.cameras
    assert (door.camera, door.used_bytes, door.clips, door.segments, door.starred) == ("door", 200, 1, 1, 1)
    assert door.oldest == BEGIN - timedelta(hours=5)
    assert (yard.camera, yard.used_bytes, yard.oldest, yard.bytes_per_day) == ("yard", 0, None, None)
    assert (old.camera, old.used_bytes) == ("old", 100)
    assert shown.used_bytes == 300
    assert (shown.disk_bytes, shown.free_bytes, shown.min_free_bytes) == (100_000, 20_000, 10_000)


def test_the_rate_is_that_of_the_last_days() -> None:
    quiet_then_busy = [holding(0, hours=-24.0 * 20), *hourly("door", 3)]

    assert rate_of(quiet_then_busy, BEGIN) == pytest.approx(2400)


def test_a_young_house_is_not_taken_for_a_slow_one() -> None:
    assert rate_of(hourly("door", 1), BEGIN) == pytest.approx(2400)
    assert rate_of([holding(1, hours=-0.5)], BEGIN) is None
    assert rate_of([], BEGIN) is None


def test_segments_that_reach_less_far_back_count_in_full() -> None:
    both = [*hourly("door", 3), *hourly("door", 1, kind=ClipKind.SEGMENT)]

    assert rate_of(both, BEGIN) == pytest.approx(4800)


def test_a_camera_that_has_fallen_silent_grows_no_more() -> None:
    assert rate_of([holding(1, hours=-24.0 * 9)], BEGIN) == 0


def test_days_left_is_what_is_used_up_first() -> None:
    # 20 000 free, 10 000 to stay free, 4800 a day in all; the door has 600 left of its own budget
    shown = view([*hourly("door", 1), *hourly("yard", 1)])

    assert shown.bytes_per_day == pytest.approx(4800)
    assert shown.days_left == pytest.approx(10_000 / 4800)
    door, yard = shown.cameras
    assert door.days_left == pytest.approx(600 / 2400)
    assert yard.days_left == shown.days_left


def test_a_budget_for_all_ends_the_days_too() -> None:
    shown = view(hourly("yard", 1), Limits({}, RetentionSettings(3600, 0)))

    assert shown.days_left == pytest.approx(0.5)


@given(st.integers(-100, 100), st.none() | st.floats(0, 1e12))
def test_days_left_are_never_negative(room: int, rate: float | None) -> None:
    left = days_left(room, rate)

    assert left is None or left >= 0
    assert room > 0 or left == 0
