import json
import logging
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigilar.logs import JsonFormatter, TextFormatter, without_credentials

type Formatting = Callable[[str], logging.Formatter]


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("vigilar.capture", logging.WARNING, "f.py", 1, message, arguments, None)
    made.created, made.msecs = 1_795_244_400.25, 250.0
    vars(made).update(extra)
    return made


def test_a_text_line_is_utc_and_carries_process_and_extra() -> None:
    line = TextFormatter("capture:yard").format(record("lost %s", "it", camera="yard"))

    assert line == "2026-11-21T07:00:00.250Z WARNING capture:yard vigilar.capture: lost it camera=yard"


def test_a_json_line_has_the_fields_programs_look_for() -> None:
    line = JsonFormatter("core").format(
        record("sealed", camera="yard", clip_id="yard_1", event_type="motion", unset=None)
    )

    assert json.loads(line) == {
        "ts": "2026-11-21T07:00:00.250Z",
        "level": "warning",
        "logger": "vigilar.capture",
        "process": "core",
        "message": "sealed",
        "camera": "yard",
        "clip_id": "yard_1",
        "event_type": "motion",
    }


def test_extra_cannot_overwrite_what_the_line_says_itself() -> None:
    line = JsonFormatter("core").format(record("m", ts="never", level="fine"))

    assert json.loads(line)["ts"] == "2026-11-21T07:00:00.250Z"
    assert json.loads(line)["level"] == "warning"


@pytest.mark.parametrize("formatter", [TextFormatter("core"), JsonFormatter("core")])
def test_an_exception_is_logged_without_the_credentials_in_its_text(formatter: logging.Formatter) -> None:
    made = record("it failed")
    try:
        raise ValueError("cannot open rtsp://user:canary-pw@192.0.2.1/1")  # noqa: TRY301
    except ValueError as err:
        made.exc_info = (ValueError, err, err.__traceback__)

    line = formatter.format(made)

    assert "ValueError" in line
    assert "192.0.2.1/1" in line
    assert "canary" not in line
    assert "user" not in line


@given(
    secret=st.text(
        st.characters(codec="utf-8", exclude_characters="'\"", categories=("L", "N", "P", "S")), min_size=3
    )
)
def test_no_password_without_blanks_or_quotes_gets_through(secret: str) -> None:
    line = without_credentials(f"opening rtsp://{secret}:{secret}@h/ now")

    assert line == "opening rtsp://…@h/ now"
