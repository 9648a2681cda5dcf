"""`vigilar check-config`: say whether a configuration can be used, and everything that is wrong with it."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from vigilar.config.load import Loaded
    from vigilar.config.problems import Problem

type Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_BAD_CONFIGURATION: Final = 2


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("check-config", help="check a configuration file")
    parser.add_argument(
        "-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration file"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check the file; 0 when it can be used, 2 when not."""
    from vigilar.config.load import load  # noqa: PLC0415 - other commands need not wait for pydantic
    from vigilar.config.problems import ConfigError  # noqa: PLC0415

    try:
        loaded = load(arguments.config)
    except ConfigError as err:
        if not arguments.json:
            raise
        _print_json(arguments.config, None, err.problems)
        return EXIT_BAD_CONFIGURATION
    if arguments.json:
        _print_json(arguments.config, loaded, ())
        return 0
    for warning in loaded.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.write(_summary(loaded))
    return 0


def _summary(loaded: "Loaded") -> str:
    names = [each.camera for each in loaded.core.cameras if each.enabled]
    cameras = (
        f"{len(names)} camera{'' if len(names) == 1 else 's'} ({', '.join(names)})"
        if names
        else "no camera enabled"
    )
    return f"{loaded.file.name}: good: {cameras}, kept in {loaded.core.storage_root}\n"


def _print_json(file: Path, loaded: "Loaded | None", errors: "tuple[Problem, ...]") -> None:
    found = {
        "ok": not errors,
        "file": str(file),
        "cameras": [each.camera for each in loaded.core.cameras if each.enabled] if loaded else [],
        "errors": [asdict(problem) | {"text": str(problem)} for problem in errors],
        "warnings": [
            asdict(problem) | {"text": str(problem)} for problem in (loaded.warnings if loaded else ())
        ],
    }
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
