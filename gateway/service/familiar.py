"""Whom this organisation writes to: asks the past before a message is decided, and adds to it once the message goes out.

The cost of a message: one read by key before the decision, one write in the transaction that takes it in, and another read
for recipients in domains that are not known yet. Internal and inbound mail costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from gateway.core.envelope import Envelope
from gateway.core.history import (
    Circle,
    Contact,
    DomainShape,
    Known,
    Past,
    circle_of,
    news,
    shapes_to_look_up,
    signs,
    strangers,
)
from gateway.core.message import Message
from gateway.core.organisation import Organisation
from gateway.core.ports import Clock, Pseudonyms, Store

NOTHING = Past(Circle("", b"", (), ()), {})


class Familiar:
    """`providers` are the domains of mail providers for everybody."""

    def __init__(self, *, store: Store, pseudonyms: Pseudonyms, providers: frozenset[str], clock: Clock) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._providers = providers
        self._clock = clock

    async def look(self, organisation: Organisation, envelope: Envelope, message: Message) -> Past:
        """What is known of the message's recipients; nothing for mail that does not leave, or comes from outside."""
        if not organisation.owns(envelope.mail_from) or all(map(organisation.owns, envelope.rcpt_tos)):
            return NOTHING
        known = Known(frozenset(domain.lower() for domain in organisation.domains), self._providers)
        hash_ = partial(self._pseudonyms.hash, organisation.id)
        names = {address.lower(): name for name, address in (*message.to, *message.cc) if name}
        sender = envelope.mail_from.lower()
        own_name = next((name for name, address in message.from_ if address.lower() == sender), "")
        circle = circle_of(organisation.id, envelope.mail_from, envelope.rcpt_tos, names, own_name, known, hash_)
        async with self._store.read() as tx:
            contacts = await tx.contacts(organisation.id, circle.writers, circle.subjects)
            past = Past(circle, {(contact.writer, contact.subject): contact for contact in contacts})
            wanted = shapes_to_look_up(strangers(past), hash_)
            shapes = await tx.domain_shapes(organisation.id, list(wanted)) if wanted else []
        return replace(past, signs=signs(past, known, wanted, shapes))

    def news(self, past: Past, sent: Collection[str]) -> tuple[list[Contact], list[DomainShape]]:
        """What to remember of a message that goes out to these recipients, in the transaction that takes it in."""
        return news(past, sent, self._clock(), partial(self._pseudonyms.hash, past.circle.organisation))
