"""`vigilar token`: make, list and withdraw API tokens. A running worker knows of it within a second."""

import argparse
import json
import sys
from pathlib import Path

type Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser("token", help="make, list and withdraw API tokens")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    new = _action(actions, "new", "make a token and print it, once; an older one of that name is void")
    new.add_argument("--name", default="default", help="whom it is for, for example home_assistant")
    new.set_defaults(run=run_new)
    _action(actions, "list", "say which tokens there are").set_defaults(run=run_list)
    revoke = _action(actions, "revoke", "withdraw a token")
    revoke.add_argument("name", help="the token's name")
    revoke.set_defaults(run=run_revoke)


def _action(actions: Subparsers, name: str, text: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.add_argument(
        "-c", "--config", type=Path, required=True, metavar="FILE", help="the configuration file"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    return parser


def run_new(arguments: argparse.Namespace) -> int:
    """Make a token; only the token itself goes to standard output, so that a script can take it."""
    from vigilar.api.tokens import new_token  # noqa: PLC0415 - other commands need not wait for it

    path = _hash_file(arguments)
    token = new_token(path, name=arguments.name)
    if arguments.json:
        _print_json({"name": arguments.name, "token": token})
    else:
        sys.stdout.write(f"{token}\n")
        sys.stderr.write("keep it in a safe place: it cannot be shown again, only its hash is kept\n")
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """Print names and when each token was made."""
    from vigilar.api.tokens import read_tokens  # noqa: PLC0415 - other commands need not wait for it

    tokens = read_tokens(_hash_file(arguments))
    if arguments.json:
        _print_json({"tokens": [{"name": each.name, "created": each.created.isoformat()} for each in tokens]})
    for each in () if arguments.json else tokens:
        sys.stdout.write(f"{each.name:<32} made {each.created:%Y-%m-%d %H:%M} UTC\n")
    return 0


def run_revoke(arguments: argparse.Namespace) -> int:
    """Withdraw a token."""
    from vigilar.api.tokens import revoke_token  # noqa: PLC0415 - other commands need not wait for it

    revoke_token(_hash_file(arguments), arguments.name)
    if arguments.json:
        _print_json({"revoked": arguments.name})
    return 0


def _hash_file(arguments: argparse.Namespace) -> Path:
    from vigilar.api.tokens import hash_file_of  # noqa: PLC0415 - other commands need not wait for it
    from vigilar.config.load import load  # noqa: PLC0415

    return hash_file_of(load(arguments.config).core)


def _print_json(content: object) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
