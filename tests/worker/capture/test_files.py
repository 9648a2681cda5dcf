from datetime import UTC, datetime, timedelta
from pathlib import Path

from vigilar.capture.actions import Name
from vigilar.capture.files import Names, path_of, taken_names
from vigilar.domain.clip import CLIP_ID_PATTERN, ClipKind
from worker.capture.clocks import HandClock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_recording_is_named_after_the_second_its_first_packet_came() -> None:
    clock = HandClock(NOON)
    names = Names("door", clock)

    name = names(clock.ns - 5_500_000_000)

    assert name == Name("door_20261121T115954Z", NOON - timedelta(seconds=5.5))


def test_several_of_one_second_are_numbered_also_after_a_restart_or_when_the_clock_went_back() -> None:
    clock = HandClock(NOON)
    names = Names("door", clock, taken=["door_20261121T120000Z"])

    second, third = names(clock.ns), names(clock.ns)
    clock.wall = NOON  # somebody set the clock back by the second that has passed
    clock.ns += 1_000_000_000

    assert [second.clip_id, third.clip_id] == ["door_20261121T120000Z_2", "door_20261121T120000Z_3"]
    assert names(clock.ns).clip_id == "door_20261121T120000Z_4"
    assert CLIP_ID_PATTERN.fullmatch(third.clip_id)


def test_clips_and_segments_lie_apart_by_camera_and_utc_day() -> None:
    name = Name("door_20261121T120000Z", NOON)

    assert path_of(Path("/s"), ClipKind.CLIP, "door", name) == Path(
        "/s/clips/door/2026-11-21/door_20261121T120000Z.vge"
    )
    assert path_of(Path("/s"), ClipKind.SEGMENT, "door", name).is_relative_to("/s/segments/door/2026-11-21")


def test_names_of_files_that_exist_are_found_finished_or_not(tmp_path: Path) -> None:
    for kind, day, file in (
        ("clips", "2026-11-21", "door_20261121T120000Z.vge"),
        ("clips", "2026-11-21", "door_20261121T120000Z.star"),
        ("segments", "2026-11-20", "door_20261120T235900Z.vge.part"),
        ("clips", "2026-11-01", "door_20261101T120000Z.vge"),
    ):
        path = tmp_path / kind / "door" / day / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert set(taken_names(tmp_path, "door", NOON)) == {"door_20261121T120000Z", "door_20261120T235900Z"}
