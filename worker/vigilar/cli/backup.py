"""`vigilar backup`: make, check and restore backups of what only this box holds."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

type Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_BAD_INPUT: Final = 2


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "backup", help="database, configuration and keys in one file: create, verify, restore"
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_create(actions)
    _add_verify(actions)
    _add_restore(actions)


def _add_create(actions: Subparsers) -> None:
    parser = _action(actions, "create", "make a backup now; Vigilar may go on running")
    parser.add_argument(
        "-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration file"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="a file or a folder; default: where the nightly ones are",
    )


def _add_verify(actions: Subparsers) -> None:
    parser = _action(actions, "verify", "prove that backups are whole")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="default: all nightly ones (-c)")
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the configuration file")
    _add_keys(parser)


def _add_restore(actions: Subparsers) -> None:
    parser = _action(actions, "restore", "put a backup back, on this box or a new one")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        required=True,
        metavar="FILE",
        help="where the configuration is to be written; the rest goes where it says",
    )
    for name, text in (
        ("--root", "the folder of recordings, other than the configuration says"),
        ("--to-keys", "the folder for keys, other than the configuration says"),
        ("--data", "the folder for the database, other than the configuration says"),
    ):
        parser.add_argument(name, type=Path, metavar="DIR", help=text)
    parser.add_argument("--force", action="store_true", help="set aside what stands in the way")
    _add_keys(parser)


def _action(actions: Subparsers, name: str, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run, work=name)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    return parser


def _add_keys(parser: argparse.ArgumentParser) -> None:
    key = parser.add_mutually_exclusive_group()
    key.add_argument(
        "--recovery-key-file",
        type=Path,
        metavar="FILE",
        help="open with the recovery key in FILE (- : standard input)",
    )
    key.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="open with the passphrase in FILE (- : standard input)",
    )
    key.add_argument("--keys", type=Path, metavar="DIR", help="open with the box's own key, in this folder")


def run(arguments: argparse.Namespace) -> int:
    """Run one action; 0: done and all is well, 1: a backup is damaged, 2: bad input."""
    # Imported here: `vigilar run` goes through this module, and the supervisor must stay small.
    from vigilar.files.durable import DurableFiles  # noqa: PLC0415
    from vigilar.vault.errors import VaultError  # noqa: PLC0415

    work = import_module("vigilar.cli.backup_files")
    try:
        return int(getattr(work, arguments.work)(arguments, DurableFiles()))
    except VaultError as err:
        sys.stderr.write(f"{err}\n")
    except BrokenPipeError:
        raise
    except OSError as err:
        sys.stderr.write(f"{err.filename or 'backup'}: {err.strerror}\n")
    return _BAD_INPUT
