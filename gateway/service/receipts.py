"""What became of a sealed message, as a status per recipient: from grants, deliveries and events, never from content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.records import Delivery, Event, EventKind, Grant, GrantKind, GrantState, MessageState, SealedMessage


class ReceiptState(Enum):
    """Where one recipient stands; the first that applies, in this order."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    WRONG_NUMBER = "wrong-number"
    WAITING = "waiting"
    READ = "read"
    BOUNCED = "bounced"
    NOTIFIED = "notified"
    UNDERWAY = "underway"


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """`phone` is masked; `events` are this recipient's, oldest first."""

    address: str
    grant_id: str | None
    state: ReceiptState
    phone: str = field(default="", repr=False)
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """No subject, no content."""

    created_at: datetime
    expires_at: datetime
    state: MessageState
    recipients: tuple[RecipientStatus, ...]


def newest_grant(grants: Sequence[Grant], address: str) -> Grant | None:
    """The recipient's own grant; the newest when there were several."""
    own = [grant for grant in grants if grant.kind is GrantKind.RECIPIENT and grant.holder == address]
    return own[-1] if own else None


def waiting_order(deliveries: Sequence[Delivery], address: str) -> Delivery | None:
    """The order of that recipient that waits for the sender's input."""
    for row in deliveries:
        if row.kind is DeliveryKind.ORDER and row.rcpt_to == address and row.state is DeliveryState.WAITING:
            return row
    return None


def state_of(
    message: SealedMessage, address: str, grant: Grant | None, deliveries: Sequence[Delivery], events: Sequence[Event]
) -> ReceiptState:
    kinds = {event.kind for event in events if event.recipient == address}
    grant_state = grant.state if grant is not None else None
    if message.state is MessageState.REVOKED or grant_state is GrantState.REVOKED or EventKind.REVOKED in kinds:
        return ReceiptState.REVOKED
    if message.state is MessageState.EXPIRED or grant_state is GrantState.EXPIRED:
        return ReceiptState.EXPIRED
    if grant_state is GrantState.WRONG_NUMBER:
        return ReceiptState.WRONG_NUMBER
    if waiting_order(deliveries, address) is not None:
        return ReceiptState.WAITING
    for kind, state in (
        (EventKind.READ, ReceiptState.READ),
        (EventKind.BOUNCED, ReceiptState.BOUNCED),
        (EventKind.NOTIFIED, ReceiptState.NOTIFIED),
    ):
        if kind in kinds:
            return state
    return ReceiptState.UNDERWAY
