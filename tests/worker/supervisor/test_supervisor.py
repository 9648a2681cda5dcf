"""The real supervisor, as a process, over tiny real children."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

CHILD = Path(__file__).with_name("child_script.py")
LIMIT_S = 20.0


class Stage:
    """A supervisor with planned children in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        self.run_dir = folder / "run"
        self.plan = folder / "plan.json"
        self.log = folder / "log"
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def planned(self, name: str, behaviour: str = "obey", rank: int = 0, **more: Any) -> dict[str, Any]:
        settings = {"notes": str(self.notes), "name": name, "behaviour": behaviour} | more
        command = [sys.executable, "-S", str(CHILD)]
        return {"name": name, "command": command, "settings": json.dumps(settings), "stop_rank": rank}

    def write_plan(self, *processes: dict[str, Any], run_dir: Path | None = None) -> Self:
        plan = {
            "run_dir": str(run_dir or self.run_dir),
            "log_level": "INFO",
            "log_format": "text",
            "processes": processes,
        }
        self.plan.write_text(json.dumps(plan))
        return self

    def start(self) -> Self:
        reader = [sys.executable, "-S", "-c", f"print(open({str(self.plan)!r}).read())"]
        code = f"import sys; from vigilar.supervisor.__main__ import main; sys.exit(main({reader!r}))"
        path = os.pathsep.join(sys.path)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code],
                stderr=log,
                env=os.environ | {"PYTHONPATH": path} | self.environment,
            )
        return self

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait_exit(self) -> int:
        assert self.process is not None
        return self.process.wait(LIMIT_S)

    def noted(self, name: str, what: str) -> list[tuple[int, float]]:
        """Return (pid, monotonic seconds) of every such note."""
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [(int(pid), float(at)) for who, did, pid, at in lines if (who, did) == (name, what)]

    def wait_noted(self, name: str, what: str, times: int = 1) -> list[tuple[int, float]]:
        self.wait_for(lambda: len(self.noted(name, what)) >= times, f"{name} {what} {times} times")
        return self.noted(name, what)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, f"waited for {what}\n{self.log.read_text()}"
            time.sleep(0.02)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.run_dir / "supervisor.json").read_text())
        return state

    def kill_what_is_left(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for line in self.notes.read_text().splitlines():
            pid = int(line.split()[2])
            if alive(pid) and CHILD.name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.kill_what_is_left()


def test_sigterm_stops_captures_before_the_core_and_exits_0(stage: Stage) -> None:
    stage.write_plan(
        stage.planned("capture:a", "slow_exit"), stage.planned("look"), stage.planned("core", rank=1)
    ).start()
    for name in ("capture:a", "look", "core"):
        stage.wait_noted(name, "up")

    stage.signal(signal.SIGTERM)

    assert stage.wait_exit() == 0
    (_, capture_down), (_, core_down) = stage.noted("capture:a", "down")[0], stage.noted("core", "down")[0]
    assert capture_down <= core_down
    assert stage.noted("look", "down")


@pytest.mark.slow
def test_a_child_that_ignores_sigterm_is_killed_and_the_core_still_ends_well(stage: Stage) -> None:
    stage.write_plan(stage.planned("capture:a", "ignore_term"), stage.planned("core", rank=1)).start()
    ((stubborn, _),) = stage.wait_noted("capture:a", "up")
    stage.wait_noted("core", "up")
    began = time.monotonic()

    stage.signal(signal.SIGTERM)

    assert stage.wait_exit() == 0
    assert time.monotonic() - began < 9
    assert not alive(stubborn)
    assert stage.noted("core", "down")


def test_a_killed_child_comes_back_at_once_and_is_counted_while_others_run_on(stage: Stage) -> None:
    stage.write_plan(stage.planned("capture:a"), stage.planned("capture:b")).start()
    ((pid, _),) = stage.wait_noted("capture:a", "up")
    ((other, _),) = stage.wait_noted("capture:b", "up")
    killed_at = time.monotonic()

    os.kill(pid, signal.SIGKILL)

    _, (_, again_at) = stage.wait_noted("capture:a", "up", 2)
    assert again_at - killed_at < 3 * 0.5
    assert stage.state()["processes"]["capture:a"]["restarts"] == 1
    assert stage.state()["processes"]["capture:a"]["last_exit"] == "signal SIGKILL"
    assert stage.state()["processes"]["capture:b"] == {"pid": other, "restarts": 0, "last_exit": ""}


@pytest.mark.slow
def test_a_crashing_child_waits_longer_each_time_and_stops_no_one(stage: Stage) -> None:
    stage.write_plan(stage.planned("core", "crash", rank=1), stage.planned("capture:a")).start()

    ups = [at for _, at in stage.wait_noted("core", "up", 4)]

    assert ups[2] - ups[1] >= 0.7
    assert ups[3] - ups[2] >= 1.4
    stage.signal(signal.SIGTERM)
    assert stage.wait_exit() == 0
    assert stage.noted("capture:a", "down")


def test_when_the_supervisor_is_killed_the_children_end_by_their_lifeline(stage: Stage) -> None:
    stage.write_plan(stage.planned("capture:a"), stage.planned("core", rank=1)).start()
    pids = [stage.wait_noted(name, "up")[0][0] for name in ("capture:a", "core")]

    stage.signal(signal.SIGKILL)

    stage.wait_for(lambda: not any(alive(pid) for pid in pids), "the children to end")
    assert stage.noted("capture:a", "down")


def test_a_new_supervisor_waits_until_the_orphans_of_a_killed_one_have_ended(stage: Stage) -> None:
    stage.write_plan(stage.planned("capture:a", "slow_exit")).start()
    stage.wait_noted("capture:a", "up")
    stage.signal(signal.SIGKILL)
    stage.wait_exit()

    stage.start()

    _, (_, second_up) = stage.wait_noted("capture:a", "up", 2)
    ((_, first_down),) = stage.noted("capture:a", "down")
    assert first_down <= second_up


def test_reload_restarts_only_what_changed(stage: Stage) -> None:
    same, look = stage.planned("capture:same"), stage.planned("look")
    stage.write_plan(same, stage.planned("capture:changed"), stage.planned("capture:gone"), look).start()
    for name in ("capture:same", "capture:changed", "capture:gone", "look"):
        stage.wait_noted(name, "up")
    stage.write_plan(same, stage.planned("capture:changed", zoom=2), look, stage.planned("capture:new"))

    stage.signal(signal.SIGHUP)

    stage.wait_noted("capture:changed", "up", 2)
    stage.wait_noted("capture:new", "up")
    stage.wait_noted("capture:gone", "down")
    stage.wait_for(lambda: "capture:gone" not in stage.state()["processes"], "the state to follow")
    assert len(stage.noted("capture:same", "up")) == 1
    assert len(stage.noted("look", "up")) == 1
    assert [each["restarts"] for each in stage.state()["processes"].values()] == [0, 0, 0, 0]


def test_reload_with_a_bad_configuration_changes_nothing(stage: Stage) -> None:
    stage.write_plan(stage.planned("capture:a")).start()
    ((pid, _),) = stage.wait_noted("capture:a", "up")
    stage.plan.unlink()

    stage.signal(signal.SIGHUP)

    stage.wait_for(lambda: "going on with the one before" in stage.log.read_text(), "the refusal in the log")
    assert alive(pid)
    assert len(stage.noted("capture:a", "up")) == 1


def test_a_child_sees_its_settings_but_neither_argv_nor_log_shows_them(stage: Stage) -> None:
    stage.write_plan(stage.planned("capture:a", canary="rtsp://user:canary-pw@192.0.2.1/")).start()
    ((pid, _),) = stage.wait_noted("capture:a", "up")

    assert stage.process is not None
    shown = b"".join(Path(f"/proc/{each}/cmdline").read_bytes() for each in (pid, stage.process.pid))
    stage.signal(signal.SIGTERM)
    stage.wait_exit()
    assert b"canary" not in shown
    assert "canary" not in stage.log.read_text()
    assert "canary" not in (stage.run_dir / "supervisor.json").read_text()


def test_systemd_hears_ready_status_signs_of_life_and_stopping(stage: Stage, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(LIMIT_S)
        stage.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
        stage.write_plan(stage.planned("capture:a")).start()

        ready = systemd.recv(512).decode()
        beat = systemd.recv(512).decode()
        stage.signal(signal.SIGTERM)
        heard = [systemd.recv(512).decode()]
        while not heard[-1].startswith("STOPPING=1"):
            heard.append(systemd.recv(512).decode())

    assert ready == "READY=1\nSTATUS=1 of 1 processes running"
    assert beat == "WATCHDOG=1"
    assert set(heard[:-1]) <= {"WATCHDOG=1"}
    assert stage.wait_exit() == 0


@pytest.mark.slow
def test_a_second_supervisor_on_the_same_run_dir_gives_up_with_a_clear_line(
    stage: Stage, tmp_path: Path
) -> None:
    stage.write_plan(stage.planned("capture:a")).start()
    stage.wait_noted("capture:a", "up")
    (tmp_path / "second").mkdir()
    second = Stage(tmp_path / "second")
    second.write_plan(second.planned("capture:b"), run_dir=stage.run_dir).start()

    assert second.wait_exit() == 1
    assert "another Vigilar runs with" in second.log.read_text()
    assert not second.noted("capture:b", "up")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_supervisor_stays_small(stage: Stage) -> None:
    stage.write_plan(*(stage.planned(f"capture:{n}") for n in range(4))).start()
    stage.wait_noted("capture:3", "up")

    assert stage.process is not None
    status = Path(f"/proc/{stage.process.pid}/status").read_text()
    resident_kib = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    print(f"resident: {resident_kib} KiB")

    assert resident_kib <= 15 * 1024
