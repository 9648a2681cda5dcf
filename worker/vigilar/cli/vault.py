"""`vigilar vault`: look at, check, decrypt and recover recordings; change and save their keys."""

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
        "vault", help="recordings: info, verify, decrypt, recover; keys: rotate, kit"
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_info(actions)
    _add_verify(actions)
    _add_decrypt(actions)
    _add_recover(actions)
    _add_rotate(actions)
    _add_recovery_kit(actions)


def _add_info(actions: Subparsers) -> None:
    parser = _action(actions, "info", "vault_files.info", "show what a recording says of itself")
    parser.add_argument("file", type=Path)
    _add_keys(parser)


def _add_verify(actions: Subparsers) -> None:
    parser = _action(
        actions, "verify", "vault_files.verify", "prove that recordings are what was written, and all there"
    )
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="default: everything")
    parser.add_argument("--camera", action="append", help="only this camera's recordings and journal")
    parser.add_argument(
        "--head", metavar="N:MAC", help="the journal's head that an earlier run of --camera showed"
    )
    _add_keys(parser)


def _add_decrypt(actions: Subparsers) -> None:
    parser = _action(actions, "decrypt", "vault_files.decrypt", "write a recording's MP4, unencrypted")
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "-o", "--output", type=Path, help="default: its name with .mp4, here; - is standard output"
    )
    parser.add_argument("--force", action="store_true", help="write over an existing file")
    parser.add_argument(
        "--salvage", action="store_true", help="of a damaged recording, write what is good up to the damage"
    )
    _add_keys(parser)


def _add_recover(actions: Subparsers) -> None:
    parser = _action(
        actions, "recover", "vault_keys.recover", "seal what a crash left torn (a start does it, too)"
    )
    parser.add_argument("--camera", action="append", help="only this camera's")
    _add_places(parser)


def _add_rotate(actions: Subparsers) -> None:
    parser = _action(
        actions, "rotate", "vault_keys.rotate", "make a new storage key and bring all recordings to it"
    )
    parser.add_argument(
        "--finish", action="store_true", help="no new key: end a rotation that was interrupted"
    )
    passphrase = parser.add_mutually_exclusive_group()
    passphrase.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="all recordings shall open with this passphrase, too",
    )
    passphrase.add_argument("--no-passphrase", action="store_true", help="and no longer with any")
    _add_places(parser)


def _add_recovery_kit(actions: Subparsers) -> None:
    parser = _action(
        actions, "recovery-kit", "vault_keys.recovery_kit", "show the recovery key, to be written down once"
    )
    parser.add_argument(
        "--confirm",
        nargs="?",
        const="",
        metavar="LAST-GROUP",
        help="it is written down (its last four characters prove it): erase it here",
    )
    _add_places(parser)


def _action(actions: Subparsers, name: str, work: str, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run, work=work)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    return parser


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the configuration file")
    parser.add_argument("--root", type=Path, metavar="DIR", help="without -c: the storage folder")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="without -c: the key folder")


def _add_keys(parser: argparse.ArgumentParser) -> None:
    _add_places(parser)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--recovery-key-file",
        type=Path,
        metavar="FILE",
        help="open with the recovery key in FILE (- : standard input)",
    )
    instead.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="open with the passphrase in FILE (- : standard input)",
    )
    instead.add_argument("--key-file", type=Path, metavar="FILE", help="open with this 32-byte storage key")


def run(arguments: argparse.Namespace) -> int:
    """Run one action; 0: done and all is well, 1: something is wrong with the recordings, 2: bad input."""
    # Imported here: `vigilar run` goes through this module, and the supervisor must stay small.
    from vigilar.files.durable import DurableFiles  # noqa: PLC0415
    from vigilar.vault.errors import VaultError  # noqa: PLC0415

    module, _, action = arguments.work.partition(".")
    try:
        return int(getattr(import_module(f"vigilar.cli.{module}"), action)(arguments, DurableFiles()))
    except VaultError as err:
        sys.stderr.write(f"{err}\n")
    except BrokenPipeError:
        raise
    except OSError as err:
        sys.stderr.write(f"{err.filename or 'vault'}: {err.strerror}\n")
    return _BAD_INPUT
