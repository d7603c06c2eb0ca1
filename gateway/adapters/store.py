"""The store on SQLite or PostgreSQL.

What holds after keys were destroyed (a revocation, an expiry, a shredded payload):

- SQLite: `secure_delete` overwrites the bytes in the file, but the write-ahead log still holds older pages. So the log is
  copied into the file and cut to nothing as soon as a revocation is committed; when a reader of an older state is in the
  way, again every `WIPE_AGAIN` seconds until it is done. What is shredded because its work is done (payloads, queue
  grants) is wiped from the log within that time too, not at once: that would cost every mail two more writes to disk.
  What the disk itself keeps of overwritten blocks is beyond us: keep the data folder on an encrypted disk.
- PostgreSQL: the row is empty at once for everyone who asks; the old version stays in the table's file until VACUUM has
  run and the page was used again, and in its write-ahead log, archives and replicas until they are recycled. Encrypt
  those disks and let them expire.

Either way the wrapped key alone opens nothing: it takes the recipient's message code and factor, or the holder's private key.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.adapters.database import SQLITE_SETTINGS, is_sqlite, meaning, reading_engine, writing_engine
from gateway.adapters.sql_accounts import AccountRows
from gateway.adapters.sql_cases import CaseRows
from gateway.adapters.sql_history import HistoryRows
from gateway.adapters.sql_login import LoginRows
from gateway.adapters.sql_past import PastRows
from gateway.adapters.sql_queue import QueueRows
from gateway.adapters.sql_tokens import TokenRows
from gateway.adapters.sql_vault import VaultRows

WIPE_AGAIN = 5.0  # seconds
WIPE_WAITS = 250  # milliseconds that cutting the log waits for readers

log = structlog.get_logger()


class SqlTransaction(AccountRows, TokenRows, LoginRows, VaultRows, QueueRows, CaseRows, HistoryRows, PastRows):
    """See `gateway.core.ports.Transaction`."""


class SqlStore:
    """See `gateway.core.ports.Store`. `url` is `sqlite:///FILE` or `postgresql://...`; its schema is there already
    (`gateway.adapters.migrate.upgrade`). Belongs to one event loop; `close` it in that loop."""

    def __init__(self, url: str) -> None:
        self._writing = writing_engine(url)
        self._reading = reading_engine(url)
        self._sqlite = is_sqlite(url)
        self._settled = False  # what a process that died left in the log is wiped after the first write
        self._unwiped = False
        self._wiping: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[SqlTransaction]:
        async with _connection(self._writing) as connection:
            tx = SqlTransaction(connection, writable=True)
            yield tx
            await _commit(connection)
        if self._sqlite:
            await self._wipe(tx)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[SqlTransaction]:
        async with _connection(self._reading) as connection:
            yield SqlTransaction(connection, writable=False)

    async def close(self) -> None:
        if self._wiping is not None:
            self._wiping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._wiping
        await self._reading.dispose()
        await self._writing.dispose()

    # -- cutting the write-ahead log

    async def _wipe(self, tx: SqlTransaction) -> None:
        if tx.revoked or tx.shredded or not self._settled:
            self._settled = True
            self._wipe_later()  # also when it is done at once: a caller that goes away would stop that
        if tx.revoked:
            await self._wiped()

    async def _wiped(self) -> bool:
        """Whether nothing older is left in the log. The data is committed already, so this never fails the caller."""
        try:
            async with self._writing.connect() as connection:
                return await _truncate_log((await connection.get_raw_connection()).driver_connection)
        except (SQLAlchemyError, OSError):
            log.warning("store_log_not_wiped")
            return False

    def _wipe_later(self) -> None:
        self._unwiped = True
        if self._wiping is None or self._wiping.done():
            self._wiping = asyncio.create_task(self._wipe_until_done())

    async def _wipe_until_done(self) -> None:
        while self._unwiped:
            await asyncio.sleep(WIPE_AGAIN)
            self._unwiped = False  # what is committed while the log is cut needs another turn
            if not await self._wiped():
                self._unwiped = True


async def _truncate_log(driver: Any) -> bool:
    """Whether it could be cut. Outside a transaction, hence on the driver's own connection."""
    try:
        await driver.execute(f"PRAGMA busy_timeout={WIPE_WAITS}")
        (busy, _, _) = next(iter(await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")))
    except sqlite3.Error:
        return False
    finally:
        await driver.execute(SQLITE_SETTINGS[0])
    return bool(busy == 0)


@contextlib.asynccontextmanager
async def _connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction that is rolled back unless it was committed."""
    stack = contextlib.AsyncExitStack()
    async with stack:
        try:
            connection = await stack.enter_async_context(engine.connect())
            await connection.begin()
        except (SQLAlchemyError, OSError) as error:
            raise meaning(error) from error
        yield connection


async def _commit(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    except (SQLAlchemyError, OSError) as error:
        raise meaning(error) from error
