"""The command line: `vigilar COMMAND …`. Each command is a module with `add_parser` and `run`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

from vigilar import __version__
from vigilar.domain.errors import VigilarError

_COMMANDS: Final = ("run", "check", "configure", "token", "vault", "backup")
EXIT_BAD_INPUT: Final = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. What a person did wrong is one clear line on standard error."""
    commands = [import_module(f"vigilar.cli.{name}") for name in _COMMANDS]
    arguments = _parser(commands).parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except VigilarError as err:
        sys.stderr.write(f"{err}\n")
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        return _reader_gone()
    except KeyboardInterrupt:
        return 130


def _parser(commands: Sequence[ModuleType]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vigilar", description="Watches your cameras, keeps what moved, encrypted."
    )
    parser.add_argument("--version", action="version", version=f"vigilar {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in commands:
        command.add_parser(subparsers)
    return parser


def _reader_gone() -> int:
    """End quietly when the reader of our output (`| head`) went away."""
    sys.stderr.close()
    return 1
