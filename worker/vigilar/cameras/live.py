"""Live view: tickets, and one MPEG-TS stream per viewer from the camera's own process."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from vigilar.api.services import LiveTicket
from vigilar.bus.messages import CloseLive, OpenLive
from vigilar.cameras.background import Background
from vigilar.cameras.commands import Requester, ask, capture_peer
from vigilar.cameras.registry import CameraRegistry
from vigilar.domain.camera import CameraId
from vigilar.domain.clock import NANOSECONDS, Clock
from vigilar.domain.errors import NotFoundError, UnavailableError

TICKET_S: Final = 300
"""A ticket ends this long after it was issued or last used: a player that reconnects needs no new one."""
MAX_TICKETS: Final = 256
MAX_VIEWERS: Final = 16
SILENCE_S: Final = 10.0
UNREAD_S: Final = 60


class LiveFeed(Protocol):
    """A viewer's end of a camera's live socket."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield MPEG-TS until the other side ends it."""

    def close(self) -> None:
        """Let go of the socket."""


class OpenFeed(Protocol):
    """Makes a feed of a camera for a viewer; must be listening before OpenLive is sent."""

    def __call__(self, camera: CameraId, viewer: str) -> LiveFeed:
        """Return the feed."""


@dataclass(slots=True)
class _Ticket:
    camera: CameraId
    expires_ns: int


@dataclass(slots=True, eq=False)
class _Viewer:
    id: str
    camera: CameraId
    feed: LiveFeed
    read_ns: int
    ended: bool = False
    patience: asyncio.Timeout | None = field(default=None, repr=False)

    def end(self) -> None:
        """Make the stream stop, also while it waits for the next chunk."""
        if self.patience is not None and not self.ended:
            self.patience.reschedule(0)
        self.ended = True


class LiveViews:
    """Implements `LiveService`. Tickets are kept as hashes only."""

    def __init__(
        self,
        registry: CameraRegistry,
        hub: Requester,
        open_feed: OpenFeed,
        background: Background,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._hub = hub
        self._open_feed = open_feed
        self._background = background
        self._clock = clock
        self._tickets: dict[bytes, _Ticket] = {}
        self._viewers: set[_Viewer] = set()

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._viewers)

    def issue(self, camera: CameraId) -> LiveTicket:
        """Return a new ticket. Raises NotFoundError, UnavailableError for a disabled camera."""
        if not self._registry.state(camera).settings.enabled:
            raise UnavailableError(f"camera {camera} is disabled in the configuration")
        self._drop_expired()
        while len(self._tickets) >= MAX_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(32)
        self._tickets[_hashed(ticket)] = _Ticket(camera, self._deadline())
        return LiveTicket(ticket, camera, self._clock.now() + timedelta(seconds=TICKET_S))

    def revoke(self, camera: CameraId) -> int:
        """Void a camera's tickets and end their streams; return how many tickets there were."""
        gone = [key for key, ticket in self._tickets.items() if ticket.camera == camera]
        for key in gone:
            del self._tickets[key]
        self.end_streams(camera)
        return len(gone)

    def end_streams(self, camera: CameraId) -> None:
        """End a camera's streams (its process was restarted and does not know them); players come back."""
        for viewer in tuple(self._viewers):
            if viewer.camera == camera:
                viewer.end()

    async def stream(self, ticket: str) -> AsyncIterator[bytes]:
        """Open the stream (NotFoundError for a bad ticket, UnavailableError), then yield MPEG-TS."""
        held = self._ticket(ticket)
        if len(self._viewers) >= MAX_VIEWERS:
            raise UnavailableError(f"{MAX_VIEWERS} live views are open already; close one and try again")
        viewer = self._seat(held.camera)
        try:
            await ask(self._hub, capture_peer(held.camera), OpenLive(viewer.id))
        except BaseException:
            self._leave(viewer)
            raise
        return self._chunks(viewer, held)

    def tick(self) -> None:
        """Let expired tickets and streams that nobody reads go; call every few seconds."""
        self._drop_expired()
        now = self._clock.monotonic_ns()
        for viewer in tuple(self._viewers):
            if now - viewer.read_ns > UNREAD_S * NANOSECONDS:
                viewer.end()
                self._leave(viewer)

    async def _chunks(self, viewer: _Viewer, ticket: _Ticket) -> AsyncIterator[bytes]:
        source = viewer.feed.chunks()
        try:
            with suppress(TimeoutError, StopAsyncIteration):
                while not viewer.ended:
                    async with asyncio.timeout(SILENCE_S) as viewer.patience:
                        chunk = await anext(source)
                    viewer.patience = None
                    viewer.read_ns = self._clock.monotonic_ns()
                    yield chunk
        finally:
            ticket.expires_ns = self._deadline()
            self._leave(viewer)

    def _seat(self, camera: CameraId) -> _Viewer:
        name = secrets.token_hex(16)
        viewer = _Viewer(name, camera, self._open_feed(camera, name), self._clock.monotonic_ns())
        self._viewers.add(viewer)
        return viewer

    def _leave(self, viewer: _Viewer) -> None:
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            viewer.feed.close()
            self._background.spawn(self._close(viewer), "ending a live view")

    async def _close(self, viewer: _Viewer) -> None:
        with suppress(UnavailableError, NotFoundError):
            await ask(self._hub, capture_peer(viewer.camera), CloseLive(viewer.id))

    def _ticket(self, ticket: str) -> _Ticket:
        held = self._tickets.get(_hashed(ticket))
        if held is None or held.expires_ns <= self._clock.monotonic_ns():
            raise NotFoundError("this live ticket is unknown or has expired: ask for a new one")
        held.expires_ns = self._deadline()
        return held

    def _deadline(self) -> int:
        return self._clock.monotonic_ns() + TICKET_S * NANOSECONDS

    def _drop_expired(self) -> None:
        now = self._clock.monotonic_ns()
        for key in [key for key, ticket in self._tickets.items() if ticket.expires_ns <= now]:
            del self._tickets[key]


def _hashed(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
