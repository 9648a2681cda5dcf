from pathlib import Path

import pytest

from vigilar.cli import main
from vigilar.supervisor.house import STOP_LIMIT_S

UNIT = Path(__file__).parents[2] / "docs" / "vigilar.service"


def setting(name: str) -> str:
    """Return a setting's value; the last one wins, as for systemd."""
    return [line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith(f"{name}=")][
        -1
    ]


def test_the_unit_starts_a_command_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    program, *arguments = setting("ExecStart").split()

    assert Path(program).name == "vigilar"
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    assert "--config" in capsys.readouterr().out


def test_the_unit_waits_longer_than_the_worker_needs_to_seal() -> None:
    assert float(setting("TimeoutStopSec")) > STOP_LIMIT_S
    assert setting("KillMode") == "mixed"


def test_the_unit_listens_to_what_the_worker_says() -> None:
    assert setting("Type") == "notify"
    assert setting("NotifyAccess") == "main"
    assert float(setting("WatchdogSec")) > 0
