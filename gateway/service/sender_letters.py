"""Letters to a sender, as orders in the queue: something happened that they should know."""

from __future__ import annotations

from gateway.core.orders import Order
from gateway.core.ports import Clock, NewId, Transaction
from gateway.core.records import Delivery, Payload, SealedMessage
from gateway.service.payloads import Payloads
from gateway.service.sealing import order_row


class SenderLetters:
    """Two steps, since a payload's blob is written before the transaction: `prepare`, then `add`."""

    def __init__(self, *, payloads: Payloads, clock: Clock, new_id: NewId) -> None:
        self._payloads = payloads
        self._clock = clock
        self._new_id = new_id

    async def order(self, order: Order, organisation: str, trace: str) -> tuple[Payload, Delivery]:
        """The rows of a letter that belongs to no sealed message, due at once."""
        payload = await self._payloads.seal(order.to_bytes(), organisation)
        row = order_row(
            delivery_id=self._new_id(),
            payload=payload,
            mail_from="",
            rcpt_to=order.recipient,
            trace=trace,
            now=self._clock(),
            message_id=None,
        )
        return payload, row

    async def prepare(self, letter: str, message: SealedMessage, recipient: str, language: str) -> Payload:
        """`letter` is 'wrong-number' or 'locked'; `recipient` the one it is about."""
        order = Order(
            letter=letter,
            recipient=message.mail_from,
            language=language,
            sender_name="",
            sender_address=message.mail_from,
            recipients=(recipient,),
        )
        return await self._payloads.seal(order.to_bytes(), message.organisation)

    async def add(self, tx: Transaction, payload: Payload, message: SealedMessage) -> None:
        await tx.add_payload(payload)
        await tx.add_deliveries([self._row(payload, message)])

    def _row(self, payload: Payload, message: SealedMessage) -> Delivery:
        return order_row(
            delivery_id=self._new_id(),
            payload=payload,
            mail_from="",
            rcpt_to=message.mail_from,
            trace=message.id,
            now=self._clock(),
            message_id=message.id,
        )
