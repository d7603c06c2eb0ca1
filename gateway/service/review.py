"""Held mail, as an operator of the installation decides about it by `zegel held`, one recipient at a time.

The rule: nothing here can read the mail; a decision is an answer to its case, for the deliver role. Mail that was held before
there were cases goes on as it is. Every step is in the audit log.
"""

from __future__ import annotations

import structlog

from gateway.core.cases import Answer
from gateway.core.decision import Choice
from gateway.core.delivery import DeliveryEvent, DeliveryState, after
from gateway.core.orders import Order
from gateway.core.organisation import Organisations
from gateway.core.ports import DELIVER, Bus, Clock, NewId, Store, Transaction
from gateway.core.records import AuditEntry, Delivery, Payload
from gateway.service.cases import answer_row
from gateway.service.payloads import Payloads
from gateway.service.sender_letters import SenderLetters

log = structlog.get_logger()

MOST_LISTED = 1000


class NotHeld(Exception):
    """There is no such held mail (any more)."""


class Review:
    """`release` and `refuse` raise `NotHeld`."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        store: Store,
        payloads: Payloads,
        letters: SenderLetters,
        bus: Bus,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._organisations = organisations
        self._store = store
        self._payloads = payloads
        self._letters = letters
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def held(self) -> list[Delivery]:
        """What waits for a reviewer."""
        async with self._store.read() as tx:
            return await tx.deliveries_in(DeliveryState.HELD, MOST_LISTED)

    async def release(self, delivery_id: str, actor: str) -> None:
        """The mail goes on to its recipient, as far as no other policy forbids that."""
        if await self._answer(delivery_id, Choice.SEND, actor):
            return
        async with self._store.write() as tx:
            row = await self._move(tx, delivery_id, DeliveryEvent.RELEASED, actor)
        self._bus.wake(DELIVER)
        log.info("held_released", trace=row.trace, delivery=row.id)

    async def refuse(self, delivery_id: str, actor: str) -> None:
        """The mail is destroyed, and its sender is told for whom."""
        if await self._answer(delivery_id, Choice.CANCEL, actor):
            return
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

    async def _answer(self, delivery_id: str, choice: Choice, actor: str) -> bool:
        """Answers the case of this recipient's mail, for them only; whether there is one. Raises `NotHeld`."""
        async with self._store.read() as tx:
            row = await tx.delivery(delivery_id)
            case = await tx.case(row.message_id) if row is not None and row.message_id is not None else None
        if row is None or row.state is not DeliveryState.HELD:
            raise NotHeld(delivery_id)
        if case is None:
            return False
        answer = Answer(case.id, choice, actor, recipients=(row.rcpt_to,))
        now = self._clock()
        payload, order = await answer_row(self._payloads, case, answer, self._new_id(), now)
        async with self._store.write() as tx:
            await tx.add_payload(payload)
            await tx.add_deliveries([order])
            await tx.audit(
                AuditEntry(
                    now, row.organisation, actor, f"case:answer:{choice.value}", row.trace, f"{case.id} {row.id}"
                )
            )
        self._bus.wake(DELIVER)
        log.info("held_answered", trace=row.trace, delivery=row.id, choice=choice.value)
        return True

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
