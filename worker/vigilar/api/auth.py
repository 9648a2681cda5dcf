"""Who may come in: bearer tokens compared in constant time, wrong ones answered slowly."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from vigilar.api.errors import TooManyAttemptsError, UnauthorizedError
from vigilar.api.throttle import Throttle
from vigilar.api.tokens import TokenFileError, digest_of, read_tokens
from vigilar.domain.clock import NANOSECONDS, Clock, SystemClock

type Sleep = Callable[[float], Awaitable[None]]
type _Stamp = tuple[int, int, int] | None

_log = logging.getLogger(__name__)
_LOOK_AGAIN_NS: Final = 1 * NANOSECONDS
_MAX_HELD_BACK: Final = 32
_MAX_TOKEN: Final = 512
_PUBLIC_PATHS: Final = frozenset({"/health", "/api/v1/info"})
_TICKET_PREFIX: Final = "/api/v1/live/"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a valid token was given to. `digest` is its SHA-256."""

    name: str
    digest: bytes


class TokenAuth:
    """The valid tokens' hashes, read again when their file changed: at most a second late."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._looked_ns: int | None = None
        self._stamp: _Stamp = None
        self._valid: tuple[Principal, ...] = ()

    async def principal(self, token: str) -> Principal | None:
        """Return whose token this is, or None. A token made a moment ago is already known."""
        digest = digest_of(token)
        await self._look_again(force=False)
        return self._find(digest) or (self._find(digest) if await self._look_again(force=True) else None)

    async def holds(self, principal: Principal) -> bool:
        """Return whether the token a connection came in with is still valid."""
        await self._look_again(force=False)
        return self._find(principal.digest) is not None

    def _find(self, digest: bytes) -> Principal | None:
        found = None
        for valid in self._valid:  # all of them, always: the time taken tells nothing
            if hmac.compare_digest(valid.digest, digest):
                found = valid
        return found

    async def _look_again(self, *, force: bool) -> bool:
        now = self._clock.monotonic_ns()
        if not force and self._looked_ns is not None and now - self._looked_ns < _LOOK_AGAIN_NS:
            return False
        self._looked_ns = now
        stamp = await asyncio.to_thread(_stamp_of, self._path)
        if stamp == self._stamp:
            return False
        try:
            tokens = await asyncio.to_thread(read_tokens, self._path)
            valid = tuple(Principal(token.name, bytes.fromhex(token.sha256)) for token in tokens)
        except (TokenFileError, ValueError) as err:
            _log.error("nobody is let in: %s", err)
            valid = ()
        self._stamp, self._valid = stamp, valid
        return True


def _stamp_of(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns


class Doorman:
    """Lets in who brings a valid token, over HTTP and WebSocket alike.

    A right token is never refused or delayed, however many wrong ones come from the same address: else
    anybody behind the same router could lock the household out.
    """

    def __init__(self, auth: TokenAuth, throttle: Throttle, *, sleep: Sleep = asyncio.sleep) -> None:
        self._auth = auth
        self._throttle = throttle
        self._sleep = sleep
        self._held_back = 0

    @property
    def failures(self) -> int:
        """How many wrong tokens came so far."""
        return self._throttle.total

    async def admit(self, address: str, token: str | None) -> Principal:
        """Return whose token it is. Raises UnauthorizedError, TooManyAttemptsError."""
        if token is None:
            raise UnauthorizedError("send 'Authorization: Bearer …' with an API token ('vigilar token new')")
        if len(token) <= _MAX_TOKEN and (principal := await self._auth.principal(token)):
            return principal
        await self._hold_back(address)
        raise UnauthorizedError("the API token is not valid ('vigilar token new' makes a new one)")

    async def still_welcome(self, principal: Principal) -> bool:
        """Return whether a connection that came in earlier may stay."""
        return await self._auth.holds(principal)

    async def _hold_back(self, address: str) -> None:
        seconds = self._throttle.failed(address)
        _log.info("wrong API token from %s", address)
        if not seconds:
            return
        if self._held_back >= _MAX_HELD_BACK:
            raise TooManyAttemptsError("too many wrong API tokens at once; wait, then try again")
        self._held_back += 1
        try:
            await self._sleep(seconds)
        finally:
            self._held_back -= 1


class Gate:
    """ASGI middleware before anything reads a body: every path needs a token but the few named public."""

    def __init__(self, app: ASGIApp, doorman: Doorman) -> None:
        self._app = app
        self._doorman = doorman

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with `state.principal` set, or raise UnauthorizedError."""
        if scope["type"] == "http" and not _is_public(scope["path"]):
            principal = await self._doorman.admit(address_of(scope), bearer_of(scope))
            scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, send)


def _is_public(path: str) -> bool:
    return path in _PUBLIC_PATHS or path.startswith(_TICKET_PREFIX)


def address_of(scope: Scope) -> str:
    """Return the peer's address. Forwarding headers are not believed: anybody can send them."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def bearer_of(scope: Scope) -> str | None:
    """Return the token of the one `Authorization: Bearer` header, or None."""
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(values) != 1:
        return None
    scheme, _, token = values[0].decode("latin-1").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
