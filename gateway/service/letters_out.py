"""Letters to a sender: orders that the deliver role renders and sends. One place that makes their rows."""

from __future__ import annotations

from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.orders import Order
from gateway.core.ports import Clock, NewId
from gateway.core.records import Delivery, Payload
from gateway.service.payloads import Payloads


class LettersOut:
    """`await order(...)` gives the rows; the caller adds them to its transaction."""

    def __init__(self, *, payloads: Payloads, clock: Clock, new_id: NewId) -> None:
        self._payloads = payloads
        self._clock = clock
        self._new_id = new_id

    async def order(
        self, order: Order, organisation: str, trace: str, message_id: str | None = None
    ) -> tuple[Payload, Delivery]:
        """The sealed order and its delivery, due at once."""
        payload = await self._payloads.seal(order.to_bytes(), organisation)
        now = self._clock()
        return payload, Delivery(
            id=self._new_id(),
            organisation=organisation,
            kind=DeliveryKind.ORDER,
            state=DeliveryState.QUEUED,
            payload_id=payload.id,
            mail_from="",
            rcpt_to=order.recipient,
            trace=trace,
            created_at=now,
            next_at=now,
            message_id=message_id,
        )
