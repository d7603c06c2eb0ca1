"""The sender's page of one sealed message: who read it, take it back, add what is missing.

The rule: the manage code gives power over keys and recipients, never a look at subject or content.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.core.delivery import DeliveryEvent, after
from gateway.core.directives import Verification, VerificationKind
from gateway.core.orders import Order
from gateway.core.organisation import Organisations
from gateway.core.phone import e164, masked
from gateway.core.pickup import (
    HOUR,
    LONGEST_PASSWORD,
    WRONG_CODES_PER_HOUR,
    Client,
    Expired,
    NotPossible,
    Revoked,
    TooMany,
    Unknown,
    WrongCode,
    window_end,
)
from gateway.core.ports import DELIVER, Bus, Clock, NewId, ServerKey, Store, Transaction, Vault
from gateway.core.records import AuditEntry, Delivery, Event, Grant, GrantState, MessageState, SealedMessage
from gateway.service.payloads import Payloads
from gateway.service.receipts import Overview, RecipientStatus, newest_grant, state_of, waiting_order
from gateway.service.revoke import Revoke, named
from gateway.service.sealing import manage_about, order_row, with_means

log = structlog.get_logger()

SHORTEST_AGREED = 6  # characters of a password that two people agree; tries are limited


class Manage:
    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        server_key: ServerKey,
        organisations: Organisations,
        payloads: Payloads,
        revoke: Revoke,
        bus: Bus,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._store = store
        self._vault = vault
        self._server_key = server_key
        self._organisations = organisations
        self._payloads = payloads
        self._revoke = revoke
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def open(self, message_id: str, code_text: str, client: Client) -> None:
        """Returns when the manage code is right. Raises `Unknown`, `WrongCode`, `TooMany`."""
        async with self._store.read() as tx:
            message = await tx.message(message_id)
        if message is None or not message.manage_check:
            raise Unknown
        code = self._vault.parse_code(code_text)
        if code is not None and self._vault.check_code(manage_about(message_id), code, message.manage_check):
            return
        now = self._clock()
        async with self._store.write() as tx:
            count = await tx.count(f"wrong-manage:{message.organisation}:{client.peer}", now, HOUR)
        log.info("wrong_manage_code", message=message_id, peer=client.peer)
        if count > WRONG_CODES_PER_HOUR:
            raise TooMany(window_end(now, HOUR))
        raise WrongCode

    async def overview(self, message_id: str) -> Overview:
        async with self._store.read() as tx:
            message = await _message(tx, message_id)
            grants = await tx.grants(message_id)
            deliveries = await tx.deliveries_of(message_id)
            events = await tx.events(message_id)
        recipients = tuple(self._status(message, address, grants, deliveries, events) for address in message.recipients)
        return Overview(message.created_at, message.expires_at, message.state, recipients)

    def _status(
        self,
        message: SealedMessage,
        address: str,
        grants: Sequence[Grant],
        deliveries: Sequence[Delivery],
        events: Sequence[Event],
    ) -> RecipientStatus:
        grant = newest_grant(grants, address)
        phone = ""
        if grant is not None and grant.sealed_phone:
            phone = masked(self._server_key.open(grant.sealed_phone, f"phone:{grant.id}").decode())
        return RecipientStatus(
            address=address,
            grant_id=grant.id if grant is not None else None,
            state=state_of(message, address, grant, deliveries, events),
            phone=phone,
            events=tuple(event for event in events if event.recipient in ("", address)),
        )

    # -- taking back

    async def revoke_message(self, message_id: str, actor: str) -> None:
        await self._revoke.message(message_id, actor)

    async def revoke_recipient(self, message_id: str, address: str, actor: str) -> None:
        await self._revoke.recipient(message_id, address, actor)

    async def cancel(self, message_id: str, address: str, actor: str = "sender") -> None:
        """For a recipient who waits: the message does not go to them."""
        await self._revoke.recipient(message_id, address, actor)

    # -- adding what is missing

    async def set_phone(self, message_id: str, address: str, phone: str) -> None:
        """For who waits, and for a grant with SMS (also after "not my number"). Raises `NotPossible` for no number."""
        number = e164(phone)
        if not number:
            raise NotPossible("This is not a phone number")
        async with self._store.write() as tx:
            message = await _active(tx, message_id)
            address = named(message, address)
            grant = newest_grant(await tx.grants(message_id), address)
            if grant is not None:
                if grant.verification is not VerificationKind.SMS or grant.state not in _CHANGEABLE:
                    raise NotPossible
                await tx.set_grant_phone(grant.id, self._server_key.seal(number.encode(), f"phone:{grant.id}"))
                await tx.drop_code(grant.id)  # sent to the former number
                await self._audit(tx, message, "manage:phone", address)
                return
        await self._supply(message_id, address, Verification(VerificationKind.SMS, phone=number))

    async def set_password(self, message_id: str, address: str, password: str, hint: str) -> None:
        """For who waits. The password itself is kept nowhere."""
        if not SHORTEST_AGREED <= len(password) <= LONGEST_PASSWORD:
            raise NotPossible(f"A password has at least {SHORTEST_AGREED} characters")
        if password.casefold() in hint.casefold():
            raise NotPossible("The hint gives the password away")
        wish = Verification(VerificationKind.PASSWORD, password=password, hint=hint[:200])
        await self._supply(message_id, address, wish)

    async def use_code_only(self, message_id: str, address: str) -> None:
        await self._supply(message_id, address, Verification(VerificationKind.NONE))

    async def _supply(self, message_id: str, address: str, verification: Verification) -> None:
        """A new order with the means takes the place of the waiting one, which only the deliver role could open."""
        now = self._clock()
        async with self._store.read() as tx:
            message = await _active(tx, message_id)
            address = named(message, address)
            waiting = waiting_order(await tx.deliveries_of(message_id), address)
            account = await tx.account(message.account_id)
        if waiting is None:
            raise NotPossible("Nobody waits at this address")
        order = Order(
            letter="notification",
            recipient=address,
            language=self._organisations.get(message.organisation).language,
            sender_name=account.name if account is not None else "",
            sender_address=message.mail_from,
        )
        order = await with_means(self._vault, order, verification)
        payload = await self._payloads.seal(order.to_bytes(), message.organisation)
        row = order_row(
            delivery_id=self._new_id(),
            payload=payload,
            mail_from=message.mail_from,
            rcpt_to=address,
            trace=waiting.trace,
            now=now,
            message_id=message_id,
        )
        async with self._store.write() as tx:
            await _active(tx, message_id)
            current = waiting_order(await tx.deliveries_of(message_id), address)
            if current is None:
                raise NotPossible("Nobody waits at this address")
            state = after(current.state, DeliveryEvent.WITHDRAWN)
            # The new row first: the message's queue grant must not be without a reason in between.
            await tx.add_payload(payload)
            await tx.add_deliveries([row])
            await tx.advance(current.id, state, attempts=current.attempts, next_at=now, last_reply="")
            blob = await self._payloads.drop(tx, current.payload_id)
            await self._audit(tx, message, f"manage:{verification.kind.name.lower()}", address)
        await self._payloads.shred(blob)
        self._bus.wake(DELIVER)

    async def _audit(self, tx: Transaction, message: SealedMessage, action: str, address: str) -> None:
        await tx.audit(AuditEntry(self._clock(), message.organisation, "sender", action, message.id, address))


_CHANGEABLE = (GrantState.ACTIVE, GrantState.WRONG_NUMBER)


async def _message(tx: Transaction, message_id: str) -> SealedMessage:
    message = await tx.message(message_id)
    if message is None:
        raise Unknown
    return message


async def _active(tx: Transaction, message_id: str) -> SealedMessage:
    message = await _message(tx, message_id)
    if message.state is MessageState.REVOKED:
        raise Revoked
    if message.state is MessageState.EXPIRED:
        raise Expired
    return message
