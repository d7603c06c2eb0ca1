"""Held mail: a reviewer lets it go on or refuses it; every step is in the audit log."""

from __future__ import annotations

import structlog

from gateway.core.delivery import DeliveryEvent, DeliveryState, after
from gateway.core.orders import Order
from gateway.core.organisation import Organisations
from gateway.core.ports import DELIVER, Bus, Clock, Store, Transaction
from gateway.core.records import AuditEntry, Delivery, Payload
from gateway.service.payloads import Payloads
from gateway.service.sender_letters import SenderLetters

log = structlog.get_logger()

MOST_LISTED = 1000


class NotHeld(Exception):
    """There is no such held mail (any more)."""


class Review:
    """`release` and `refuse` raise `NotHeld`. Nothing here can read the mail: it stays sealed to the queue key."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        store: Store,
        payloads: Payloads,
        letters: SenderLetters,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._organisations = organisations
        self._store = store
        self._payloads = payloads
        self._letters = letters
        self._bus = bus
        self._clock = clock

    async def held(self) -> list[Delivery]:
        """What waits for a reviewer."""
        async with self._store.read() as tx:
            return await tx.deliveries_in(DeliveryState.HELD, MOST_LISTED)

    async def release(self, delivery_id: str, actor: str) -> None:
        """The mail goes on to its recipient as it is."""
        async with self._store.write() as tx:
            row = await self._move(tx, delivery_id, DeliveryEvent.RELEASED, actor)
        self._bus.wake(DELIVER)
        log.info("held_released", trace=row.trace, delivery=row.id)

    async def refuse(self, delivery_id: str, actor: str) -> None:
        """The mail is destroyed, and its sender is told for whom."""
        async with self._store.read() as tx:
            row = await tx.delivery(delivery_id)
        if row is None:
            raise NotHeld(delivery_id)
        report = await self._report(row)
        async with self._store.write() as tx:
            await self._move(tx, delivery_id, DeliveryEvent.WITHDRAWN, actor)
            blob = await self._payloads.drop(tx, row.payload_id)
            if report is not None:
                payload, letter = report
                await tx.add_payload(payload)
                await tx.add_deliveries([letter])
        await self._payloads.shred(blob)
        self._bus.wake(DELIVER)
        log.info("held_refused", trace=row.trace, delivery=row.id)

    async def _move(self, tx: Transaction, delivery_id: str, event: DeliveryEvent, actor: str) -> Delivery:
        row = await tx.delivery(delivery_id)
        if row is None or row.state is not DeliveryState.HELD:
            raise NotHeld(delivery_id)
        now = self._clock()
        await tx.advance(row.id, after(row.state, event), attempts=row.attempts, next_at=now, last_reply="")
        await tx.audit(AuditEntry(now, row.organisation, actor, f"review:{event.value}", row.trace, row.id))
        return row

    async def _report(self, row: Delivery) -> tuple[Payload, Delivery] | None:
        """Not to `<>`, and not to senders outside: what they are told is their own server's affair."""
        organisation = self._organisations.get(row.organisation)
        if not organisation.owns(row.mail_from):
            return None
        order = Order(
            letter="refused",
            recipient=row.mail_from,
            language=organisation.language,
            sender_name="",
            sender_address=row.mail_from,
            recipients=(row.rcpt_to,),
        )
        return await self._letters.order(order, row.organisation, row.trace)
