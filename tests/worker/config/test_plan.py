import json
import subprocess
import sys
from pathlib import Path

import msgspec

from vigilar.domain.settings import CaptureSettings, CoreSettings, LookSettings

from .writing import written


def run_planner(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vigilar.config.plan", str(file)]
    path = str(Path(__file__).parents[3] / "worker")
    return subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": path}, timeout=60, check=False
    )


def test_the_plan_names_each_process_with_settings_it_can_decode(tmp_path: Path) -> None:
    file = written(
        tmp_path, "cameras: {a: {main: rtsp://u:p@192.0.2.1/1}, b: {main: /b.mp4, enabled: false}}"
    )

    ran = run_planner(file)

    plan = json.loads(ran.stdout)
    assert [(each["name"], each["stop_rank"]) for each in plan["processes"]] == [
        ("capture:a", 0),
        ("look", 0),
        ("core", 1),
    ]
    capture, look, core = (each["settings"] for each in plan["processes"])
    assert msgspec.json.decode(capture, type=CaptureSettings).main.url == "rtsp://u:p@192.0.2.1/1"
    assert [each.camera for each in msgspec.json.decode(look, type=LookSettings).cameras] == ["a"]
    assert len(msgspec.json.decode(core, type=CoreSettings).cameras) == 2
    assert "192.0.2.1" not in look + core
    assert not any("192.0.2.1" in word for each in plan["processes"] for word in each["command"])


def test_a_bad_configuration_prints_no_plan_and_exits_2(tmp_path: Path) -> None:
    file = written(tmp_path, "cameras: {a: {main: /a.mp4, color: blue}}")

    ran = run_planner(file)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("vigilar.yaml:1: cameras.a.color: unknown key")


def test_a_missing_file_is_told_in_one_line(tmp_path: Path) -> None:
    ran = run_planner(tmp_path / "none.yaml")

    assert ran.returncode == 2
    assert ran.stderr.splitlines() == [
        f"none.yaml: cannot be read: No such file or directory (would be right: {tmp_path / 'none.yaml'})"
    ]
