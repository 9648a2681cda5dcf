import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vigilar.cli import main

WORKER = Path(__file__).parents[3] / "worker"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "vigilar.yaml"
    file.write_text("cameras:\n  yard: {main: 'rtsp://u:canary-pw@192.0.2.1/1'}  # the yard\n")
    file.chmod(0o600)
    return file


def test_a_good_configuration_is_summed_up(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "-c", str(config)]) == 0

    said = capsys.readouterr()
    assert said.out == f"vigilar.yaml: good: 1 camera (yard), kept in {config.parent / 'vigilar-data'}\n"
    assert said.err == ""


def test_a_good_configuration_in_json_shows_no_address(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-config", "-c", str(config), "--json"]) == 0

    said = capsys.readouterr().out
    assert json.loads(said) == {
        "ok": True,
        "file": str(config),
        "cameras": ["yard"],
        "errors": [],
        "warnings": [],
    }
    assert "canary" not in said


def test_a_bad_configuration_is_one_line_per_key_and_exit_2(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + "colour: blue\n")

    assert main(["check-config", "-c", str(config)]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("vigilar.yaml:3: colour: unknown key")
    assert said.err.count("\n") == 1


def test_a_bad_configuration_in_json_is_for_programs(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("cameras: {yard: {main: 'ftp://x'}}\n")

    assert main(["check-config", "-c", str(config), "--json"]) == 2

    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert [(each["line"], each["key"]) for each in found["errors"]] == [(1, "cameras.yard.main")]


def test_a_key_can_be_set_from_the_command_line(config: Path) -> None:
    assert main(["config", "set", "-c", str(config), "motion.sensitivity", "70"]) == 0

    assert "sensitivity: 70" in config.read_text()
    assert "# the yard" in config.read_text()


def test_the_schema_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0

    assert json.loads(capsys.readouterr().out)["title"] == "vigilar.yaml"


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["check-config"], ["config", "set", "-c", "x"]])
def test_a_wrong_command_line_is_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_run_with_a_bad_configuration_starts_nothing_and_says_why_in_one_line(config: Path) -> None:
    config.write_text("cameras: {yard: {main: 'rtsp://u:canary-pw@192.0.2.1:x/1'}}\n")

    ran = subprocess.run(
        [sys.executable, "-m", "vigilar.cli", "run", "-c", str(config)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(WORKER)},
        timeout=60,
        check=False,
    )

    assert ran.returncode == 2
    assert ran.stderr.startswith("vigilar.yaml:1: cameras.yard.main: ")
    assert ran.stderr.count("\n") == 1
    assert "canary" not in ran.stderr + ran.stdout
    assert [each.name for each in config.parent.iterdir()] == ["vigilar.yaml"]
