import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from vigilar.bus.messages import LookStarted, LookStatus, Message
from vigilar.bus.wire import Kind, Received, new_id
from vigilar.events.dispatch import Dispatcher
from vigilar.store.errors import StoreError
from worker.cameras.house import a_look
from worker.store.fakes import run


@dataclass
class Inbox:
    """Delivers what is put; remembers what was acknowledged and rejected."""

    waiting: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    acked: list[Message] = field(default_factory=list)
    rejected: list[Message] = field(default_factory=list)

    def put(self, *messages: Any) -> None:
        for message in messages:
            self.waiting.put_nowait(Received(message, b"", "look", new_id(), Kind.MATTERS))

    async def __aiter__(self) -> AsyncIterator[Received]:
        while not self.waiting.empty():
            yield self.waiting.get_nowait()

    async def ack(self, received: Received) -> None:
        self.acked.append(received.message)

    def reject(self, received: Received) -> None:
        self.rejected.append(received.message)


def test_a_message_is_acknowledged_after_everybody_took_it_in() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        seen: list[tuple[str, int]] = []

        async def first(message: LookStarted) -> None:
            await asyncio.sleep(0)
            seen.append(("first", len(inbox.acked)))

        async def second(message: LookStarted) -> None:
            seen.append(("second", len(inbox.acked)))

        inbox.put(LookStarted(1), LookStarted(2), a_look())
        await Dispatcher(inbox, {LookStarted: (first, second)}).run()

        assert seen == [("first", 0), ("second", 0), ("first", 1), ("second", 1)]
        assert inbox.acked == [LookStarted(1), LookStarted(2), a_look()]

    run(scenario())


def test_while_the_database_fails_nothing_is_acknowledged() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        broken = True

        async def keep(_: LookStarted) -> None:
            if broken:
                raise StoreError("the disk is full")

        dispatcher = Dispatcher(inbox, {LookStarted: (keep,)})
        inbox.put(LookStarted(1))
        await dispatcher.run()
        assert (inbox.acked, inbox.rejected) == ([], [LookStarted(1)])

        broken = False
        inbox.put(LookStarted(1))  # its sender says it again
        await dispatcher.run()
        assert inbox.acked == [LookStarted(1)]
        assert dispatcher.dropped == 0

    run(scenario())


def test_a_message_that_can_never_be_handled_does_not_hold_up_the_others() -> None:
    async def scenario() -> None:
        inbox = Inbox()

        async def stumble(message: LookStatus) -> None:
            raise KeyError(message.camera)

        dispatcher = Dispatcher(inbox, {LookStatus: (stumble,)})
        inbox.put(a_look(), LookStarted(1))
        await dispatcher.run()

        assert inbox.acked == [a_look(), LookStarted(1)]
        assert dispatcher.dropped == 1

    run(scenario())
