"""Takes one message in: everything between the end of DATA and 250.

The rule: answer an id only when everything the message became (relayed mail, sealed message, orders, held mail) is on
disk; raise before that for everything else. Nothing goes on in plaintext because something broke.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from gateway.core import directives
from gateway.core.cases import KINDS
from gateway.core.decision import Action, Answered, Choice, Decision
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import Directives
from gateway.core.envelope import Envelope
from gateway.core.errors import Blocked, NotAllowed
from gateway.core.finding import Scan
from gateway.core.handling import Handling, without_addressees
from gateway.core.header_edit import add_headers, header_values, received_line, remove_headers
from gateway.core.held_mail import HeldMail
from gateway.core.message import Message
from gateway.core.organisation import Organisation, Organisations
from gateway.core.ports import (
    DELIVER,
    Bus,
    Clock,
    NewId,
    Store,
    Transaction,
    TransportGuard,
)
from gateway.core.records import Account, AuditEntry, Delivery, Payload
from gateway.service.accounts import Accounts
from gateway.service.aftermath import Aftermath, Kept
from gateway.service.cases import Cases, OpenedCase, without_sender
from gateway.service.deciding import Decided, Deciding, means
from gateway.service.payloads import Payloads
from gateway.service.sealing import Sealed, SealFor, Sealing

log = structlog.get_logger()

TRANSPORT_HEADER = "X-Zegel-Transport"


@dataclass(frozen=True, slots=True)
class Work:
    """What one message became, ready to be written in one transaction. `decisions` is empty for mail that only passes."""

    payloads: tuple[Payload, ...]
    deliveries: tuple[Delivery, ...]
    sealed: Sealed | None = None
    cases: tuple[OpenedCase, ...] = ()
    decisions: tuple[Decision, ...] = ()
    why: str = ""
    kept: Kept | None = None

    async def save(self, tx: Transaction) -> None:
        for payload in self.payloads:
            await tx.add_payload(payload)
        await tx.add_deliveries(self.deliveries)
        if self.sealed is not None:
            await self.sealed.save(tx)
        for case in self.cases:
            await case.save(tx)
        if self.kept is not None:
            await self.kept.save(tx)

    @property
    def actions(self) -> str:
        """For logs and audit."""
        return ",".join(sorted({decision.action.name.lower() for decision in self.decisions})) or "passed"


class Accept:
    """`await accept(envelope, raw)` returns the queue id; raises `Refused` (permanent) or `Unavailable` (temporary)."""

    def __init__(
        self,
        *,
        hostname: str,
        organisations: Organisations,
        deciding: Deciding,
        aftermath: Aftermath,
        store: Store,
        sealing: Sealing,
        cases: Cases,
        payloads: Payloads,
        accounts: Accounts,
        guard: TransportGuard,
        bus: Bus,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._hostname = hostname
        self._organisations = organisations
        self._deciding = deciding
        self._aftermath = aftermath
        self._store = store
        self._sealing = sealing
        self._cases = cases
        self._payloads = payloads
        self._accounts = accounts
        self._guard = guard
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def accept(self, envelope: Envelope, raw: bytes) -> str:
        trace = self._new_id()
        if self._decided_before(envelope, raw):
            work = await self._relay_as_it_is(trace, envelope, raw)
        else:
            work = await self.prepare(trace, HeldMail(envelope, raw))
        await self._keep(trace, envelope, work)
        return trace

    async def prepare(
        self, trace: str, mail: HeldMail, recipients: Collection[str] = (), answered: Answered | None = None
    ) -> Work:
        """What the message becomes; nothing is in the store yet. For mail that waited: for these `recipients` only, with the
        answer. Raises as `accept` does."""
        organisation = self._organisations.get(mail.envelope.organisation)
        mail, answered = _still_sealed(mail, answered)
        decided = await self._deciding.decide(organisation, mail.envelope, mail.raw, organisation.language, answered)
        _refuse_mistakes(decided.wishes)
        if recipients:
            decided = replace(decided, decisions=tuple(d for d in decided.decisions if d.recipient in recipients))
        if not organisation.owns(mail.envelope.mail_from):
            decided = replace(decided, decisions=without_sender(decided, organisation, answered))
        if any(decision.action is Action.BLOCK for decision in decided.decisions):
            await self._aftermath.refused(trace, organisation, decided)
            _refuse_blocked(decided.decisions, organisation)
        work = await self._carry_out(trace, organisation, mail, decided)
        return replace(work, kept=await self._aftermath.prepare(trace, organisation, decided))

    # -- decide

    def _decided_before(self, envelope: Envelope, raw: bytes) -> bool:
        """Mail that Zegel itself sent and that comes round again: its token is bound to header, body and recipients."""
        if b"x-zegel-transport" not in raw[:65536].lower():
            return False
        tokens = header_values(raw, TRANSPORT_HEADER)
        return len(tokens) == 1 and self._guard.valid(tokens[0], raw, envelope.rcpt_tos)

    # -- carry out

    async def _carry_out(self, trace: str, organisation: Organisation, mail: HeldMail, decided: Decided) -> Work:
        payloads, deliveries = await self._relay(trace, organisation, mail.raw, decided)
        to_seal = [decision for decision in decided.decisions if decision.action is Action.SEAL]
        return Work(
            payloads=tuple(payloads),
            deliveries=tuple(deliveries),
            sealed=await self._seal(trace, organisation, mail.raw, decided, to_seal) if to_seal else None,
            cases=await self._open_cases(trace, organisation, mail, decided),
            decisions=decided.decisions,
            why=_why(decided.decisions, decided.scan),
        )

    async def _relay(
        self, trace: str, organisation: Organisation, raw: bytes, decided: Decided
    ) -> tuple[list[Payload], list[Delivery]]:
        payloads: list[Payload] = []
        deliveries: list[Delivery] = []
        groups = _open_groups(decided.decisions)
        clean = self._for_transport(trace, organisation, decided.envelope, raw) if groups else b""
        for handling, recipients in groups.items():
            payload = await self._payloads.seal(handling.applied(clean), organisation.id)
            payloads.append(payload)
            deliveries += self._rows(trace, decided.envelope, payload, recipients, require_tls=handling.require_tls)
        return payloads, deliveries

    async def _open_cases(
        self, trace: str, organisation: Organisation, mail: HeldMail, decided: Decided
    ) -> tuple[OpenedCase, ...]:
        """One for all recipients that the sender is warned about, one for all that a reviewer decides about."""
        opened = []
        for action, kind in KINDS.items():
            if waiting := [decision for decision in decided.decisions if decision.action is action]:
                opened.append(await self._cases.open(trace, organisation, mail, decided, waiting, kind))
        return tuple(opened)

    async def _seal(
        self, trace: str, organisation: Organisation, raw: bytes, decided: Decided, decisions: Sequence[Decision]
    ) -> Sealed:
        envelope, message = decided.envelope, decided.scan.message
        account = await self._sender(organisation, envelope, message)
        recipients = [
            SealFor(
                address=decision.recipient,
                verification=means(decision, decided.wishes),
                fallback=decision.fallback,
                language=organisation.language,
                require_tls=decision.require_tls,
            )
            for decision in decisions
        ]
        if any(decision.bcc for decision in decisions):
            message = without_addressees(message, raw)
        return await self._sealing.seal(
            organisation=organisation,
            account=account,
            mail_from=envelope.mail_from,
            recipients=recipients,
            message=replace(message, subject=directives.clean_subject(message.subject)),
            expires=min((decision.expires for decision in decisions), default=timedelta(days=30)),
            policy_digest=decisions[0].policy_digest,
            subject_shown=not any(decision.hide_subject for decision in decisions),
            trace=trace,
            reasons=_sentences(decisions, account.language),
        )

    async def _sender(self, organisation: Organisation, envelope: Envelope, message: Message) -> Account:
        """The sender's account: the one that logged in, the one of the address, or a new one at first contact."""
        if not organisation.owns(envelope.mail_from):
            raise Blocked("A policy seals this message, but its sender has no mailbox in the organisation")
        async with self._store.read() as tx:
            account = await tx.account_by_address(envelope.mail_from)
        if account is not None:
            if account.organisation != organisation.id:  # the domain moved: its old owner must not hold a key
                raise Blocked("A policy seals this message, but its sender's account belongs to another organisation")
            return account
        name = next((name for name, address in message.from_ if address.lower() == envelope.mail_from.lower()), "")
        return await self._accounts.first_contact(organisation, envelope.mail_from, name)

    async def _relay_as_it_is(self, trace: str, envelope: Envelope, raw: bytes) -> Work:
        received = self._received(trace, envelope)
        payload = await self._payloads.seal(
            remove_headers(add_headers(raw, received), (TRANSPORT_HEADER,)), envelope.organisation
        )
        return Work((payload,), tuple(self._rows(trace, envelope, payload, envelope.rcpt_tos)))

    # -- write down

    def _received(self, trace: str, envelope: Envelope) -> tuple[str, str]:
        return "Received", received_line(
            session=envelope.session,
            hostname=self._hostname,
            trace=trace,
            smtputf8=envelope.smtputf8,
            at=self._clock(),
        )

    def _for_transport(self, trace: str, organisation: Organisation, envelope: Envelope, raw: bytes) -> bytes:
        """The message as it may leave: wishes removed from the header block, a Received line added, the body untouched.
        Tags in mail from outside are somebody else's and stay."""
        clean = directives.strip_headers(raw) if organisation.owns(envelope.mail_from) else raw
        clean = remove_headers(clean, ("Bcc", TRANSPORT_HEADER))
        return add_headers(clean, self._received(trace, envelope))

    def _rows(
        self,
        trace: str,
        envelope: Envelope,
        payload: Payload,
        recipients: Sequence[str],
        *,
        require_tls: bool = False,
    ) -> list[Delivery]:
        now = self._clock()
        return [
            Delivery(
                id=self._new_id(),
                organisation=envelope.organisation,
                kind=DeliveryKind.MAIL,
                state=DeliveryState.QUEUED,
                payload_id=payload.id,
                mail_from=envelope.mail_from,
                rcpt_to=recipient,
                trace=trace,
                created_at=now,
                next_at=now,
                require_tls=require_tls,
            )
            for recipient in recipients
        ]

    async def _keep(self, trace: str, envelope: Envelope, work: Work) -> None:
        """One transaction: everything or nothing. When this returns, the message is ours."""
        async with self._store.write() as tx:
            await work.save(tx)
            await _audit(tx, self._clock, trace, envelope, work.actions, work.why)
        self._bus.wake(DELIVER)
        log.info(
            "accepted",
            trace=trace,
            mail_from=envelope.mail_from,
            recipients=len(envelope.rcpt_tos),
            actions=work.actions,
        )


async def _audit(tx: Transaction, clock: Clock, trace: str, envelope: Envelope, actions: str, why: str) -> None:
    await tx.audit(
        AuditEntry(
            at=clock(),
            organisation=envelope.organisation,
            actor=envelope.session.account or envelope.session.peer,
            action=f"accept:{actions}",
            subject=trace,
            detail=why,
        )
    )


def _still_sealed(mail: HeldMail, answered: Answered | None) -> tuple[HeldMail, Answered | None]:
    """Mail that comes back once more, since policies changed: no later answer undoes sealing, once that was chosen."""
    if answered is not None and answered.choice is Choice.SEAL:
        return replace(mail, sealed=True), answered
    if mail.sealed:
        return mail, replace(answered or Answered(frozenset(), Choice.SEAL), choice=Choice.SEAL)
    return mail, answered


def _refuse_mistakes(wishes: Directives) -> None:
    """A wish that was dropped in silence would be a broken promise."""
    if wishes.mistakes:
        raise NotAllowed(" ".join(wishes.mistakes))


def _refuse_blocked(decisions: Sequence[Decision], organisation: Organisation) -> None:
    """One DATA has one reply, so any block blocks all recipients (RFC 5321 section 4.5.3.1.8)."""
    for decision in decisions:
        if decision.action is Action.BLOCK:
            reason = next(reason for reason in decision.reasons if reason.action is Action.BLOCK)
            raise Blocked(reason.sentence(organisation.language))


def _sentences(decisions: Sequence[Decision], language: str) -> tuple[str, ...]:
    """Why it is sealed, in words for the sender; each sentence once."""
    reasons = (reason for decision in decisions for reason in decision.reasons if reason.action is Action.SEAL)
    return tuple(dict.fromkeys(reason.sentence(language) for reason in reasons))


def _open_groups(decisions: Sequence[Decision]) -> dict[Handling, list[str]]:
    """Recipients who get the same bytes at once: relayed, or handled alike."""
    groups: dict[Handling, list[str]] = {}
    for decision in decisions:
        if decision.action in (Action.RELAY, Action.TAG):
            groups.setdefault(Handling.of(decision), []).append(decision.recipient)
    return groups


def _why(decisions: Sequence[Decision], scan: Scan) -> str:
    """For the audit log: policies, and findings by rule, place kind and count; no file names, no content."""
    policies = sorted({reason.policy for decision in decisions for reason in decision.reasons})
    findings = sorted(
        f"{finding.rule}:{finding.place.partition(':')[0]}:{finding.confidence.name.lower()}:{finding.count}"
        for finding in scan.findings.findings
    )
    return f"policies={','.join(policies)} findings={','.join(findings)} digest={decisions[0].policy_digest[:16]}"
