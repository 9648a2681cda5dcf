"""The event service."""

from vigilar.api.services import DeltaPublisher, EventQuery, Page
from vigilar.domain.clock import Clock
from vigilar.domain.errors import NotFoundError
from vigilar.domain.event import Event, EventId, SystemEvent
from vigilar.store.database import Database
from vigilar.store.events import Events
from vigilar.store.system_events import SystemEvents


class EventLog:
    """Implements `EventService`."""

    def __init__(self, database: Database, clock: Clock, publisher: DeltaPublisher) -> None:
        self._database = database
        self._clock = clock
        self._publisher = publisher

    async def list(self, query: EventQuery) -> Page[Event]:
        """Return one page. Raises InvalidRequestError for a cursor that is not ours."""
        now = self._clock.now()
        return await self._database.run(lambda connection: Events(connection, now).page(query))

    async def get(self, event: EventId) -> Event:
        """Return one. Raises NotFoundError."""
        now = self._clock.now()
        found = await self._database.run(lambda connection: Events(connection, now).get(event))
        if found is None:
            raise NotFoundError(f"there is no event {event!r}")
        return found

    async def acknowledge(self, event: EventId) -> Event:
        """Mark as seen (once; repeating changes nothing). Raises NotFoundError."""
        now = self._clock.now()
        answer = await self._database.run(lambda connection: Events(connection, now).acknowledge(event))
        if answer is None:
            raise NotFoundError(f"there is no event {event!r}")
        acknowledged, changed = answer
        if changed:
            self._publisher.publish("event", acknowledged.id, acknowledged)
        return acknowledged

    async def system_events(self, limit: int) -> tuple[SystemEvent, ...]:
        """Return the newest."""
        return await self._database.run(lambda connection: SystemEvents(connection).newest(limit))
