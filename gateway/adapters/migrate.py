"""Brings a database to this version's schema. Every role may call it at start: a lock lets one through at a time.

The lock is a file beside the SQLite database, or an advisory lock of PostgreSQL; both go with the process that holds them.
A new version: edit `schema.py`, then add the next file in `migrations/versions`, by hand or by alembic's autogenerate.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.adapters.database import is_sqlite, meaning, plain_engine, sqlite_file

FOLDER = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x5A4547454C  # "ZEGEL"


def upgrade(url: str) -> None:
    """Makes the database when there is none, and applies the migrations it lacks. Blocks; raises `StoreUnavailable`."""
    try:
        with _connected(url) as connection:
            command.upgrade(_config(connection), "head")
    except SQLAlchemyError as error:
        raise meaning(error) from error


def check(url: str) -> None:
    """Raises alembic's CommandError when the migrations make other tables than `schema.py` says."""
    with _connected(url) as connection:
        command.check(_config(connection))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """A connection that alone may change the schema."""
    engine = plain_engine(url)
    try:
        with _file_lock(url), engine.connect() as connection:
            if not is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
                connection.commit()
            yield connection
    finally:
        engine.dispose()  # the session's end frees the advisory lock


@contextlib.contextmanager
def _file_lock(url: str) -> Iterator[None]:
    if not is_sqlite(url):
        yield
        return
    path = sqlite_file(url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)
    with path.with_name(path.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
