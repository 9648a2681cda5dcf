"""The one thread that talks to the database, and how it is doing."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from vigilar.domain.clock import Clock
from vigilar.store.errors import DamagedDatabaseError, StoreError

log = logging.getLogger(__name__)

SQLITE_CORRUPT: Final = 11
SQLITE_NOTADB: Final = 26
HUNG_S: Final = 20.0
"""A unit of work that takes longer waits for a disk that does not answer."""
CLOSE_S: Final = 5.0
_NO_ANSWER: Final = "its disk does not answer"


@dataclass(frozen=True, slots=True)
class StoreTrouble:
    """The database has been failing since `since_ns` (monotonic); `damaged`: trying again cannot help."""

    since_ns: int
    message: str
    damaged: bool


def is_damage(error: BaseException | None) -> bool:
    """Return whether a driver's error says that the file itself is broken."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in (SQLITE_CORRUPT, SQLITE_NOTADB)


class Database:
    """Runs units of work, each in one transaction, one after the other, off the event loop.

    One thread for reads too: a page of a list takes less than a millisecond, and SQLite then needs one
    connection's memory instead of several.
    """

    def __init__(self, engine: Engine, clock: Clock, *, hung_s: float = HUNG_S) -> None:
        self._engine = engine
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._trouble: StoreTrouble | None = None
        self._hung_s = hung_s
        self._hung: Future[None] | None = None

    @property
    def trouble(self) -> StoreTrouble | None:
        """What is wrong since when; None while the newest unit of work succeeded."""
        return self._trouble

    async def run[T](self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, after its transaction is committed and on the disk.

        Raises StoreError (nothing was kept), or whatever `work` itself raises (nothing was kept either).
        Where the disk does not answer in time that is a StoreError too, though the work under way may still
        be done once it does; until then everything else is refused at once.
        """
        if self._hung is not None and not self._hung.done():
            raise StoreError(f"the database failed: {_NO_ANSWER}")
        done: Future[T] = self._thread.submit(self._transact, work)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(done), self._hung_s)
        except TimeoutError as err:
            # Cancelled if it had not begun. What is queued now shows when the disk answers again.
            self._hung = self._thread.submit(lambda: None)
            since = self._trouble.since_ns if self._trouble else self._clock.monotonic_ns()
            self._trouble = StoreTrouble(since, _NO_ANSWER, damaged=False)
            log.error("the database failed: %s", _NO_ANSWER)  # noqa: TRY400 - the text says all
            raise StoreError(f"the database failed: {_NO_ANSWER}") from err

    async def probe(self) -> bool:
        """Try a write transaction, to learn whether trouble is over. Return whether it went well."""
        try:
            await self.run(lambda connection: connection.execute(text("UPDATE outbox SET seq = seq WHERE 0")))
        except StoreError:
            return False
        return True

    async def close(self) -> None:
        """Finish what was handed in, then close the file. The database is of no use afterwards."""
        disposed = self._thread.submit(self._engine.dispose)
        try:
            await asyncio.wait_for(asyncio.wrap_future(disposed), CLOSE_S)
        except TimeoutError:
            log.error("the database cannot be closed: %s", _NO_ANSWER)  # noqa: TRY400 - the text says all
        self._thread.shutdown(wait=False)

    def _transact[T](self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                result = work(connection)
        except DBAPIError as err:
            self._failed(err)
            kind = DamagedDatabaseError if is_damage(err.orig) else StoreError
            raise kind(f"the database failed: {err.orig}") from err
        self._trouble = None
        return result

    def _failed(self, err: DBAPIError) -> None:
        since = self._trouble.since_ns if self._trouble else self._clock.monotonic_ns()
        if self._trouble is None:
            log.error("the database failed: %s", err.orig)
        self._trouble = StoreTrouble(since, str(err.orig), is_damage(err.orig))
