"""Events, the audit log and counters, in SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from gateway.adapters.schema import audit, counters, events
from gateway.adapters.sql_rows import Rows
from gateway.core.records import AuditEntry, Event

CLEANED = 100  # old windows that one count removes at most; more than it adds


class HistoryRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    async def add_event(self, event: Event) -> None:
        await self._insert(events, [event])

    async def events(self, message_id: str) -> list[Event]:
        columns = [column for column in events.c if column.name != "number"]
        found = select(*columns).where(events.c.message_id == message_id)
        return await self._all(Event, found.order_by(events.c.number))

    async def audit(self, entry: AuditEntry) -> None:
        await self._insert(audit, [entry])

    async def count(self, key: str, now: datetime, window: timedelta) -> int:
        seconds = int(window.total_seconds())
        number = int(now.timestamp() // seconds)
        await self._forget_old(now)
        dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
        row = {"key": key, "seconds": seconds, "number": number, "hits": 1}
        row["ends_at"] = datetime.fromtimestamp((number + 1) * seconds, UTC)
        counted = (
            dialect.insert(counters)
            .values(**row)
            .on_conflict_do_update(index_elements=["key", "seconds", "number"], set_={"hits": counters.c.hits + 1})
            .returning(counters.c.hits)
        )
        hits: int = (await self._change(counted)).scalar_one()
        return hits

    async def _forget_old(self, now: datetime) -> None:
        primary = (counters.c.key, counters.c.seconds, counters.c.number)
        old = select(*primary).where(counters.c.ends_at <= now).limit(CLEANED).with_for_update(skip_locked=True)
        if gone := (await self._change(old)).all():
            await self._change(delete(counters).where(tuple_(*primary).in_([tuple(row) for row in gone])))
