"""Contacts, shapes of domains and past decisions, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, Select, and_, delete, exists, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from gateway.adapters.schema import contacts, decisions, domain_shapes
from gateway.adapters.sql_rows import Rows
from gateway.core.history import ANYBODY, Contact, DomainShape
from gateway.core.records import PastDecision

AT_ONCE = 5000  # values in one statement


class PastRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    async def contacts(self, organisation: str, writers: Sequence[bytes], subjects: Sequence[bytes]) -> list[Contact]:
        found: list[Contact] = []
        for start in range(0, len(subjects), AT_ONCE):
            asked = select(contacts).where(
                contacts.c.organisation == organisation,
                contacts.c.writer.in_(writers),
                contacts.c.subject.in_(subjects[start : start + AT_ONCE]),
            )
            found += await self._all(Contact, asked)
        return found

    async def domain_shapes(self, organisation: str, shapes: Sequence[bytes]) -> list[DomainShape]:
        found: list[DomainShape] = []
        for start in range(0, len(shapes), AT_ONCE):
            wanted = domain_shapes.c.shape.in_(shapes[start : start + AT_ONCE])
            asked = select(domain_shapes).where(domain_shapes.c.organisation == organisation, wanted)
            found += await self._all(DomainShape, asked)
        return found

    async def remember(self, new: Sequence[Contact], shapes: Sequence[DomainShape]) -> None:
        if new:
            dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
            insert: Any = dialect.insert(contacts)
            adding: Insert = insert.on_conflict_do_update(
                index_elements=["organisation", "writer", "subject"],
                set_={
                    "times": contacts.c.times + insert.excluded.times,
                    "last_at": insert.excluded.last_at,
                    "companions": insert.excluded.companions,
                },
            )
            await self._change(adding, [asdict(contact) for contact in new])
        if shapes:
            dialect = sqlite if self._connection.dialect.name == "sqlite" else postgresql
            keeping: Any = dialect.insert(domain_shapes)
            await self._change(keeping.on_conflict_do_nothing(), [asdict(shape) for shape in shapes])

    async def add_past_decision(self, decision: PastDecision) -> None:
        await self._insert(decisions, [decision])

    async def past_decisions(self, since: datetime, limit: int, after: str = "") -> list[PastDecision]:
        found = select(decisions).where(decisions.c.at >= since, decisions.c.id > after)
        return await self._all(PastDecision, found.order_by(decisions.c.id).limit(limit))

    async def forget(self, contacts_before: datetime, decisions_before: datetime, limit: int) -> int:
        key = (contacts.c.organisation, contacts.c.writer, contacts.c.subject)
        old = select(*key).where(contacts.c.last_at < contacts_before).limit(limit)
        unknown = ~exists().where(
            contacts.c.organisation == domain_shapes.c.organisation,
            contacts.c.writer == ANYBODY,
            contacts.c.subject == domain_shapes.c.domain,
        )
        shape = (domain_shapes.c.organisation, domain_shapes.c.shape, domain_shapes.c.domain)
        past = select(decisions.c.id).where(decisions.c.at < decisions_before).limit(limit)
        gone = await self._delete(old, contacts, key)
        gone += await self._delete(past, decisions, (decisions.c.id,))
        if gone:
            gone += await self._delete(select(*shape).where(and_(unknown)).limit(limit), domain_shapes, shape)
        return gone

    async def _delete(self, which: Select[Any], table: Any, key: tuple[Any, ...]) -> int:
        rows = (await self._change(which)).all()
        if rows:
            await self._change(delete(table).where(tuple_(*key).in_([tuple(row) for row in rows])))
        return len(rows)
