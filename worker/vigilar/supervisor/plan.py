"""Getting the process plan: a short-lived child reads the configuration, and we need not import how."""

import json
import subprocess
import sys
from typing import Final, NamedTuple

EXIT_BAD_CONFIGURATION: Final = 2
_LIMIT_S: Final = 60


class PlanError(Exception):
    """There is no plan; `exit_code` is the planner's (2: the configuration is bad, and it said why)."""

    def __init__(self, exit_code: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Planned(NamedTuple):
    """One child to be run. `settings`: JSON for its configuration descriptor. Equal ones need no restart."""

    name: str
    command: tuple[str, ...]
    settings: str
    stop_rank: int

    def __repr__(self) -> str:
        """Name it without its settings, which hold credentials."""
        return f"Planned({self.name})"


class Plan(NamedTuple):
    """What to run, and where; see `vigilar.config.plan`, which makes it."""

    run_dir: str
    log_level: str
    log_format: str
    processes: tuple[Planned, ...]


def planner(config: str) -> list[str]:
    """Return the command that prints the plan of a configuration file."""
    return [sys.executable, "-P", "-m", "vigilar.config.plan", config]


def fetch_plan(command: list[str]) -> Plan:
    """Run the planner and return its plan. Raises PlanError; the planner has said why on standard error."""
    try:
        ran = subprocess.run(  # noqa: S603 - the command is our own
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise PlanError(1, "the configuration could not be read in time") from err
    if ran.returncode != 0:
        raise PlanError(
            ran.returncode if ran.returncode == EXIT_BAD_CONFIGURATION else 1,
            "the configuration cannot be used",
        )
    try:
        found = json.loads(ran.stdout)
        processes = tuple(
            Planned(each["name"], tuple(each["command"]), each["settings"], each["stop_rank"])
            for each in found["processes"]
        )
        return Plan(found["run_dir"], found["log_level"], found["log_format"], processes)
    except (ValueError, KeyError, TypeError):
        # Neither chained nor quoted: the plan holds credentials.
        raise PlanError(1, "the plan of the configuration cannot be understood") from None
