"""Database addresses and engines: what is set on every connection, and what a driver's error means to us.

An address is `sqlite:///FILE` or `postgresql://USER@HOST/NAME`. SQLite: WAL, synchronous=FULL (a commit is on disk),
foreign keys, secure_delete=ON (deleted bytes are overwritten), temporary tables in memory (never on another disk).
Errors never show statement parameters: those are addresses and ciphertext.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from gateway.core.errors import OutOfSpace, StoreUnavailable
from gateway.core.ports import Duplicate

BUSY_SECONDS = 30.0  # a writer waits this long for the other processes' short transactions
POOL_SECONDS = 30.0

SQLITE_SETTINGS = (
    f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
)


def driver_url(url: str, *, asynchronous: bool) -> URL:
    """The SQLAlchemy address of one of ours. Raises ValueError for another kind of database."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("SQLite needs a file: several processes share it")
            return parsed.set(drivername="sqlite+aiosqlite" if asynchronous else "sqlite")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"no store on {other}")


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def sqlite_file(url: str) -> Path:
    return Path(make_url(url).database or "")


def plain_engine(url: str) -> Engine:
    """For migrations: one connection, not pooled; they begin their transactions themselves."""
    engine = create_engine(driver_url(url, asynchronous=False), poolclass=NullPool, hide_parameters=True)
    if is_sqlite(url):
        _prepare_sqlite(engine, begin="BEGIN IMMEDIATE", more=())
    return engine


def writing_engine(url: str) -> AsyncEngine:
    """SQLite: one connection for this process, whose transactions take the write lock at once: a transaction that reads
    first and writes later could otherwise fail half-way when another process wrote in between."""
    if is_sqlite(url):
        engine = _engine(url, pool_size=1)
        _prepare_sqlite(engine.sync_engine, begin="BEGIN IMMEDIATE", more=())
        return engine
    return _engine(url, pool_size=10)


def reading_engine(url: str) -> AsyncEngine:
    """A transaction sees one state of the whole database from its first statement on."""
    if is_sqlite(url):
        engine = _engine(url, pool_size=4)
        _prepare_sqlite(engine.sync_engine, begin="BEGIN", more=("PRAGMA query_only=ON",))
        return engine
    return _engine(url, pool_size=10).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _engine(url: str, pool_size: int) -> AsyncEngine:
    return create_async_engine(
        driver_url(url, asynchronous=True),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=not is_sqlite(url),
        hide_parameters=True,
    )


def _prepare_sqlite(engine: Engine, *, begin: str, more: tuple[str, ...]) -> None:
    """Sets every connection up, and begins transactions ourselves: the driver would begin them too late."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for setting in (*SQLITE_SETTINGS, *more):
            cursor.execute(setting)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)


# -- errors

_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "23505"}
_FULL = {sqlite3.SQLITE_FULL, "53100"}
# A mistake of ours, not of the database: class 42 is syntax and names, 22 data, 23 what is left of the constraints.
_OURS = ("42", "22", "23", "25")


def meaning(error: SQLAlchemyError | OSError) -> Exception:
    """The port's error for a driver's error: `Duplicate`, KeyError (a row refers to one that is not there), `OutOfSpace`,
    `StoreUnavailable`, or the error itself when it is a programming error."""
    if not isinstance(error, DBAPIError):
        return StoreUnavailable() if isinstance(error, OSError | PoolTimeout) else error
    code = _code(error.orig)
    if code in _FULL:
        return OutOfSpace()
    if isinstance(error, IntegrityError):
        return Duplicate() if code in _UNIQUE else KeyError("a row refers to one that is not there")
    if isinstance(code, str) and code.startswith(_OURS):
        return error
    return StoreUnavailable()


def _code(error: BaseException | None) -> int | str | None:
    """SQLite's extended code or PostgreSQL's SQLSTATE, wherever the driver's wrappers keep it."""
    while error is not None:
        code = getattr(error, "sqlite_errorcode", None) or getattr(error, "sqlstate", None)
        if code is not None:
            return code  # type: ignore[no-any-return]
        error = error.__cause__
    return None
