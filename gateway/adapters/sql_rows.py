"""What the parts of the SQL transaction share: running statements, and turning records into rows and back.

A table's columns have the names of the record's fields, so a record is its row: `record(**row)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Table, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.adapters.database import meaning

Record = TypeVar("Record")


class Rows:
    """One transaction's connection. `revoked` tells that keys were taken back in it, `shredded` that what is no longer
    needed was destroyed (see `gateway.adapters.store`)."""

    def __init__(self, connection: AsyncConnection, *, writable: bool) -> None:
        self._connection = connection
        self._writable = writable
        self.revoked = False
        self.shredded = False

    async def _change(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Runs a statement that writes. Raises what `meaning` says."""
        if not self._writable:
            raise RuntimeError("writing in a read transaction")
        return await self._run(statement, rows)

    async def _run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> CursorResult[Any]:
        try:
            return await self._connection.execute(statement, rows)
        except (SQLAlchemyError, OSError) as error:
            raise meaning(error) from error

    async def _insert(self, table: Table, records: Sequence[object], **more: object) -> None:
        if records:
            await self._change(insert(table), [{**_fields(record, table), **more} for record in records])

    async def _all(self, kind: type[Record], statement: Executable) -> list[Record]:
        return [kind(**row) for row in (await self._run(statement)).mappings()]

    async def _one(self, kind: type[Record], statement: Executable) -> Record | None:
        return next(iter(await self._all(kind, statement)), None)

    async def _ids(self, statement: Executable) -> list[str]:
        """The first column."""
        return list((await self._run(statement)).scalars())


def _fields(record: object, table: Table) -> dict[str, object]:
    names = (field.name for field in fields(record))  # type: ignore[arg-type]
    return {name: getattr(record, name) for name in names if name in table.c}
