"""Where `vigilar vault` finds recordings and keys, and how it prints."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vigilar.domain.camera import CAMERA_ID_PATTERN
from vigilar.domain.errors import InvalidRequestError
from vigilar.vault.keys import KeyRing
from vigilar.vault.wrapping import BoxKey, Opener, Passphrase, RecoveryKey

_MAX_SECRET: Final = 4096
_KINDS: Final = ("clips", "segments")


@dataclass(frozen=True, slots=True)
class Places:
    """The storage folder and the key folder."""

    root: Path
    key_dir: Path


def places_of(arguments: argparse.Namespace) -> Places:
    """Return where things are, by `-c` or by `--root` and `--keys`. Raises VigilarError."""
    if arguments.config is not None:
        from vigilar.config.load import load  # noqa: PLC0415 — not needed where the folders are given

        core = load(arguments.config).core
        return Places(arguments.root or Path(core.storage_root), arguments.keys or Path(core.key_dir))
    if arguments.root is None or arguments.keys is None:
        raise InvalidRequestError("say where the recordings are: -c FILE, or --root DIR and --keys DIR")
    return Places(_folder(arguments.root), _folder(arguments.keys))


def root_of(arguments: argparse.Namespace) -> Path:
    """Return the storage folder alone. Raises VigilarError."""
    if arguments.root is not None:
        return _folder(arguments.root)
    return places_of(arguments).root


def opener_of(arguments: argparse.Namespace) -> Opener:
    """Return what shall open recordings. Raises VigilarError, VaultError, OSError."""
    if arguments.recovery_key_file is not None:
        return RecoveryKey.from_text(secret_of(arguments.recovery_key_file))
    if arguments.passphrase_file is not None:
        return Passphrase(secret_of(arguments.passphrase_file))
    if arguments.key_file is not None:
        return BoxKey.of(arguments.key_file.read_bytes())
    if arguments.config is None and arguments.keys is not None:
        return KeyRing.load(_folder(arguments.keys))
    return KeyRing.load(places_of(arguments).key_dir)


def passphrase_of(file: Path) -> str:
    """Return a passphrase read from a file. Raises OSError."""
    return secret_of(file)


def cameras_of(root: Path, only: list[str] | None) -> list[str]:
    """Return the cameras that have recordings or a journal. Raises InvalidRequestError for an unknown one."""
    found = {path.name for kind in _KINDS for path in (root / kind).glob("*") if path.is_dir()}
    found |= {path.stem for path in (root / "journal").glob("*.journal")}
    if only is None:
        return sorted(found)
    for camera in only:
        if not CAMERA_ID_PATTERN.fullmatch(camera) or camera not in found:
            raise InvalidRequestError(
                f"there is no camera {camera!r} in {root}: {', '.join(sorted(found)) or 'none'}"
            )
    return sorted(set(only))


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def say_json(found: Mapping[str, Any]) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InvalidRequestError(f"{path} is not a folder")
    return path


def secret_of(file: Path) -> str:
    """Return a secret from a file, or from a line of standard input (`-`). Raises OSError."""
    if str(file) == "-":
        return sys.stdin.readline(_MAX_SECRET).rstrip("\r\n")
    with file.open(encoding="utf-8", errors="replace") as opened:
        return opened.read(_MAX_SECRET).strip("\r\n")
