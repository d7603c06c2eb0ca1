"""The queue in SQL: payloads, and deliveries that workers claim.

A claim is a lease: the row stays QUEUED, and is claimable again when `lease_until` has passed. Two workers never get one
row: SQLite has one writer at a time; PostgreSQL locks the rows and skips those that another claim has locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, update

from gateway.adapters.schema import deliveries, messages, parts, payloads
from gateway.adapters.sql_rows import Rows
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.records import Delivery, Payload

OPEN = (DeliveryState.QUEUED, DeliveryState.WAITING, DeliveryState.HELD)
QUEUED = deliveries.c.state == DeliveryState.QUEUED
OLDEST = (deliveries.c.created_at, deliveries.c.id)


class QueueRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    # -- payloads

    async def add_payload(self, payload: Payload) -> None:
        await self._insert(payloads, [payload])

    async def payload(self, payload_id: str) -> Payload | None:
        return await self._one(Payload, select(payloads).where(payloads.c.id == payload_id))

    async def drop_payload_if_done(self, payload_id: str) -> str | None:
        # The row lock lets two workers who finish the last two deliveries at once come one after the other;
        # otherwise each would see the other's row open still, and nobody would shred the mail.
        await self._change(select(payloads.c.id).where(payloads.c.id == payload_id).with_for_update())
        needed = select(deliveries.c.id).where(deliveries.c.payload_id == payload_id, deliveries.c.state.in_(OPEN))
        if await self._ids(needed.limit(1)):
            return None
        self.shredded = True
        gone = delete(payloads).where(payloads.c.id == payload_id).returning(payloads.c.blob)
        return (await self._change(gone)).scalar_one_or_none()

    # -- deliveries

    async def add_deliveries(self, new: Sequence[Delivery]) -> None:
        await self._insert(deliveries, new)

    async def delivery(self, delivery_id: str) -> Delivery | None:
        return await self._one(Delivery, select(deliveries).where(deliveries.c.id == delivery_id))

    async def deliveries_of(self, message_id: str) -> list[Delivery]:
        found = select(deliveries).where(deliveries.c.message_id == message_id)
        return await self._all(Delivery, found.order_by(*OLDEST))

    async def deliveries_in(self, state: DeliveryState, limit: int) -> list[Delivery]:
        found = select(deliveries).where(deliveries.c.state == state)
        return await self._all(Delivery, found.order_by(*OLDEST).limit(limit))

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[Delivery]:
        due = and_(
            QUEUED,
            deliveries.c.next_at <= now,
            or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now),
        )
        columns = (deliveries.c.id, deliveries.c.kind, deliveries.c.payload_id)
        oldest = (deliveries.c.next_at, *OLDEST)
        first = select(*columns).where(due).order_by(*oldest).limit(limit).with_for_update(skip_locked=True)
        rows = (await self._change(first)).all()
        ids = {row.id for row in rows}
        shared = {row.payload_id for row in rows if row.kind is DeliveryKind.MAIL}
        if shared:
            with_them = and_(due, deliveries.c.kind == DeliveryKind.MAIL, deliveries.c.payload_id.in_(shared))
            ids |= set(await self._ids(select(deliveries.c.id).where(with_them).with_for_update(skip_locked=True)))
        if not ids:
            return []
        await self._lease(deliveries.c.id.in_(ids), now + lease)
        return await self._all(Delivery, select(deliveries).where(deliveries.c.id.in_(ids)).order_by(*oldest))

    async def renew(self, delivery_ids: Sequence[str], until: datetime) -> None:
        await self._lease(and_(deliveries.c.id.in_(delivery_ids), QUEUED), until)

    async def _lease(self, which: ColumnElement[bool], until: datetime) -> None:
        await self._change(update(deliveries).where(which).values(lease_until=until))

    async def advance(
        self, delivery_id: str, state: DeliveryState, *, attempts: int, next_at: datetime, last_reply: str
    ) -> None:
        # Who advances a delivery of a message may look next whether it was the last one: one after the other.
        about = select(deliveries.c.message_id).where(deliveries.c.id == delivery_id).scalar_subquery()
        await self._change(select(messages.c.id).where(messages.c.id == about).with_for_update(key_share=True))
        await self._change(
            update(deliveries)
            .where(deliveries.c.id == delivery_id)
            .values(state=state, attempts=attempts, next_at=next_at, last_reply=last_reply, lease_until=None)
        )

    async def next_due(self) -> datetime | None:
        # Two questions that an index answers each, instead of one that reads the whole queue.
        next_at, lease_until = deliveries.c.next_at, deliveries.c.lease_until
        free = select(func.min(next_at)).where(QUEUED, lease_until.is_(None))
        leased = select(func.min(case((lease_until > next_at, lease_until), else_=next_at)))
        leased = leased.where(QUEUED, lease_until.is_not(None))
        times = [(await self._run(question)).scalar_one() for question in (free, leased)]
        return min((time for time in times if time is not None), default=None)

    # -- blobs

    async def blob_keys(self) -> set[str]:
        return {
            key
            for column in (parts.c.blob, payloads.c.blob)
            for key in await self._ids(select(column).where(column.is_not(None)))
        }
