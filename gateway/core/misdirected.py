"""Signs that a message may go to the wrong person. What they rest on is in `gateway.core.history`."""

from __future__ import annotations

from enum import Enum

MANY_VISIBLE = 10  # outside addresses in To and Cc; more is a sign


class Sign(Enum):
    """One recipient's; MANY_VISIBLE is the whole message's."""

    FIRST_TIME = "first-time"  # this sender never wrote to them
    FIRST_TIME_ORGANISATION = "first-time-of-organisation"  # nobody here ever did
    UNUSUAL = "unusual"  # the other recipients are often written together, this one never with them
    LOOK_ALIKE_DOMAIN = "look-alike-domain"  # reads like a domain that is known
    MISTYPED_DOMAIN = "mistyped-domain"  # one keystroke away from a domain that is known
    PRIVATE_ADDRESS = "private-address"  # a colleague's name at a mail provider for everybody
    MANY_VISIBLE = "many-visible"  # more outside addresses in To and Cc than MANY_VISIBLE
