"""The one thread that talks to the database, and how it is doing."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from vigilar.domain.clock import Clock
from vigilar.store.errors import DamagedDatabaseError, StoreError

log = logging.getLogger(__name__)

SQLITE_CORRUPT: Final = 11
SQLITE_NOTADB: Final = 26


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

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._trouble: StoreTrouble | None = None

    @property
    def trouble(self) -> StoreTrouble | None:
        """What is wrong since when; None while the newest unit of work succeeded."""
        return self._trouble

    async def run[T](self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, after its transaction is committed and on the disk.

        Raises StoreError (nothing was kept), or whatever `work` itself raises (nothing was kept either).
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._transact, work)

    async def probe(self) -> bool:
        """Try a write transaction, to learn whether trouble is over. Return whether it went well."""
        try:
            await self.run(lambda connection: connection.execute(text("UPDATE outbox SET seq = seq WHERE 0")))
        except StoreError:
            return False
        return True

    async def close(self) -> None:
        """Finish what was handed in, then close the file. The database is of no use afterwards."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._engine.dispose)
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
