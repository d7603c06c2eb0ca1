"""Decides what happens to a message for each of its recipients, and does nothing: the one way for mail that is taken in and
for mail that is still being written.

The rule: no decision without a scan that means the same rules as the policies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from gateway.core import directives
from gateway.core.decision import Answered, Decision
from gateway.core.directives import Directives, Verification
from gateway.core.envelope import Envelope
from gateway.core.errors import ScanFailed
from gateway.core.facts import Facts
from gateway.core.finding import Scan
from gateway.core.history import Past
from gateway.core.message import Message
from gateway.core.organisation import Organisation
from gateway.core.policy import PolicySet, decide
from gateway.core.ports import Clock, Scanner
from gateway.service.familiar import Familiar

log = structlog.get_logger()

PAUSES = (0.25, 0.5, 1, 2, 4)  # seconds between scans while the roles reload


@dataclass(frozen=True, slots=True)
class Decided:
    """`decisions` are one for each recipient of `envelope`, whose addresses have lost their `+veilig`. When `wishes` holds
    mistakes, the message must be refused."""

    envelope: Envelope
    policies: PolicySet = field(repr=False)
    scan: Scan = field(repr=False)
    wishes: Directives = field(repr=False)
    facts: Facts = field(repr=False)
    decisions: tuple[Decision, ...]
    past: Past = field(repr=False)


class Deciding:
    """`policies` is asked for each message, so that a reload swaps one immutable snapshot between two messages."""

    def __init__(
        self, *, policies: Callable[[], PolicySet], scanner: Scanner, familiar: Familiar, clock: Clock
    ) -> None:
        self._policies = policies
        self._scanner = scanner
        self._familiar = familiar
        self._clock = clock

    async def decide(
        self,
        organisation: Organisation,
        envelope: Envelope,
        raw: bytes,
        language: str,
        answered: Answered | None = None,
    ) -> Decided:
        """`language` ('nl' or 'en') is that of the mistakes; `answered` when the message waited before. Raises `ScanFailed`,
        `Malformed`."""
        policies, scan = await self._agreeing(raw)
        envelope, wishes = asked(scan.message, envelope, organisation, language)
        past = await self._familiar.look(organisation, envelope, scan.message)
        facts = Facts.of(
            organisation=organisation,
            envelope=envelope,
            scan=scan,
            directives=wishes,
            size=len(raw),
            at=self._clock(),
            signs=past.signs,
        )
        decisions = tuple(decide(policies, facts, recipient, answered) for recipient in envelope.rcpt_tos)
        return Decided(envelope, policies, scan, wishes, facts, decisions, past)

    async def scan(self, raw: bytes) -> Scan:
        """Without a decision."""
        return await self._scanner.scan(raw)

    async def _agreeing(self, raw: bytes) -> tuple[PolicySet, Scan]:
        """A scan and policies that mean the same rules. They differ for a moment while both roles reload, and for longer when
        only one could: a policy then names rules that the scan does not know, and would miss what it is there for."""
        for pause in PAUSES:
            scan, policies = await self._scanner.scan(raw), self._policies()
            if scan.findings.rules_digest == policies.rules_digest:
                return policies, scan
            log.warning("rules_differ", scan=scan.findings.rules_digest[:16], policies=policies.rules_digest[:16])
            await asyncio.sleep(pause)
        raise ScanFailed


def means(decision: Decision, wishes: Directives) -> Verification:
    """The decided verification with what the sender gave for it: a phone number, or a password with its hint."""
    wish = wishes.per_recipient.get(decision.recipient.lower()) or wishes.verification
    if wish is not None and wish.kind is decision.verification:
        return wish
    return Verification(decision.verification)


def asked(
    message: Message, envelope: Envelope, organisation: Organisation, language: str
) -> tuple[Envelope, Directives]:
    """The envelope without the `+veilig` of its recipients, and the wishes of a sender of the organisation; of nobody else."""
    wishes = directives.read(message, envelope, language) if organisation.owns(envelope.mail_from) else Directives()
    stripped = (directives.strip_plus(address)[0] for address in envelope.rcpt_tos)
    return replace(envelope, rcpt_tos=tuple(dict.fromkeys(stripped))), wishes
