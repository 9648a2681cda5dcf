"""`vigilar backup create`, `verify`, `restore`: the work behind them."""

import argparse
import getpass
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from vigilar.backup.create import create as create_backup
from vigilar.backup.create import free_name
from vigilar.backup.errors import BackupError, WrongBackupKeyError
from vigilar.backup.manifest import CONFIG, Manifest
from vigilar.backup.opened import OpenBackup, check
from vigilar.backup.places import Places
from vigilar.backup.restore import Restore, Restored
from vigilar.backup.shelf import copies_in
from vigilar.cli.vault_places import say, say_json, secret_of
from vigilar.config.document import Document, DocumentError
from vigilar.config.load import load
from vigilar.config.places import places_in, put_places
from vigilar.core.ground import database_path
from vigilar.domain.errors import InvalidRequestError
from vigilar.domain.settings import CoreSettings
from vigilar.files.durable import DurableFiles, is_locked
from vigilar.vault.keys import KeyRing
from vigilar.vault.wrapping import Opener, Passphrase, RecoveryKey

_DAMAGED: Final = 1
_SHOWN: Final = 12


def create(arguments: argparse.Namespace, files: DurableFiles) -> int:
    """Make a backup and check it."""
    core = load(arguments.config).core
    keys = KeyRing.load(Path(core.key_dir))
    now = datetime.now(UTC)
    output: Path = arguments.output or Path(core.backup.path)
    target = free_name(output, now) if output == Path(core.backup.path) or output.is_dir() else output
    places = Places.of(core, database_path(core))
    made = create_backup(target.absolute(), places, keys=keys, files=files, now=now)
    if not keys.recovery_confirmed:
        sys.stderr.write(
            "the recovery key is not saved yet, and without it this backup is of no use on another box: "
            "run 'vigilar vault recovery-kit'\n"
        )
    if arguments.json:
        say_json({"ok": True, "file": str(made.path), "bytes": made.size} | _facts(made.manifest))
        return 0
    say(f"{made.path}: {len(made.manifest.members)} files, {made.size} bytes, checked")
    for path in made.manifest.left_out:
        say(f"not in it: {path}")
    return 0


def verify(arguments: argparse.Namespace, _: DurableFiles) -> int:
    """Check backups; 1 when one is not whole or cannot be opened."""
    core = load(arguments.config).core if arguments.config is not None else None
    paths = arguments.files or _nightly(core)
    keys = _opener(arguments, core)
    reports = [_verified(path, keys) for path in paths]
    fine = all(report["ok"] for report in reports)
    if arguments.json:
        say_json({"ok": fine, "files": reports})
    else:
        for report in reports:
            say(_line(report))
    return 0 if fine else _DAMAGED


def restore(arguments: argparse.Namespace, files: DurableFiles) -> int:
    """Put a backup back."""
    with OpenBackup.open(arguments.file, _opener(arguments, None)) as backup:
        document = _configuration(arguments, backup)
        target = _target(document)
        if is_locked(target.run / "lock"):
            raise InvalidRequestError(f"Vigilar runs with {target.run}: stop it before a backup is restored")
        # As it was, byte for byte, unless a folder was chosen anew.
        changed = any((arguments.root, arguments.to_keys, arguments.data))
        config = document.text().encode() if changed else backup.read(CONFIG)
        work = Restore(backup, target.places, config, files)
        work.check()
        if (there := work.in_the_way()) and not arguments.force:
            shown = ", ".join(str(path) for path in there[:_SHOWN])
            more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
            raise InvalidRequestError(
                f"{shown}{more}: there already; nothing was written (--force sets them aside first)"
            )
        done = work.write(datetime.now(UTC))
        manifest = backup.manifest
    if arguments.json:
        say_json({"ok": True} | _places(target.places) | _done(done) | _facts(manifest))
    else:
        _say_restored(target.places, done, manifest)
    return 0


@dataclass(frozen=True, slots=True)
class _Target:
    places: Places
    run: Path


def _configuration(arguments: argparse.Namespace, backup: OpenBackup) -> Document:
    """Return the backup's configuration as it will stand, with the folders chosen anew."""
    path = arguments.config.absolute()
    try:
        document = Document(path, backup.read(CONFIG).decode())
        chosen = [
            folder.absolute() if folder is not None else None
            for folder in (arguments.root, arguments.to_keys, arguments.data)
        ]
        put_places(document, root=chosen[0], keys=chosen[1], data=chosen[2])
    except (DocumentError, UnicodeDecodeError) as err:
        raise BackupError(f"{backup.path}: its configuration cannot be read: {err}") from err
    return document


def _target(document: Document) -> _Target:
    found = places_in(document)
    places = Places(
        config_file=document.path,
        database=found.database,
        data_dir=found.data,
        key_dir=found.keys,
        token_hash_file=found.keys / "api_token.hash",
        storage_root=found.root,
    )
    return _Target(places, found.run)


def _nightly(core: CoreSettings | None) -> list[Path]:
    if core is None:
        raise InvalidRequestError("say which backups: their files, or -c FILE for the nightly ones")
    found = [copy.path for copy in copies_in(Path(core.backup.path))]
    if not found:
        raise InvalidRequestError(f"there is no backup in {core.backup.path}")
    return found


def _opener(arguments: argparse.Namespace, core: CoreSettings | None) -> Opener:
    if arguments.recovery_key_file is not None:
        return RecoveryKey.from_text(secret_of(arguments.recovery_key_file))
    if arguments.passphrase_file is not None:
        return Passphrase(secret_of(arguments.passphrase_file))
    if arguments.keys is not None:
        return KeyRing.load(arguments.keys)
    if core is not None:
        return KeyRing.load(Path(core.key_dir))
    return RecoveryKey.from_text(_asked())


def _asked() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("recovery key: ")
    return sys.stdin.readline(256)


def _verified(path: Path, keys: Opener) -> dict[str, Any]:
    try:
        manifest = check(path, keys)
    except WrongBackupKeyError as err:
        return {"file": str(path), "ok": False, "status": "wrong key", "reason": str(err)}
    except BackupError as err:
        return {"file": str(path), "ok": False, "status": "damaged", "reason": str(err)}
    return {"file": str(path), "ok": True, "status": "whole"} | _facts(manifest)


def _line(report: dict[str, Any]) -> str:
    if not report["ok"]:
        return f"{report['status']:<10}{report['reason']}"
    return f"{report['status']:<10}{report['file']}: {len(report['members'])} files of {report['created']}"


def _facts(manifest: Manifest) -> dict[str, Any]:
    return {
        "created": manifest.created.isoformat(),
        "version": manifest.vigilar,
        "members": {member.name: member.size for member in manifest.members},
        "journal_heads": manifest.journals,
        "left_out": list(manifest.left_out),
    }


def _places(places: Places) -> dict[str, str]:
    return {
        "config": str(places.config_file),
        "keys": str(places.key_dir),
        "database": str(places.database),
        "recordings": str(places.storage_root),
    }


def _done(done: Restored) -> dict[str, list[str]]:
    return {
        "written": [str(path) for path in done.written],
        "set_aside": [str(path) for path in done.set_aside],
        "journals_kept": list(done.skipped_journals),
    }


def _say_restored(places: Places, done: Restored, manifest: Manifest) -> None:
    say(f"restored: {len(done.written)} files of {manifest.created:%Y-%m-%d %H:%M} UTC")
    for name, path in _places(places).items():
        if name != "recordings":
            say(f"  {name + ':':<10}{path}")
    for aside in done.set_aside:
        say(f"set aside: {aside}")
    for left_out in manifest.left_out:
        say(f"not in the backup, bring it yourself: {left_out}")
    say(
        f"""Next:
  1. Put the recordings, if they are still there, into {places.storage_root} (clips, segments, journal).
  2. All these files must belong to the user Vigilar runs as.
  3. vigilar check-config -c {places.config_file}
  4. vigilar run -c {places.config_file}   (the index is brought in line with the recordings by itself)
  If the old box fell into other hands: vigilar vault rotate, new camera passwords, new API tokens."""
    )
