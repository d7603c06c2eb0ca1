"""Facts: all that policies may ask about one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from gateway.core.directives import Directives
from gateway.core.envelope import Envelope, domain_of
from gateway.core.finding import Findings, Scan
from gateway.core.message import Disposition
from gateway.core.misdirected import Sign
from gateway.core.organisation import Organisation


class Direction(Enum):
    OUTBOUND = "outbound"  # the recipient is outside the organisation
    INTERNAL = "internal"  # sender and recipient are inside
    INBOUND = "inbound"  # only the recipient is inside


@dataclass(frozen=True, slots=True)
class Attachment:
    """`kind` is what the content is, whatever name and type say (`gateway.adapters.extract.sniff`); empty when not told."""

    name: str = field(repr=False)
    content_type: str
    size: int
    kind: str = ""


Signs = Mapping[Sign, str]  # with what a domain looks like, where that may be told; else empty


@dataclass(frozen=True, slots=True)
class Facts:
    """One message with its envelope. `domains` are the organisation's own, in lower case.

    `visible` are the outside addresses in To and Cc. `signs` are by recipient. `unknown` names conditions that these
    facts can't answer, since they were not kept: empty but for decisions of the past.
    """

    mail_from: str
    domains: tuple[str, ...]
    subject: str = field(repr=False)
    size: int
    attachments: tuple[Attachment, ...]
    findings: Findings
    directives: Directives
    authenticated: bool
    recipients: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    at: datetime | None = None
    signs: Mapping[str, Signs] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        organisation: Organisation,
        envelope: Envelope,
        scan: Scan,
        directives: Directives,
        size: int,
        at: datetime,
        signs: Mapping[str, Signs] | None = None,
    ) -> Facts:
        """The facts of a scanned message; `size` is that of the raw message in bytes, `at` now."""
        domains = tuple(domain.lower() for domain in organisation.domains)
        kinds = dict(scan.kinds)
        shown = dict.fromkeys(address.lower() for _, address in (*scan.message.to, *scan.message.cc))
        return cls(
            mail_from=envelope.mail_from,
            domains=domains,
            subject=scan.message.subject,
            size=size,
            attachments=tuple(
                Attachment(part.name, part.content_type.lower(), len(part.content), kinds.get(part.number, ""))
                for part in scan.message.parts
                if part.disposition in (Disposition.ATTACHMENT, Disposition.INLINE)
            ),
            findings=scan.findings,
            directives=directives,
            authenticated=envelope.session.account is not None,
            recipients=envelope.rcpt_tos,
            visible=tuple(address for address in shown if "@" in address and domain_of(address) not in domains),
            headers=scan.message.headers,
            at=at,
            signs=signs or {},
        )

    def direction(self, recipient: str) -> Direction:
        """Where the message goes for this recipient."""
        if domain_of(recipient) not in self.domains:
            return Direction.OUTBOUND
        return Direction.INTERNAL if domain_of(self.mail_from) in self.domains else Direction.INBOUND

    def wants_seal(self, recipient: str) -> bool:
        """Whether the sender asked for sealing, in so many words or by a wish that only a sealed message can have."""
        wishes = self.directives
        return (
            wishes.seal
            or wishes.verification is not None
            or wishes.expires is not None
            or wishes.least is not None
            or recipient.lower() in wishes.per_recipient
        )
