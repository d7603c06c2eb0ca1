"""The QUEUE grants of a message: keys that the deliver role needs until the message's last notification has left."""

from __future__ import annotations

from gateway.core.delivery import DeliveryState
from gateway.core.ports import Transaction

UNFINISHED = (DeliveryState.QUEUED, DeliveryState.WAITING, DeliveryState.HELD)


async def drop_when_done(tx: Transaction, message_id: str) -> bool:
    """Deletes them when no delivery of the message can still need them; whether it did."""
    if any(delivery.state in UNFINISHED for delivery in await tx.deliveries_of(message_id)):
        return False
    await tx.drop_queue_grants(message_id)
    return True
