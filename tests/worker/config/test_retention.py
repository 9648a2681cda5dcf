"""How much is kept, as it stands in the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.config.schema import schema_text
from vigilar.config.sizes import bytes_of
from vigilar.domain.settings import DAY_S, CameraRetention, RetentionSettings

from .writing import loaded, problems

CAMERA = "cameras: {a: {main: /v.mp4}}\n"


def test_untouched_it_keeps_clips_for_a_month_segments_for_a_week_and_minds_the_disk(tmp_path: Path) -> None:
    found = loaded(tmp_path, CAMERA)

    assert found.core.retention == RetentionSettings(None, None, CameraRetention(None, 30 * DAY_S, 7 * DAY_S))
    assert found.core.cameras[0].retention == CameraRetention(None, 30 * DAY_S, 7 * DAY_S)


def test_a_camera_takes_over_ages_but_for_its_own_and_has_a_budget_of_its_own(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """
        retention: {max_bytes: 200GB, min_free: 5 GiB, max_age: 60, max_age_segments: 3}
        cameras:
          a: {main: /v.mp4}
          b: {main: /v.mp4, retention: {max_bytes: 50GB, max_age: null}}
          c: {main: /v.mp4, retention: {max_age_segments: 0.5}}
        """,
    )

    kept = found.core.retention
    a, b, c = (camera.retention for camera in found.core.cameras)
    assert (kept.max_bytes, kept.min_free) == (200 * 10**9, 5 << 30)
    assert kept.other == a == CameraRetention(None, 60 * DAY_S, 3 * DAY_S)
    assert b == CameraRetention(50 * 10**9, None, 3 * DAY_S)
    assert c == CameraRetention(None, 60 * DAY_S, 0.5 * DAY_S)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("200GB", 200 * 10**9),
        ("1.5 TiB", 3 << 39),
        ("500 mb", 500 * 10**6),
        ("3g", 3 * 10**9),
        ("2Gi", 2 << 30),
        ("7B", 7),
        ("123456789", 123456789),
    ],
)
def test_sizes_are_written_as_people_do(text: str, size: int) -> None:
    assert bytes_of(text) == size


@given(st.integers(0, 10**15))
def test_a_plain_number_is_bytes(number: int) -> None:
    assert bytes_of(f"{number}") == bytes_of(f"{number}B") == number


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("retention: {max_bytes: lots}", "retention.max_bytes", "not a size"),
        ("retention: {max_bytes: -5GB}", "retention.max_bytes", "not a size"),
        ("retention: {max_bytes: true}", "retention.max_bytes", "not a size"),
        ("retention: {max_bytes: 1.5}", "retention.max_bytes", "not a size"),
        ("retention: {max_bytes: 200}", "retention.max_bytes", "less than 100MB"),
        ("retention: {min_free: 9999999TB}", "retention.min_free", "larger than any disk"),
        ("retention: {min_free: -1}", "retention.min_free", "greater than or equal to 0"),
        ("retention: {max_age: 0}", "retention.max_age", "greater than 0"),
        ("retention: {max_age: 30d}", "retention.max_age", "valid number"),
        ("retention: {max_aeg: 30}", "retention.max_aeg", "did you mean 'max_age'"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(
    tmp_path: Path, text: str, key: str, said: str
) -> None:
    (found,) = problems(tmp_path, CAMERA + text)

    assert (found.line, found.key) == (2, key)
    assert said in found.message
    assert found.right


def test_a_budget_below_a_camera_is_checked_alike(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "cameras:\n  a:\n    main: /v.mp4\n    retention: {max_bytes: 50}")

    assert (found.line, found.key) == (4, "cameras.a.retention.max_bytes")


def test_editors_accept_a_size_as_number_or_text() -> None:
    kept = json.loads(schema_text())["$defs"]["Size"]

    assert {each["type"] for each in kept["anyOf"]} == {"integer", "string"}
