"""`vigilar vault recover`, `rotate`, `recovery-kit`: what changes recordings or keys."""

import argparse
import sys
from dataclasses import asdict
from typing import Final

from vigilar.cli.vault_places import cameras_of, passphrase_of, places_of, say, say_json
from vigilar.domain.errors import InvalidRequestError
from vigilar.files.durable import DurableFiles
from vigilar.vault.journal import CameraJournal
from vigilar.vault.keys import KeyRing
from vigilar.vault.recovery import Outcome, Recovered, recover_parts
from vigilar.vault.rotation import rotate as rotate_keys
from vigilar.vault.rotation import set_passphrase
from vigilar.vault.wrapping import PassphrasePublic

_FAILED: Final = 1
_GROUP: Final = 4


def recover(arguments: argparse.Namespace, files: DurableFiles) -> int:
    """Seal what is torn; 1 when something had to be left."""
    from vigilar.capture.recovery import recovered_tail  # noqa: PLC0415 — brings the muxer with it

    places = places_of(arguments)
    keys = KeyRing.load(places.key_dir)
    fates: list[Recovered] = []
    for camera in cameras_of(places.root, arguments.camera):
        journal = CameraJournal.open(places.root, camera, keys=keys, files=files)
        fates += recover_parts(
            places.root, camera, keys=keys, files=files, journal=journal, tail_of=recovered_tail
        )
    left = any(fate.outcome is Outcome.LEFT for fate in fates)
    if arguments.json:
        say_json({"ok": not left, "files": [_fate(fate) for fate in fates]})
        return _FAILED if left else 0
    for fate in fates:
        became = f" -> {fate.sealed.path.name}" if fate.sealed is not None else ""
        say(f"{fate.outcome.value:<10} {fate.part}{became}" + (f": {fate.reason}" if fate.reason else ""))
    if not fates:
        say("nothing is torn")
    return _FAILED if left else 0


def rotate(arguments: argparse.Namespace, files: DurableFiles) -> int:
    """Make a new storage key; 1 when a file could not be brought to it."""
    places = places_of(arguments)
    if arguments.passphrase_file is not None:
        passphrase = PassphrasePublic.of(passphrase_of(arguments.passphrase_file))
        set_passphrase(places.key_dir, passphrase, files)
    elif arguments.no_passphrase:
        set_passphrase(places.key_dir, None, files)
    report = rotate_keys(places.root, places.key_dir, files, new_key=not arguments.finish)
    if arguments.json:
        say_json({"ok": not report.failed} | asdict(report))
        return _FAILED if report.failed else 0
    say(f"{report.written} recordings brought to the new key, {report.current} had it already")
    for path, reason in report.failed.items():
        say(f"failed     {path}: {reason}")
    if report.retired:
        say(f"{report.retired} earlier key(s) kept: {report.legacy} version 1 file(s) need them")
    return _FAILED if report.failed else 0


def recovery_kit(arguments: argparse.Namespace, files: DurableFiles) -> int:
    """Show the recovery key, or erase it here once it is written down."""
    keys = KeyRing.load(places_of(arguments).key_dir)
    recovery = keys.recovery_key()
    if arguments.confirm is None:
        if arguments.json:
            say_json({"confirmed": False, "recovery_key": recovery.text})
        else:
            say(_SHEET.format(key=recovery.text))
        return 0
    typed = arguments.confirm or _ask()
    if typed.strip().upper() != recovery.text[-_GROUP:]:
        raise InvalidRequestError(
            "that is not the end of the recovery key: nothing was erased; show it again without --confirm"
        )
    keys.confirm_recovery(files)
    if arguments.json:
        say_json({"confirmed": True})
    else:
        say("confirmed: the recovery key now exists only where you wrote it down")
    return 0


def _ask() -> str:
    if sys.stdin.isatty():
        sys.stderr.write("the last four characters of the recovery key you wrote down: ")
        sys.stderr.flush()
    return sys.stdin.readline(64)


def _fate(fate: Recovered) -> dict[str, str | None]:
    return {
        "part": str(fate.part),
        "outcome": fate.outcome.value,
        "file": str(fate.sealed.path) if fate.sealed is not None else None,
        "reason": fate.reason,
    }


_SHEET: Final = """\
Vigilar recovery key

  {key}

Write it down, or print it, and keep it away from the box. If the box or its storage.key is lost, this key
alone opens every recording. Whoever has it can watch them all.

Then run this command again with --confirm and the last four characters: the key is erased from the box."""
