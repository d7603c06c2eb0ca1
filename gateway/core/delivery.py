"""Delivery states, their transitions and the retry schedule. Nothing else decides when mail is tried again."""

from __future__ import annotations

from enum import Enum


class DeliveryKind(Enum):
    """What a delivery row carries. All payloads are sealed to the queue key."""

    MAIL = "mail"  # a whole message, ready but for DKIM: relayed mail, notifications, DSNs, reports
    ORDER = "order"  # an instruction for the deliver role: make a recipient grant and its notification


class DeliveryState(Enum):
    QUEUED = "queued"  # due at next_at
    WAITING = "waiting"  # for the sender's input (a missing phone number, another way)
    HELD = "held"  # for a reviewer
    DELIVERED = "delivered"
    FAILED = "failed"  # a DSN was made, unless the sender was `<>`
    CANCELLED = "cancelled"  # revoked or withdrawn before it left
