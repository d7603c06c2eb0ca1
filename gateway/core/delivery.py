"""Delivery states, their transitions and the retry schedule. Nothing else decides when mail is tried again.

Terms: a *state* is where one recipient's share of the work stands, an *event* what happened to it. The rule: `TRANSITIONS`
is complete; a pair that is not in it is a programming error. To retry longer, change `PAUSES` or `GIVE_UP_AFTER`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum


class DeliveryKind(Enum):
    """What a delivery row carries. All payloads are sealed to the queue key."""

    MAIL = "mail"  # a whole message, ready but for DKIM: relayed mail, notifications, DSNs, reports
    ORDER = "order"  # an instruction for the deliver role: make a recipient grant and its notification
    HELD = "held"  # a message as it came, with its envelope: waits for the answer to its case
    ANSWER = "answer"  # the answer to a case, for the deliver role to carry out


class DeliveryState(Enum):
    QUEUED = "queued"  # due at next_at
    WAITING = "waiting"  # for the sender's input (a missing phone number, another way)
    HELD = "held"  # for a reviewer
    DELIVERED = "delivered"
    FAILED = "failed"  # a DSN was made, unless the sender was `<>`
    CANCELLED = "cancelled"  # revoked or withdrawn before it left


class DeliveryEvent(Enum):
    SENT = "sent"  # the next server took it, or the order is carried out
    DEFERRED = "deferred"  # a temporary failure: the schedule says when to try again
    REFUSED = "refused"  # a permanent failure, or the schedule has ended
    SUPPLIED = "supplied"  # the sender gave what was missing
    RELEASED = "released"  # a reviewer let it go
    WITHDRAWN = "withdrawn"  # revoked, cancelled or rejected before it left


class ImpossibleTransition(Exception):
    """An event that the state does not know: a programming error."""


_S, _E = DeliveryState, DeliveryEvent

TRANSITIONS: dict[tuple[DeliveryState, DeliveryEvent], DeliveryState] = {
    (_S.QUEUED, _E.SENT): _S.DELIVERED,
    (_S.QUEUED, _E.DEFERRED): _S.QUEUED,
    (_S.QUEUED, _E.REFUSED): _S.FAILED,
    (_S.QUEUED, _E.WITHDRAWN): _S.CANCELLED,
    (_S.WAITING, _E.SUPPLIED): _S.QUEUED,
    (_S.WAITING, _E.WITHDRAWN): _S.CANCELLED,
    (_S.HELD, _E.RELEASED): _S.QUEUED,
    (_S.HELD, _E.WITHDRAWN): _S.CANCELLED,
}


def after(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """The state that follows. Raises `ImpossibleTransition`."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(f"{state.value} knows no {event.value}") from None


# -- The retry schedule ---------------------------------------------------------------------------------------------

# Short at first, for greylisting and restarts; then what RFC 5321 section 4.5.4.1 asks: hours, for at least 4 to 5 days.
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),  # and so on, until GIVE_UP_AFTER
)
GIVE_UP_AFTER = timedelta(days=5)
WARN_AT_ATTEMPT = len(PAUSES)  # when this one fails, after about four hours, the sender learns that it takes longer
JITTER = 0.2  # of a pause, so that what failed together does not come back together


def pause_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after that many attempts (1 or more). `jitter` is a random number from 0 up to 1; the pause
    is that much longer, by at most `JITTER` of itself."""
    pause = PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]
    return pause * (1 + JITTER * jitter)


def next_attempt(created_at: datetime, now: datetime, attempts: int, jitter: float) -> datetime | None:
    """When to try again after a temporary failure, or None when the schedule has ended.

    The last attempt falls on the end of the schedule, never after it."""
    end = created_at + GIVE_UP_AFTER
    if now >= end:
        return None
    return min(now + pause_after(attempts, jitter), end)
