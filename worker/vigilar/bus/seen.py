"""What was received before: a message sent again is handled once."""

from collections import OrderedDict
from enum import StrEnum
from typing import Final

DEFAULT_MEMORY: Final = 8192


class Sight(StrEnum):
    """What is known of a message's id."""

    NEW = "new"
    IN_WORK = "in_work"
    DONE = "done"


class Seen:
    """The newest ids received and whether their handling was finished (acknowledged)."""

    def __init__(self, memory: int = DEFAULT_MEMORY) -> None:
        self._ids: OrderedDict[bytes, bool] = OrderedDict()
        self._memory = memory

    def look(self, message_id: bytes) -> Sight:
        """Return what is known of it; a new one is from now on in work."""
        done = self._ids.get(message_id)
        if done is None:
            self._ids[message_id] = False
            while len(self._ids) > self._memory:
                self._ids.popitem(last=False)
            return Sight.NEW
        return Sight.DONE if done else Sight.IN_WORK

    def finish(self, message_id: bytes) -> None:
        """Note that it was handled for good: sent again, it is only acknowledged again."""
        if message_id in self._ids:
            self._ids[message_id] = True

    def forget(self, message_id: bytes) -> None:
        """Its handling failed: sent again, it counts as new."""
        self._ids.pop(message_id, None)
