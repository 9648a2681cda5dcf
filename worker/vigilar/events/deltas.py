"""Changes of the shown state, numbered, to any number of bounded subscriptions."""

import asyncio
from collections import deque
from typing import Any

import msgspec

from vigilar.api.services import Delta


class DeltaQueue:
    """A client's bounded queue: when it is full the oldest change goes, and `lagged` says so."""

    def __init__(self, owner: "Deltas", limit: int) -> None:
        self.lagged = False
        self._owner = owner
        self._queue: deque[Delta] = deque(maxlen=limit)
        self._filled = asyncio.Event()

    async def next(self) -> Delta:
        """Wait for the next delta."""
        while not self._queue:
            self._filled.clear()
            await self._filled.wait()
        return self._queue.popleft()

    def put(self, delta: Delta) -> None:
        """Add a delta; never waits."""
        self.lagged = self.lagged or len(self._queue) == self._queue.maxlen
        self._queue.append(delta)
        self._filled.set()

    def close(self) -> None:
        """End the subscription."""
        self._owner.forget(self)


class Deltas:
    """Numbers changes from 1 and hands them to whoever subscribed. One event loop, no locks."""

    def __init__(self) -> None:
        self.seq = 0
        self._queues: set[DeltaQueue] = set()

    def publish(self, topic: str, key: str, value: Any) -> None:
        """Tell that `key` of `topic` is now `value` (a dataclass or a mapping)."""
        self.seq += 1
        if self._queues:
            delta = Delta(self.seq, topic, key, msgspec.to_builtins(value))
            for queue in self._queues:
                queue.put(delta)

    def subscribe(self, limit: int = 512) -> DeltaQueue:
        """Return a queue of at most `limit` deltas that starts after the current `seq`."""
        queue = DeltaQueue(self, limit)
        self._queues.add(queue)
        return queue

    def forget(self, queue: DeltaQueue) -> None:
        """Stop filling a queue."""
        self._queues.discard(queue)
