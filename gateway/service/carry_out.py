"""Carries out the answer to a case: opens the held mail, takes parts out, and has it decided and taken in anew.

The rule: the end of the case, of its keys and of the held mail, and all that the message becomes, are one transaction. A crash
before it leaves the order, a crash after it leaves work in the queue: nothing is lost, and nothing goes twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from gateway.core.cases import DEADLINE, SENDER, Answer, CaseEvent, CaseKind, CaseState, case_after
from gateway.core.decision import Action, Answered, Choice
from gateway.core.delivery import DeliveryEvent, DeliveryKind, DeliveryState, after
from gateway.core.errors import CannotOpen, Refused
from gateway.core.held_mail import HeldMail
from gateway.core.limits import Limits
from gateway.core.orders import CaseWords, Order
from gateway.core.organisation import Organisation, Organisations
from gateway.core.ports import Blobs, Clock, QueueOpener, Store, Transaction
from gateway.core.records import AuditEntry, Case, Delivery, MessageState, Payload
from gateway.core.remove_parts import NotThere, remove_parts
from gateway.service.accept import Accept, Work
from gateway.service.payloads import Payloads
from gateway.service.revoke import withdraw
from gateway.service.sender_letters import SenderLetters

log = structlog.get_logger()

OPEN_ACTIONS = (Action.RELAY, Action.TAG)


class Changed(Exception):
    """Something about the case changed meanwhile: look at it again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mail: `work`, nothing (cancelled), or a refusal with its reason."""

    work: Work | None = None
    refused: str = field(default="", repr=False)


class CarryOut:
    """`await carry_out(delivery, plaintext)`; raises what is temporary: then the order is tried again, without end."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        store: Store,
        queue: QueueOpener,
        payloads: Payloads,
        blobs: Blobs,
        accept: Accept,
        letters: SenderLetters,
        clock: Clock,
    ) -> None:
        self._organisations = organisations
        self._store = store
        self._queue = queue
        self._payloads = payloads
        self._blobs = blobs
        self._accept = accept
        self._letters = letters
        self._clock = clock

    async def carry_out(self, delivery: Delivery, plaintext: bytes) -> None:
        answer = Answer.from_bytes(plaintext)
        async with self._store.read() as tx:
            case = await tx.case(answer.case_id)
            rows = await _held(tx, answer)
        if case is None or not _wanted(case, answer) or not rows:
            await self._drop(delivery)
            return
        outcome = await self._outcome(case, answer, rows)
        letter = await self._letter(case, answer, rows, outcome)
        blobs = await self._save(delivery, answer, rows, outcome, letter)
        for blob in blobs:
            await self._blobs.delete(blob)
        log.info("case_carried_out", trace=case.trace, case=case.id, choice=answer.choice.value, by=answer.by)

    # -- what becomes of the mail

    async def _outcome(self, case: Case, answer: Answer, rows: Sequence[Delivery]) -> Outcome:
        if answer.choice is Choice.CANCEL:
            return Outcome()
        mail = await self._open(rows[0])
        recipients = {row.rcpt_to for row in rows}
        try:
            if answer.choice is Choice.REMOVE:
                mail = await self._without(mail, answer)
                work = await self._accept.prepare(case.trace, mail, recipients)  # decided as if it were new
            else:
                answered = Answered(frozenset(case.policies), answer.choice, to_warning=case.kind is CaseKind.WARN)
                work = await self._accept.prepare(case.trace, mail, recipients, answered)
        except Refused as refused:
            return Outcome(refused=refused.public)
        if {decision.recipient for decision in work.decisions} != recipients:
            raise Changed  # never less than all that waited
        return Outcome(work)

    async def _open(self, row: Delivery) -> HeldMail:
        async with self._store.read() as tx:
            payload = await tx.payload(row.payload_id)
        if payload is None:
            raise CannotOpen("the held mail is gone")
        sealed = await self._payloads.sealed_bytes(payload)
        return HeldMail.from_bytes(await asyncio.to_thread(self._queue.open, sealed, payload.id))

    async def _without(self, mail: HeldMail, answer: Answer) -> HeldMail:
        language = self._organisations.get(mail.envelope.organisation).language
        try:
            raw = await asyncio.to_thread(remove_parts, mail.raw, answer.remove, language, Limits())
        except NotThere:
            raise Refused("The attachment could not be removed") from None
        return replace(mail, raw=raw)

    # -- what the sender is told

    async def _letter(
        self, case: Case, answer: Answer, rows: Sequence[Delivery], outcome: Outcome
    ) -> tuple[Payload, Delivery] | None:
        """Not to `<>`, and not to senders outside: what they are told is their own server's affair."""
        organisation = self._organisations.get(case.organisation)
        if not organisation.owns(case.mail_from):
            return None
        name, recipients = _which_letter(case, answer, [row.rcpt_to for row in rows], outcome)
        if not name:
            return None
        order = Order(
            letter=name,
            recipient=case.mail_from,
            language=await self._language(case, organisation),
            sender_name="",
            sender_address=case.mail_from,
            recipients=tuple(recipients),
            reasons=(outcome.refused,) if outcome.refused else (),
            case=CaseWords(by=_by(case, answer), name=answer.name, note=answer.note),
        )
        return await self._letters.order(order, case.organisation, case.trace)

    async def _language(self, case: Case, organisation: Organisation) -> str:
        async with self._store.read() as tx:
            account = await tx.account_by_address(case.mail_from)
        return account.language if account is not None else organisation.language

    # -- writing

    async def _save(
        self,
        delivery: Delivery,
        answer: Answer,
        rows: Sequence[Delivery],
        outcome: Outcome,
        letter: tuple[Payload, Delivery] | None,
    ) -> list[str]:
        """One transaction; the blobs to delete after it. Raises `Changed`."""
        now = self._clock()
        async with self._store.write() as tx:
            case = await tx.case(answer.case_id)
            order = await tx.delivery(delivery.id)
            current = await _held(tx, answer)
            if case is None or not _wanted(case, answer) or [row.id for row in current] != [row.id for row in rows]:
                raise Changed
            if order is None or order.state is not DeliveryState.QUEUED:
                raise Changed
            if outcome.work is not None:
                await outcome.work.save(tx)
            if letter is not None:
                await tx.add_payload(letter[0])
                await tx.add_deliveries([letter[1]])
            state = after(order.state, DeliveryEvent.SENT)
            await tx.advance(order.id, state, attempts=order.attempts + 1, next_at=now, last_reply="")
            blobs = [await tx.drop_payload_if_done(order.payload_id)]
            blobs += (await withdraw(tx, current, self._clock))[1]
            blobs += await self._end(tx, case, answer, now)
            became = outcome.work.actions if outcome.work is not None else "refused" if outcome.refused else "cancelled"
            detail = f"{case.id} choice={answer.choice.value} recipients={len(rows)} became={became}"
            await tx.audit(
                AuditEntry(now, case.organisation, answer.by, f"case:done:{case.kind.value}", case.trace, detail)
            )
        return [blob for blob in blobs if blob is not None]

    async def _end(self, tx: Transaction, case: Case, answer: Answer, now: datetime) -> list[str]:
        """Unless others still wait: the case with its keys, and what was to be done about it later."""
        rows = await tx.deliveries_of(case.id)
        if any(row.kind is DeliveryKind.HELD and row.state is DeliveryState.HELD for row in rows):
            return []
        if case.state is CaseState.OPEN:
            event = CaseEvent.DEADLINE if answer.by == DEADLINE else CaseEvent.ANSWER
            await tx.answer_case(case.id, case_after(case.state, event), answer.choice, answer.by, b"")
        await tx.end_case(case.id, now)
        _, blobs = await withdraw(tx, rows, self._clock)
        return blobs + await tx.end_message(case.id, MessageState.REVOKED)

    async def _drop(self, delivery: Delivery) -> None:
        """The order of a case that somebody else has ended."""
        async with self._store.write() as tx:
            row = await tx.delivery(delivery.id)
            blob = None
            if row is not None and row.state is DeliveryState.QUEUED:
                state = after(row.state, DeliveryEvent.WITHDRAWN)
                await tx.advance(
                    row.id, state, attempts=row.attempts + 1, next_at=self._clock(), last_reply=row.last_reply
                )
                blob = await tx.drop_payload_if_done(row.payload_id)
        await self._payloads.shred(blob)


async def _held(tx: Transaction, answer: Answer) -> list[Delivery]:
    """What the answer is about, as far as it still waits."""
    return [
        row
        for row in await tx.deliveries_of(answer.case_id)
        if row.kind is DeliveryKind.HELD
        and row.state is DeliveryState.HELD
        and (not answer.recipients or row.rcpt_to in answer.recipients)
    ]


def _wanted(case: Case, answer: Answer) -> bool:
    """Whether the answer still counts: a person's is written down in the case, the deadline's and an operator's are not."""
    if case.ended_at is not None:
        return False
    written = answer.by != DEADLINE and not answer.recipients
    return case.state is (CaseState.ANSWERED if written else CaseState.OPEN)


def _by(case: Case, answer: Answer) -> str:
    """Who decided, as the letters know it."""
    if answer.by == DEADLINE:
        return "late-sender" if case.kind is CaseKind.WARN else "late-reviewer"
    if answer.choice is Choice.REMOVE:
        return "removed"
    return "sender" if answer.by == SENDER else "reviewer"


def _which_letter(case: Case, answer: Answer, recipients: Sequence[str], outcome: Outcome) -> tuple[str, Sequence[str]]:
    """The letter and whom it is about; none when another letter says it: the report of a sealed message to who chose that,
    or the question of a new case."""
    if outcome.refused:
        return "case-blocked", recipients
    if outcome.work is None:
        chosen = case.kind is CaseKind.WARN and answer.by in (SENDER, DEADLINE)
        return "case-cancelled" if chosen else "refused", recipients
    relayed = [decision.recipient for decision in outcome.work.decisions if decision.action in OPEN_ACTIONS]
    if relayed:
        return "case-sent", relayed
    sealed = [decision.recipient for decision in outcome.work.decisions if decision.action is Action.SEAL]
    return ("case-sealed", sealed) if sealed and answer.by != SENDER else ("", ())
