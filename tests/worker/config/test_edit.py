from pathlib import Path

import pytest

from vigilar.config.edit import set_key
from vigilar.config.load import load
from vigilar.config.problems import ConfigError
from vigilar.files.durable import DurableFiles

from .writing import written

TEXT = """
# The house of the Berrys
cameras:
  front:   # by the gate
    main: 'rtsp://192.0.2.1/1'
    motion:
      sensitivity: 40   # pigeons!
api: {port: 9000}
"""


def test_setting_a_key_keeps_comments_quotes_and_mode(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT)
    file.chmod(0o600)

    set_key(file, "cameras.front.motion.sensitivity", "60", DurableFiles())

    assert file.read_text() == TEXT.lstrip("\n").replace("40", "60")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_not_there_is_added(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT)

    set_key(file, "recording.pre_roll", "8", DurableFiles())

    assert load(file).captures[0].recording.pre_roll_s == 8
    assert "# pigeons!" in file.read_text()


def test_a_reference_can_be_set(tmp_path: Path) -> None:
    file = written(tmp_path, TEXT, secrets="address: rtsp://192.0.2.9/1")

    set_key(file, "cameras.front.main", "!secret address", DurableFiles())

    assert "main: !secret address" in file.read_text()
    assert load(file).captures[0].main.url == "rtsp://192.0.2.9/1"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("cameras.front.motion.sensitivity", "600", "less than or equal to 100"),
        ("cameras.front.motoin.sensitivity", "50", "did you mean 'motion'"),
        ("cameras.front.main.deeper", "1", "has no keys"),
        ("api.port", "[1", "not valid YAML"),
    ],
)
def test_what_would_break_the_configuration_is_refused_and_nothing_is_written(
    tmp_path: Path, key: str, value: str, said: str
) -> None:
    file = written(tmp_path, TEXT)

    with pytest.raises(ConfigError, match=said):
        set_key(file, key, value, DurableFiles())

    assert file.read_text() == TEXT.lstrip("\n")
    assert [each.name for each in tmp_path.iterdir()] == ["vigilar.yaml"]
