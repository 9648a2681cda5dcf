"""The process plan: which children there are, how each is started, and what each is told.

Run as `python -m vigilar.config.plan FILE` by the supervisor, which imports none of this. The plan goes
to standard output as JSON. With a bad configuration the exit code is 2 and standard error says why.
The plan carries stream credentials: it is written to a pipe and nowhere else.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from vigilar.config.load import Loaded, load
from vigilar.config.problems import ConfigError
from vigilar.domain.settings import CaptureSettings, CoreSettings, LookSettings

EXIT_BAD_CONFIGURATION = 2


class PlannedProcess(msgspec.Struct, frozen=True):
    """One child. `settings` is the JSON text it reads from its configuration descriptor.

    When the worker stops, the children of the lower `stop_rank` are stopped first.
    """

    name: str
    command: list[str]
    settings: str
    stop_rank: int


class ProcessPlan(msgspec.Struct, frozen=True):
    """Everything the supervisor needs to know."""

    run_dir: str
    log_level: str
    log_format: str
    processes: list[PlannedProcess]


def plan(loaded: Loaded) -> ProcessPlan:
    """Return the plan of a good configuration: captures first, since recording matters most."""
    captures = [_process(f"capture:{each.camera}", "vigilar.capture", each, 0) for each in loaded.captures]
    return ProcessPlan(
        run_dir=loaded.core.run_dir,
        log_level=loaded.core.log_level,
        log_format=loaded.core.log_format,
        processes=[
            *captures,
            _process("look", "vigilar.look", loaded.look, 0),
            _process("core", "vigilar.core", loaded.core, 1),
        ],
    )


def _process(
    name: str, module: str, settings: CaptureSettings | LookSettings | CoreSettings, stop_rank: int
) -> PlannedProcess:
    # -P: a file in the working directory must not take the place of a module.
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", module]
    return PlannedProcess(name, command, msgspec.json.encode(settings).decode(), stop_rank)


def main(arguments: list[str]) -> int:
    """Print the plan of the configuration file named by the only argument."""
    try:
        made: Any = plan(load(Path(arguments[0])))
    except ConfigError as err:
        sys.stderr.write(f"{err}\n")
        return EXIT_BAD_CONFIGURATION
    sys.stdout.buffer.write(msgspec.json.encode(made))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
