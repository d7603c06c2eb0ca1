"""Seals one message into the vault: parts, head, grants, orders and the sender's letter, ready for one transaction.

The rule: blobs are durable before the rows that name them exist; nothing here writes to the store. What is left over when
the transaction fails is swept (`gateway.service.sweep`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.decision import Fallback
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.directives import Verification, VerificationKind
from gateway.core.message import Message
from gateway.core.orders import Order
from gateway.core.organisation import Organisation
from gateway.core.ports import Clock, NewId, QueueSealer, Transaction, Vault
from gateway.core.records import (
    Account,
    Delivery,
    Event,
    EventKind,
    Grant,
    GrantKind,
    MessageState,
    Payload,
    SealedMessage,
)
from gateway.service.contents import Contents
from gateway.service.payloads import Payloads


@dataclass(frozen=True, slots=True)
class SealFor:
    """One recipient, the verification with its means, and what to do when the means are missing."""

    address: str
    verification: Verification
    fallback: Fallback
    language: str
    require_tls: bool = False  # of the notification


@dataclass(frozen=True, slots=True)
class Sealed:
    """Rows of one sealed message; `await sealed.save(tx)` adds them."""

    message: SealedMessage
    grants: tuple[Grant, ...]
    payloads: tuple[Payload, ...]
    deliveries: tuple[Delivery, ...]
    events: tuple[Event, ...]

    async def save(self, tx: Transaction) -> None:
        await tx.add_message(self.message, self.grants)
        for payload in self.payloads:
            await tx.add_payload(payload)
        await tx.add_deliveries(self.deliveries)
        for event in self.events:
            await tx.add_event(event)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all rows of one sealed message share."""

    message_id: str
    organisation: Organisation
    mail_from: str
    trace: str
    now: datetime


class Sealing:
    def __init__(
        self,
        *,
        vault: Vault,
        contents: Contents,
        queue: QueueSealer,
        payloads: Payloads,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._vault = vault
        self._contents = contents
        self._queue = queue
        self._payloads = payloads
        self._clock = clock
        self._new_id = new_id

    async def seal(
        self,
        *,
        organisation: Organisation,
        account: Account,
        mail_from: str,
        recipients: Sequence[SealFor],
        message: Message,
        expires: timedelta,
        policy_digest: str,
        subject_shown: bool,
        trace: str,
        reasons: Sequence[str] = (),
        in_reply_to: str | None = None,
        letter: str = "notification",
        sender_name: str | None = None,
        report: bool = True,
    ) -> Sealed:
        """Raises `Unavailable` children. An answer has `letter` 'answer' and no `report`; its account is the reader's."""
        frame = _Frame(self._new_id(), organisation, mail_from, trace, self._clock())
        data_key = self._vault.new_data_key()
        head, parts = await self._contents.seal(data_key, frame.message_id, message)
        name = _sender_name(message, mail_from, account) if sender_name is None else sender_name
        means = [(recipient, *_means(recipient)) for recipient in recipients]
        orders = []
        for recipient, verification, state in means:
            order = Order(
                letter=letter,
                recipient=recipient.address,
                language=recipient.language,
                sender_name=name,
                sender_address=mail_from,
                subject=message.subject if subject_shown else "",
                verification=verification.kind,  # of a waiting order too: without its means it can't be carried out
                in_reply_to=_last(message.references) if letter == "answer" else "",
            )
            if state is DeliveryState.QUEUED:
                order = await with_means(self._vault, order, verification)
            orders.append((order, state))
        waiting = tuple(order.recipient for order, state in orders if state is DeliveryState.WAITING)
        manage_check = b""
        if report:
            code = self._vault.new_code()
            manage_check = self._vault.code_check(manage_about(frame.message_id), code)
            orders.append((_report(account, frame, name, message, recipients, waiting, reasons, code), _QUEUED))
        payloads, deliveries = await self._rows(frame, orders, {r.address for r in recipients if r.require_tls})
        sealed = SealedMessage(
            id=frame.message_id,
            organisation=organisation.id,
            account_id=account.id,
            mail_from=mail_from,
            recipients=tuple(recipient.address for recipient in recipients),
            state=MessageState.ACTIVE,
            size=sum(len(part.content) for part in message.parts),
            created_at=frame.now,
            expires_at=frame.now + expires,
            policy_digest=policy_digest,
            head=head,
            parts=parts,
            manage_check=manage_check,
            in_reply_to=in_reply_to,
        )
        grants = await asyncio.to_thread(self._grants, frame, account, data_key)
        return Sealed(sealed, grants, payloads, deliveries, _events(frame, waiting))

    # -- keys and rows

    def _grants(self, frame: _Frame, account: Account, data_key: bytes) -> tuple[Grant, ...]:
        """For the account, the recovery key and the deliver role; recipients get theirs when their order is carried out."""
        holders = (
            (GrantKind.ACCOUNT, account.id, account.public_key),
            (GrantKind.RECOVERY, frame.organisation.id, frame.organisation.recovery_public),
            (GrantKind.QUEUE, self._vault.key_id(self._queue.public), self._queue.public),
        )
        return tuple(
            Grant(
                id=self._new_id(),
                message_id=frame.message_id,
                kind=kind,
                holder=holder,
                created_at=frame.now,
                wrapped=self._vault.wrap_data_key(public, data_key, frame.message_id, kind.value, holder),
            )
            for kind, holder, public in holders
        )

    async def _rows(
        self, frame: _Frame, orders: Sequence[tuple[Order, DeliveryState]], require_tls: Collection[str]
    ) -> tuple[tuple[Payload, ...], tuple[Delivery, ...]]:
        payloads, deliveries = [], []
        for order, state in orders:
            payload = await self._payloads.seal(order.to_bytes(), frame.organisation.id)
            payloads.append(payload)
            deliveries.append(
                order_row(
                    delivery_id=self._new_id(),
                    payload=payload,
                    mail_from=frame.mail_from if order.recipient != frame.mail_from else "",
                    rcpt_to=order.recipient,
                    trace=frame.trace,
                    now=frame.now,
                    message_id=frame.message_id,
                    state=state,
                    require_tls=order.recipient in require_tls,
                )
            )
        return tuple(payloads), tuple(deliveries)


_QUEUED = DeliveryState.QUEUED


def manage_about(message_id: str) -> str:
    """What the manage code of a message is bound to."""
    return f"manage:{message_id}"


def order_row(
    *,
    delivery_id: str,
    payload: Payload,
    mail_from: str,
    rcpt_to: str,
    trace: str,
    now: datetime,
    message_id: str | None,
    state: DeliveryState = DeliveryState.QUEUED,
    require_tls: bool = False,
) -> Delivery:
    """The queue's row of an order."""
    return Delivery(
        id=delivery_id,
        organisation=payload.organisation,
        kind=DeliveryKind.ORDER,
        state=state,
        payload_id=payload.id,
        mail_from=mail_from,
        rcpt_to=rcpt_to,
        trace=trace,
        created_at=now,
        next_at=now,
        message_id=message_id,
        require_tls=require_tls,
    )


async def with_means(vault: Vault, order: Order, verification: Verification) -> Order:
    """The order with what its verification needs; a password becomes its factor (slow, outside the event loop)."""
    salt = factor = b""
    if verification.kind is VerificationKind.PASSWORD:
        salt = vault.new_salt()
        factor = await asyncio.to_thread(vault.password_factor, verification.password, salt)
    return replace(
        order,
        verification=verification.kind,
        phone=verification.phone if verification.kind is VerificationKind.SMS else "",
        hint=verification.hint,
        salt=salt,
        factor=factor,
    )


def _means(recipient: SealFor) -> tuple[Verification, DeliveryState]:
    """The verification that can be carried out, or the wanted one in WAITING when the sender must add something."""
    wanted = recipient.verification
    there = {
        VerificationKind.NONE: True,
        VerificationKind.PASSWORD: bool(wanted.password),
        VerificationKind.SMS: bool(wanted.phone),
        VerificationKind.ACCOUNT: False,
    }[wanted.kind]
    if there:
        return wanted, DeliveryState.QUEUED
    if recipient.fallback is Fallback.NONE:
        return Verification(VerificationKind.NONE), DeliveryState.QUEUED
    return wanted, DeliveryState.WAITING


def _report(
    account: Account,
    frame: _Frame,
    name: str,
    message: Message,
    recipients: Sequence[SealFor],
    waiting: tuple[str, ...],
    reasons: Sequence[str],
    code: bytes,
) -> Order:
    """The sender's letter; when everybody waits, nothing has left yet and the letter says that first."""
    return Order(
        letter="waiting" if waiting and len(waiting) == len(recipients) else "sealed-report",
        recipient=frame.mail_from,
        language=account.language,
        sender_name=name,
        sender_address=frame.mail_from,
        code=code,
        recipients=tuple(recipient.address for recipient in recipients),
        waiting=waiting,
        reasons=tuple(reasons),
        in_reply_to=message.message_id,
    )


def _events(frame: _Frame, waiting: Sequence[str]) -> tuple[Event, ...]:
    return (
        Event(frame.message_id, "", EventKind.SEALED, frame.now),
        *(Event(frame.message_id, address, EventKind.WAITING, frame.now) for address in waiting),
    )


def _sender_name(message: Message, mail_from: str, account: Account) -> str:
    wanted = mail_from.lower()
    return next((name for name, address in message.from_ if address.lower() == wanted and name), account.name)


def _last(references: str) -> str:
    return references.split()[-1] if references.split() else ""
