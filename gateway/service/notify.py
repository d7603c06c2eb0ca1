"""Carries out orders: makes a recipient's grant and its notification, or a letter to the sender.

The rule: the grant, the finished mail and the end of the order are one transaction. A crash before it leaves the order, a
crash after it leaves an ordinary mail in the queue; a second attempt never makes a second message code.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from gateway.core.delivery import DeliveryEvent, DeliveryKind, DeliveryState, after
from gateway.core.directives import VerificationKind
from gateway.core.letter_mail import LetterMail, compose
from gateway.core.orders import Order
from gateway.core.organisation import Organisation, Organisations
from gateway.core.ports import (
    Clock,
    Letters,
    NewId,
    QueueOpener,
    ServerKey,
    Store,
    Transaction,
    Vault,
)
from gateway.core.records import Delivery, Grant, GrantKind, MessageState, Payload, SealedMessage
from gateway.service.payloads import Payloads
from gateway.service.queue_grants import drop_when_done

log = structlog.get_logger()

# These open a message for the one they go to. All other letters tell the sender something.
WITH_GRANT = frozenset({"notification", "answer"})
ABOUT_ACCOUNT = frozenset(
    {"activation", "activation-reviewer", "recovery"}
)  # the link leads to where a password is chosen


class NotPossible(Exception):
    """The order can't be carried out now: something it needs is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an order became, ready to be written."""

    mail: bytes
    mail_from: str
    grant: Grant | None


class Notify:
    """`await carry_out(delivery, plaintext)`; raises what the store and the vault raise, and `NotPossible`."""

    def __init__(
        self,
        *,
        organisations: Organisations,
        store: Store,
        vault: Vault,
        queue: QueueOpener,
        server_key: ServerKey,
        letters: Letters,
        payloads: Payloads,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._organisations = organisations
        self._store = store
        self._vault = vault
        self._queue = queue
        self._server_key = server_key
        self._letters = letters
        self._payloads = payloads
        self._clock = clock
        self._new_id = new_id

    async def carry_out(self, delivery: Delivery, plaintext: bytes) -> None:
        """Does what the order in `plaintext` says and ends its row; an order for an ended message is cancelled."""
        order = Order.from_bytes(plaintext)
        organisation = self._organisations.get(delivery.organisation)
        message = await self._message(delivery)
        if not _wanted(order, message, self._clock()):
            await self._end(delivery, DeliveryEvent.WITHDRAWN)
            return
        if order.letter in WITH_GRANT:
            made = await self._notification(order, organisation, message)
        else:
            made = await self._letter(order, organisation, delivery)
        payload = await self._payloads.seal(made.mail, organisation.id)
        await self._save(delivery, order, made, payload)

    # -- a recipient's notification

    async def _notification(self, order: Order, organisation: Organisation, message: SealedMessage | None) -> Made:
        if message is None:
            raise NotPossible("the order names no message")
        data_key = await self._data_key(message.id)
        order = await self._in_their_language(order, organisation)
        grant, code = await asyncio.to_thread(self._grant, order, message, data_key)
        printed = self._vault.format_code(code)
        facts: dict[str, object] = {
            "sender_name": order.sender_name,
            "sender_address": order.sender_address,
            "recipient": order.recipient,
            "subject": order.subject,
            "url": f"{organisation.portal_url}/m/{grant.id}#{printed}",
            "code": printed,
            "expires_at": message.expires_at,
            "verification": order.verification.name.lower(),
        }
        # A sender of the organisation signs the mail as ever, and gets its bounces. Another one (who answers) can't be named
        # as its author without breaking their domain's DMARC, and gets no bounce of a mail that they did not send.
        own = organisation.owns(order.sender_address)
        name = order.sender_name or order.sender_address
        from_ = (
            (order.sender_name, order.sender_address)
            if own
            else _noreply(f"{name} via {organisation.name}", organisation)
        )
        mail = self._compose(order, organisation, facts, from_, automatic=False)
        return Made(mail, order.sender_address if own else "", grant)

    def _grant(self, order: Order, message: SealedMessage, data_key: bytes) -> tuple[Grant, bytes]:
        """A new grant and its message code. Slow for a moment (key derivation): called outside the event loop."""
        grant_id = self._new_id()
        sms = order.verification is VerificationKind.SMS
        factor = self._vault.new_factor() if sms else order.factor
        if order.verification is VerificationKind.PASSWORD and not factor:
            raise NotPossible("the order has no password factor")
        if sms and not order.phone:
            raise NotPossible("the order has no phone number")
        key = self._vault.new_recipient_key(data_key, message.id, grant_id, factor)
        grant = Grant(
            id=grant_id,
            message_id=message.id,
            kind=GrantKind.RECIPIENT,
            holder=order.recipient,
            created_at=self._clock(),
            wrapped=key.wrapped,
            verification=order.verification,
            language=order.language,
            expires_at=message.expires_at,
            code_check=key.code_check,
            share=key.share,
            salt=order.salt,
            sealed_factor=self._server_key.seal(factor, f"factor:{grant_id}") if sms else b"",
            sealed_phone=self._server_key.seal(order.phone.encode(), f"phone:{grant_id}") if sms else b"",
            sealed_hint=self._server_key.seal(order.hint.encode(), f"hint:{grant_id}") if order.hint else b"",
        )
        return grant, key.code

    async def _in_their_language(self, order: Order, organisation: Organisation) -> Order:
        """What the recipient chose at the pages before wins over the organisation's language."""
        async with self._store.read() as tx:
            chosen = await tx.language_of(organisation.id, order.recipient)
        return replace(order, language=chosen) if chosen else order

    async def _data_key(self, message_id: str) -> bytes:
        async with self._store.read() as tx:
            grants = await tx.grants(message_id)
        for grant in grants:
            if grant.kind is GrantKind.QUEUE:
                return await asyncio.to_thread(self._queue.unwrap_data_key, grant.wrapped, message_id, grant.holder)
        raise NotPossible("the message has no queue grant")

    # -- a letter to the sender

    async def _letter(self, order: Order, organisation: Organisation, delivery: Delivery) -> Made:
        """From the organisation and `<>`: whatever happens to it, no bounce comes of it."""
        printed = self._vault.format_code(order.code) if order.code else ""
        facts: dict[str, object] = {
            "sender_name": order.sender_name,
            "sender_address": order.sender_address,
            "recipient": order.recipient,
            "recipients": order.recipients,
            "waiting": order.waiting,
            "reasons": order.reasons,
            "code": printed,
            "url": await self._url(order, organisation, delivery, printed),
            "case": order.case,
        }
        mail = self._compose(
            order, organisation, facts, _noreply(f"Zegel – {organisation.name}", organisation), automatic=True
        )
        return Made(mail, "", None)

    async def _url(self, order: Order, organisation: Organisation, delivery: Delivery, printed: str) -> str:
        """The manage, case or activation link; empty for a letter without a code."""
        if not printed:
            return ""
        if order.letter not in ABOUT_ACCOUNT:
            page = "case" if order.case is not None else "manage"
            return f"{organisation.portal_url}/{page}/{delivery.message_id}#{printed}"
        async with self._store.read() as tx:
            account = await tx.account_by_address(order.recipient)
        if account is None:
            raise NotPossible("there is no such account")
        return f"{organisation.portal_url}/activate/{account.id}#{printed}"

    # -- writing

    def _compose(
        self,
        order: Order,
        organisation: Organisation,
        facts: dict[str, object],
        from_: tuple[str, str],
        *,
        automatic: bool,
    ) -> bytes:
        letter = self._letters.render(order.letter, order.language, organisation, facts)
        mail = LetterMail(
            letter=letter,
            from_=from_,
            to=order.recipient,
            language=order.language,
            date=self._clock(),
            message_id=f"{self._new_id()}@{organisation.domains[0]}",
            automatic=automatic,
            in_reply_to=order.in_reply_to,
        )
        return compose(mail)

    async def _save(self, delivery: Delivery, order: Order, made: Made, payload: Payload) -> None:
        """One transaction; a row that was withdrawn meanwhile, or carried out by another worker, stays as it is."""
        now = self._clock()
        blob = None
        async with self._store.write() as tx:
            row = await tx.delivery(delivery.id)
            message = await tx.message(delivery.message_id) if delivery.message_id else None
            if row is None or row.state is not DeliveryState.QUEUED or not _wanted(order, message, now):
                saved = False
            else:
                saved = True
                if made.grant is not None:
                    await tx.add_grant(made.grant)
                await tx.add_payload(payload)
                await tx.add_deliveries([_mail_row(delivery, order, made, payload, self._new_id(), now)])
                await _advance(tx, delivery, DeliveryEvent.SENT, now)
                blob = await self._payloads.drop(tx, delivery.payload_id)
        await self._payloads.shred(blob if saved else payload.blob)
        if not saved:
            await self._end(delivery, DeliveryEvent.WITHDRAWN)
        log.info("order_done", trace=delivery.trace, delivery=delivery.id, letter=order.letter, saved=saved)

    async def _end(self, delivery: Delivery, event: DeliveryEvent) -> None:
        blob = None
        async with self._store.write() as tx:
            row = await tx.delivery(delivery.id)
            if row is not None and row.state is DeliveryState.QUEUED:
                await _advance(tx, delivery, event, self._clock())
                blob = await self._payloads.drop(tx, delivery.payload_id)
            if delivery.message_id is not None:
                await drop_when_done(tx, delivery.message_id)
        await self._payloads.shred(blob)

    async def _message(self, delivery: Delivery) -> SealedMessage | None:
        if delivery.message_id is None:
            return None
        async with self._store.read() as tx:
            message = await tx.message(delivery.message_id)
        if message is None:
            raise NotPossible("there is no such message")
        return message


def _mail_row(
    order_row: Delivery, order: Order, made: Made, payload: Payload, delivery_id: str, now: datetime
) -> Delivery:
    """The finished mail's row. It keeps the order's trace, so that all logs of one message find each other."""
    return replace(
        order_row,
        id=delivery_id,
        kind=DeliveryKind.MAIL,
        state=DeliveryState.QUEUED,
        payload_id=payload.id,
        mail_from=made.mail_from,
        rcpt_to=order.recipient,
        created_at=now,
        next_at=now,
        attempts=0,
        lease_until=None,
        grant_id=made.grant.id if made.grant else None,
        last_reply="",
    )


async def _advance(tx: Transaction, delivery: Delivery, event: DeliveryEvent, now: datetime) -> None:
    state = after(DeliveryState.QUEUED, event)
    await tx.advance(delivery.id, state, attempts=delivery.attempts + 1, next_at=now, last_reply="")


def _wanted(order: Order, message: SealedMessage | None, now: datetime) -> bool:
    """Whether the order still makes sense: not for a message that has ended. An activation code is about the account, and
    stands nowhere else."""
    if order.letter in ABOUT_ACCOUNT or message is None:
        return True
    return message.state is MessageState.ACTIVE and message.expires_at > now


def _noreply(name: str, organisation: Organisation) -> tuple[str, str]:
    return name, f"noreply@{organisation.domains[0]}"
