"""`vigilar run`: become the supervisor."""

import argparse
import os
import sys
from pathlib import Path

type Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("run", help="watch the cameras until told to stop")
    parser.add_argument(
        "-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration file"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replace this process by the supervisor, so that nothing imported here weighs on it."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-P", "-m", "vigilar.supervisor", str(arguments.config.absolute())]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted
