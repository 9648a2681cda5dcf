"""`vigilar config`: change one key of the configuration file, or print the file's JSON Schema."""

import argparse
import sys
from pathlib import Path

type Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("config", help="change a key of the configuration, or print its schema")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    setter = actions.add_parser("set", help="set one key; comments stay, a bad value is refused")
    setter.add_argument(
        "-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration file"
    )
    setter.add_argument("key", help="for example cameras.front.motion.sensitivity")
    setter.add_argument(
        "value", help="as it would stand in the file, for example 60 or '!secret front_password'"
    )
    setter.set_defaults(run=run_set)
    printer = actions.add_parser("schema", help="print the JSON Schema of the configuration file")
    printer.set_defaults(run=run_schema)


def run_set(arguments: argparse.Namespace) -> int:
    """Set one key of the file."""
    from vigilar.config.edit import set_key  # noqa: PLC0415 - other commands need not wait for pydantic
    from vigilar.files.durable import DurableFiles  # noqa: PLC0415

    set_key(arguments.config, arguments.key, arguments.value, DurableFiles())
    return 0


def run_schema(_: argparse.Namespace) -> int:
    """Print the schema."""
    from vigilar.config.schema import schema_text  # noqa: PLC0415 - other commands need not wait for pydantic

    sys.stdout.write(schema_text())
    return 0
