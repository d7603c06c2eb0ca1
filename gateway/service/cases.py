"""Opens a case for mail that a policy warns about or holds: the mail sealed to the queue key, a copy to read in the vault, the
letters, and the answer of the deadline, all ready for one transaction.

The rule: what waits is never readable without the code of a letter or a reviewer's own key; and it never waits without an end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog

from gateway.core.cases import (
    DEADLINE,
    SHEET,
    Answer,
    CaseKind,
    CaseState,
    Sheet,
    Titles,
    answered_policies,
    sheet_of,
)
from gateway.core.decision import Action, Answered, Choice, Decision, Waiting
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.errors import Blocked
from gateway.core.held_mail import HeldMail
from gateway.core.message import Disposition, Part
from gateway.core.orders import CaseWords, Order
from gateway.core.organisation import Organisation
from gateway.core.policy import decide, together
from gateway.core.ports import Clock, NewId, Store, Transaction, Vault
from gateway.core.records import (
    Account,
    AuditEntry,
    Case,
    Delivery,
    Grant,
    GrantKind,
    MessageState,
    Payload,
    SealedMessage,
)
from gateway.service.accounts import Accounts
from gateway.service.contents import Contents
from gateway.service.deciding import Decided
from gateway.service.payloads import Payloads
from gateway.service.sealing import order_row

log = structlog.get_logger()

NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # the copy's keys go with its case, which ends by its own deadline
REMIND_FROM = timedelta(hours=4)  # a shorter time needs no reminder
REMIND_BEFORE = timedelta(days=1)  # at most; else when a quarter of the time is left
UNSEEN = timedelta(days=7)  # for mail from outside about which nobody can be asked


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """Rows of one case; `await opened.save(tx)` adds them."""

    case: Case
    copy: SealedMessage
    grants: tuple[Grant, ...]
    payloads: tuple[Payload, ...]
    deliveries: tuple[Delivery, ...]

    async def save(self, tx: Transaction) -> None:
        await tx.add_case(self.case)
        await tx.add_message(self.copy, self.grants)
        for payload in self.payloads:
            await tx.add_payload(payload)
        await tx.add_deliveries(self.deliveries)
        recipients = sum(row.kind is DeliveryKind.HELD for row in self.deliveries)
        detail = f"{self.case.id} policies={','.join(self.case.policies)} recipients={recipients}"
        await tx.audit(
            AuditEntry(
                self.case.created_at,
                self.case.organisation,
                "gateway",
                f"case:open:{self.case.kind.value}",
                self.case.trace,
                detail,
            )
        )


@dataclass(slots=True)
class _Draft:
    """A case in the making: what all its rows share, and the rows so far."""

    case: Case
    organisation: Organisation
    sheet: Sheet = field(repr=False)
    data_key: bytes = field(repr=False)
    payloads: list[Payload] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)


class Cases:
    """`titles` are the rules' titles by their ids, as they are in force."""

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        contents: Contents,
        payloads: Payloads,
        accounts: Accounts,
        titles: Callable[[], Mapping[str, Titles]],
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._vault = vault
        self._contents = contents
        self._payloads = payloads
        self._accounts = accounts
        self._titles = titles
        self._clock = clock
        self._new_id = new_id

    async def open(
        self,
        trace: str,
        organisation: Organisation,
        held: HeldMail,
        decided: Decided,
        decisions: Sequence[Decision],
        kind: CaseKind,
    ) -> OpenedCase:
        """For the recipients of `decisions`. Raises `Unavailable` children."""
        waiting = _asked(decisions, inside=organisation.owns(held.envelope.mail_from))
        sheet = sheet_of(decided.scan, decisions, held.envelope.mail_from, self._titles())
        draft = _Draft(
            self._case(trace, held, waiting, decisions, kind), organisation, sheet, self._vault.new_data_key()
        )
        await self._hold(draft, held)
        check = await (self._ask_sender(draft) if kind is CaseKind.WARN else self._ask_reviewers(draft, waiting))
        await self._set_deadline(draft)
        sheet_part = Part(SHEET, Disposition.ATTACHMENT, "application/json", "", sheet.to_bytes())
        head, parts = await self._contents.seal(draft.data_key, draft.case.id, decided.scan.message, sheet_part)
        copy = SealedMessage(
            id=draft.case.id,
            organisation=organisation.id,
            account_id="",
            mail_from=held.envelope.mail_from,
            recipients=(),
            state=MessageState.ACTIVE,
            size=len(held.raw),
            created_at=draft.case.created_at,
            expires_at=NEVER,
            policy_digest=decisions[0].policy_digest,
            head=head,
            parts=parts,
            manage_check=check,
        )
        return OpenedCase(draft.case, copy, tuple(draft.grants), tuple(draft.payloads), tuple(draft.deliveries))

    def _case(
        self, trace: str, held: HeldMail, waiting: Waiting, decisions: Sequence[Decision], kind: CaseKind
    ) -> Case:
        now = self._clock()
        return Case(
            id=self._new_id(),
            organisation=held.envelope.organisation,
            kind=kind,
            state=CaseState.OPEN,
            mail_from=held.envelope.mail_from,
            trace=trace,
            created_at=now,
            deadline=now + waiting.answer_within,
            unanswered=waiting.unanswered,
            choices=tuple(choice.value for choice in Choice if choice in waiting.choices),
            reason_required=waiting.reason_required,
            policies=answered_policies(decisions),
        )

    # -- what waits

    async def _hold(self, draft: _Draft, held: HeldMail) -> None:
        payload = await self._payloads.seal(held.to_bytes(), draft.organisation.id)
        draft.payloads.append(payload)
        for recipient in draft.sheet.recipients:
            row = self._row(draft, payload, recipient, draft.case.created_at)
            draft.deliveries.append(replace(row, kind=DeliveryKind.HELD, state=DeliveryState.HELD))

    async def _set_deadline(self, draft: _Draft) -> None:
        """The answer of nobody: the same order as a person's, due when the time is over."""
        answer = Answer(draft.case.id, draft.case.unanswered, DEADLINE)
        payload, row = await answer_row(self._payloads, draft.case, answer, self._new_id(), draft.case.created_at)
        draft.payloads.append(payload)
        draft.deliveries.append(replace(row, next_at=draft.case.deadline))

    def _row(self, draft: _Draft, payload: Payload, recipient: str, due: datetime) -> Delivery:
        row = order_row(
            delivery_id=self._new_id(),
            payload=payload,
            mail_from=draft.case.mail_from,
            rcpt_to=recipient,
            trace=draft.case.trace,
            now=draft.case.created_at,
            message_id=draft.case.id,
        )
        return replace(row, next_at=due)

    # -- who is asked

    async def _ask_sender(self, draft: _Draft) -> bytes:
        """The code of the letter opens the sheet; it stands in the letters and nowhere else. No other code is needed."""
        grant_id, sender = self._new_id(), draft.case.mail_from
        key = self._vault.new_recipient_key(draft.data_key, draft.case.id, grant_id, b"")
        draft.grants.append(
            Grant(
                id=grant_id,
                message_id=draft.case.id,
                kind=GrantKind.CASE,
                holder=sender,
                created_at=draft.case.created_at,
                wrapped=key.wrapped,
                code_check=key.code_check,
                share=key.share,
            )
        )
        async with self._store.read() as tx:
            account = await tx.account_by_address(sender)
        language = account.language if account is not None else draft.organisation.language
        await self._letter(draft, "warned", sender, language, key.code)
        await self._reminder(draft, "warned-reminder", sender, language, key.code)
        return b""

    async def _ask_reviewers(self, draft: _Draft, waiting: Waiting) -> bytes:
        """The letter's code leads to the page; reading takes a reviewer's own key."""
        code = self._vault.new_code()
        for account in await self._reviewers(draft.organisation, waiting.reviewers):
            wrapped = await asyncio.to_thread(
                self._vault.wrap_data_key,
                account.public_key,
                draft.data_key,
                draft.case.id,
                GrantKind.REVIEWER.value,
                account.id,
            )
            draft.grants.append(
                Grant(
                    id=self._new_id(),
                    message_id=draft.case.id,
                    kind=GrantKind.REVIEWER,
                    holder=account.id,
                    created_at=draft.case.created_at,
                    wrapped=wrapped,
                )
            )
            await self._letter(draft, "review", account.address, account.language, code)
            await self._reminder(draft, "review-reminder", account.address, account.language, code)
        if draft.organisation.owns(draft.case.mail_from):
            await self._letter(draft, "held", draft.case.mail_from, draft.organisation.language, b"")
        return self._vault.code_check(about(draft.case.id), code)

    async def _reviewers(self, organisation: Organisation, addresses: Sequence[str]) -> list[Account]:
        """Their accounts; who has none yet gets one, as a sender does at first contact."""
        found: dict[str, Account] = {}
        for address in addresses:
            async with self._store.read() as tx:
                account = await tx.account_by_address(address)
            if account is None and organisation.owns(address):
                account = await self._accounts.first_contact(organisation, address, "", letter="activation-reviewer")
            if account is None or account.organisation != organisation.id:
                log.error("reviewer_not_of_the_organisation", organisation=organisation.id, reviewer=address)
            else:
                found[account.id] = account
        return list(found.values())

    # -- letters

    async def _letter(
        self, draft: _Draft, letter: str, to: str, language: str, code: bytes, due: datetime | None = None
    ) -> None:
        order = Order(
            letter=letter,
            recipient=to,
            language=language,
            sender_name="",
            sender_address=draft.case.mail_from or "<>",
            code=code,
            recipients=draft.sheet.recipients,
            reasons=draft.sheet.sentences(language),
            case=CaseWords(
                found=found_in(draft.sheet, language),
                choices=offered(draft.case, draft.sheet),
                deadline=draft.case.deadline.isoformat(),
                unanswered=draft.case.unanswered.value,
            ),
        )
        payload = await self._payloads.seal(order.to_bytes(), draft.organisation.id)
        draft.payloads.append(payload)
        row = self._row(draft, payload, to, due or draft.case.created_at)
        draft.deliveries.append(replace(row, mail_from=""))

    async def _reminder(self, draft: _Draft, letter: str, to: str, language: str, code: bytes) -> None:
        within = draft.case.deadline - draft.case.created_at
        if within >= REMIND_FROM:
            due = draft.case.deadline - min(within / 4, REMIND_BEFORE)
            await self._letter(draft, letter, to, language, code, due)


async def answer_row(
    payloads: Payloads, case: Case, answer: Answer, delivery_id: str, now: datetime
) -> tuple[Payload, Delivery]:
    """The order to carry an answer out, due at once."""
    payload = await payloads.seal(answer.to_bytes(), case.organisation)
    row = order_row(
        delivery_id=delivery_id,
        payload=payload,
        mail_from=case.mail_from,
        rcpt_to=case.mail_from,
        trace=case.trace,
        now=now,
        message_id=case.id,
    )
    return payload, replace(row, kind=DeliveryKind.ANSWER)


def about(case_id: str) -> str:
    """What the code of the reviewers' letters is bound to."""
    return f"case:{case_id}"


def words_of(case_id: str) -> str:
    """What the words of who decided, under the server key, are bound to."""
    return f"case-reason:{case_id}"


def found_in(sheet: Sheet, language: str) -> tuple[tuple[str, str, int], ...]:
    """For a letter: without names, the same in one kind of place together."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in sheet.found:
        counts[one.title(language), one.place] += one.count
    return tuple((title, place, count) for (title, place), count in counts.items())


def offered(case: Case, sheet: Sheet) -> tuple[str, ...]:
    """What can be chosen: nothing can be removed from a message without attachments."""
    return tuple(choice for choice in case.choices if choice != Choice.REMOVE.value or sheet.files)


def _asked(decisions: Sequence[Decision], *, inside: bool) -> Waiting:
    """What all these decisions ask for together. Mail from outside can't be sealed: it has no sender with a mailbox here."""
    waiting = together([decision.waiting for decision in decisions if decision.waiting is not None])
    if waiting is None:
        raise ValueError("a decision to wait without its terms")
    if inside:
        return waiting
    unanswered = Choice.CANCEL if waiting.unanswered is Choice.SEAL else waiting.unanswered
    return replace(waiting, choices=waiting.choices - {Choice.SEAL}, unanswered=unanswered)


def without_sender(decided: Decided, organisation: Organisation, answered: Answered | None) -> tuple[Decision, ...]:
    """The decisions about mail whose sender can't be asked, `<>` or somebody outside: what the policy says for no answer is
    done at once. Sealing needs a mailbox of the organisation too: then an operator has to look. Raises `Blocked`."""
    return tuple(
        _unanswered(decided, decision, organisation, answered) if decision.action is Action.WARN else decision
        for decision in decided.decisions
    )


def _unanswered(
    decided: Decided, decision: Decision, organisation: Organisation, answered: Answered | None
) -> Decision:
    if decision.waiting is None or decision.waiting.unanswered is Choice.SEAL:
        terms = Waiting(frozenset({Choice.SEND, Choice.CANCEL}), False, UNSEEN, Choice.CANCEL)
        return replace(decision, action=Action.HOLD, waiting=terms)
    if decision.waiting.unanswered is Choice.CANCEL:
        raise Blocked(decision.reasons[0].sentence(organisation.language))
    before = answered.policies if answered is not None else frozenset()
    settled = Answered(before | set(answered_policies([decision])), Choice.SEND)
    return decide(decided.policies, decided.facts, decision.recipient, settled)
