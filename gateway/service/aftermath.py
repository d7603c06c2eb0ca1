"""What stays of a decision beside the message: contacts, a row of facts without content, letters to who wants to know.

Two steps, since a letter's payload is made before the transaction: `prepare`, then `Kept.save` in the transaction that
takes the message in. A blocked message has no such transaction: `refused` writes one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.core.decision import Action
from gateway.core.history import Contact, DomainShape
from gateway.core.orders import Order
from gateway.core.organisation import Organisation
from gateway.core.past_facts import kept
from gateway.core.ports import Clock, NewId, Store, Transaction
from gateway.core.records import Delivery, PastDecision, Payload
from gateway.service.deciding import Decided
from gateway.service.familiar import Familiar
from gateway.service.sender_letters import SenderLetters

log = structlog.get_logger()

GOES_OUT = (Action.RELAY, Action.TAG, Action.SEAL)
MOST_NOTICES = 100  # letters to one address within an hour; more would say nothing new
HOUR = timedelta(hours=1)
WORDS = {
    "nl": {
        Action.RELAY: "gewoon verzonden",
        Action.TAG: "verzonden met een kenmerk",
        Action.WARN: "wacht op de keuze van de afzender",
        Action.SEAL: "beveiligd verzonden",
        Action.HOLD: "wacht op een beoordeling",
        Action.BLOCK: "geweigerd",
    },
    "en": {
        Action.RELAY: "sent in the ordinary way",
        Action.TAG: "sent with a mark",
        Action.WARN: "waits for the sender's choice",
        Action.SEAL: "sent secured",
        Action.HOLD: "waits for a review",
        Action.BLOCK: "refused",
    },
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows to be written, in the transaction that takes the message in."""

    decision: PastDecision
    contacts: Sequence[Contact]
    shapes: Sequence[DomainShape]
    notices: Sequence[tuple[Payload, Delivery]]

    async def save(self, tx: Transaction) -> None:
        await tx.add_past_decision(self.decision)
        if self.contacts:
            await tx.remember(self.contacts, self.shapes)
        for payload, row in self.notices:
            key = f"notice:{self.decision.organisation}:{row.rcpt_to}"
            if await tx.count(key, self.decision.at, HOUR) <= MOST_NOTICES:
                await tx.add_payload(payload)
                await tx.add_deliveries([row])
            else:
                log.warning("notice_left_out", to=row.rcpt_to, trace=row.trace)


class Aftermath:
    def __init__(
        self, *, store: Store, familiar: Familiar, letters: SenderLetters, clock: Clock, new_id: NewId
    ) -> None:
        self._store = store
        self._familiar = familiar
        self._letters = letters
        self._clock = clock
        self._new_id = new_id

    async def prepare(self, trace: str, organisation: Organisation, decided: Decided) -> Kept:
        """What is to be written with the message."""
        decisions = decided.decisions
        blocked = any(decision.action is Action.BLOCK for decision in decisions)
        row = PastDecision(
            id=self._new_id(),
            organisation=organisation.id,
            at=self._clock(),
            mail_from=decided.envelope.mail_from,
            recipients=tuple(decision.recipient for decision in decisions),
            actions=tuple(decision.action.name.lower() for decision in decisions),
            policies=tuple(sorted({reason.policy for decision in decisions for reason in decision.reasons})),
            policy_digest=decided.policies.digest,
            rules_digest=decided.policies.rules_digest,
            facts=kept(decided.facts),
        )
        sent = () if blocked else (d.recipient for d in decisions if d.action in GOES_OUT)
        notices = [await self._letters.order(o, organisation.id, trace) for o in _notices(organisation, decided)]
        return Kept(row, *self._familiar.news(decided.past, frozenset(sent)), notices)

    async def refused(self, trace: str, organisation: Organisation, decided: Decided) -> None:
        """For a blocked message: the row and the letters, in a transaction of their own."""
        kept = await self.prepare(trace, organisation, decided)
        async with self._store.write() as tx:
            await kept.save(tx)


def _notices(organisation: Organisation, decided: Decided) -> Iterator[Order]:
    """One letter for each address that a policy names. Another organisation's addresses get none."""
    told: dict[str, dict[str, None]] = {}
    about: dict[str, dict[str, None]] = {}
    for decision in decided.decisions:
        for reason in decision.reasons:
            for address in reason.notify:
                happened = WORDS[organisation.language][decision.action]
                told.setdefault(address, {})[f"{reason.policy}: {happened}"] = None
                about.setdefault(address, {})[decision.recipient] = None
    for address, policies in told.items():
        if not organisation.owns(address):
            log.warning("notice_outside", policies=[line.partition(":")[0] for line in policies])
            continue
        yield Order(
            letter="policy-notice",
            recipient=address,
            language=organisation.language,
            sender_name="",
            sender_address=decided.envelope.mail_from,
            recipients=tuple(about[address]),
            reasons=tuple(policies),
        )
