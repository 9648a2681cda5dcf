"""API tokens: 256 random bits each, shown once, of which only the SHA-256 is kept.

A fast hash is right here: nobody can search 2²⁵⁶ tokens, whatever a guess costs. The file is JSON, mode 0600,
and names each token after whom it was given to, so that one can be withdrawn without the others.
"""

import hashlib
import os
import re
import secrets
import stat
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from vigilar.domain.clock import Clock, SystemClock
from vigilar.domain.errors import InvalidRequestError, NotFoundError, VigilarError
from vigilar.domain.settings import CoreSettings
from vigilar.files.durable import DurableFiles

TOKEN_NAME_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9_\-]{0,46}[a-z0-9])?")
_FILE_NAME: Final = "api_token.hash"
_PREFIX: Final = "vgl_"
_RANDOM_BYTES: Final = 32
_MAX_TOKENS: Final = 64
_MAX_FILE: Final = 64 * 1024
_FORMAT: Final = 1


class TokenFileError(VigilarError):
    """The file of token hashes cannot be read, is not ours, or may be changed by others."""

    code = "token_file"


class StoredToken(msgspec.Struct, frozen=True):
    """What is kept of a token: whom it was given to, its SHA-256 in hex, when it was made (UTC)."""

    name: str
    sha256: str
    created: datetime


class _Content(msgspec.Struct, frozen=True):
    version: int
    tokens: tuple[StoredToken, ...]


def hash_file_of(settings: CoreSettings) -> Path:
    """Return where the worker with these settings keeps its tokens' hashes: by default beside its keys."""
    if settings.api.token_hash_file:
        return Path(settings.api.token_hash_file)
    return Path(settings.key_dir) / _FILE_NAME


def digest_of(token: str) -> bytes:
    """Return a token's SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def read_tokens(path: Path) -> tuple[StoredToken, ...]:
    """Return the tokens of a file; none when it does not exist. Raises TokenFileError."""
    try:
        with path.open("rb") as file:
            _refuse_foreign_writers(path, os.fstat(file.fileno()))
            raw = file.read(_MAX_FILE)
    except FileNotFoundError:
        return ()
    except OSError as err:
        raise TokenFileError(
            f"{path}: cannot be read ({err.strerror}); the API lets nobody in until it can"
        ) from err
    try:
        content = msgspec.json.decode(raw, type=_Content)
    except msgspec.DecodeError as err:
        raise TokenFileError(
            f"{path}: not a token file ({err}); move it away and make tokens anew with 'vigilar token new'"
        ) from err
    if content.version != _FORMAT:
        raise TokenFileError(f"{path}: is of a newer Vigilar (format {content.version}); update this one")
    return content.tokens


def new_token(
    path: Path, *, name: str = "default", files: DurableFiles | None = None, clock: Clock | None = None
) -> str:
    """Make a token, keep its hash in `path` (made with mode 0600), return it: it cannot be shown again.

    An older token of the same name is void from then on. Raises InvalidRequestError for a name that is not a
    slug or when there are 64 already, TokenFileError.
    """
    if not TOKEN_NAME_PATTERN.fullmatch(name):
        raise InvalidRequestError(f"{name!r} is no token name: use up to 48 of a-z, 0-9, - and _")
    token = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    entry = StoredToken(name, digest_of(token).hex(), (clock or SystemClock()).now())
    _change(path, files or DurableFiles(), without=name, extra=(entry,))
    return token


def revoke_token(path: Path, name: str, *, files: DurableFiles | None = None) -> None:
    """Withdraw a token. Raises NotFoundError, TokenFileError."""
    if all(token.name != name for token in read_tokens(path)):
        raise NotFoundError(f"there is no token {name!r}")
    _change(path, files or DurableFiles(), without=name, extra=())


def _change(path: Path, files: DurableFiles, *, without: str, extra: tuple[StoredToken, ...]) -> None:
    try:
        files.mkdir(path.parent)
        with files.locked(path.with_name(f".{path.name}.lock")):
            kept = tuple(token for token in read_tokens(path) if token.name != without)
            if len(kept) + len(extra) > _MAX_TOKENS:
                raise InvalidRequestError(f"there are {_MAX_TOKENS} tokens already; withdraw one first")
            content = _Content(_FORMAT, kept + extra)
            files.write_atomic(path, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
    except OSError as err:
        raise TokenFileError(f"{path}: cannot be written ({err.strerror})") from err


def _refuse_foreign_writers(path: Path, status: os.stat_result) -> None:
    """Who can write the file can let himself in."""
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise TokenFileError(f"{path}: others may write it; take that right away with 'chmod 600' on it")
