"""Ends messages and single recipients' access: the one place that destroys keys.

The rule: first the keys, in one transaction with the audit entry, the event and the withdrawal of what has not left; then
the blobs. A crash between the two leaves ciphertext without a key, which the sweep deletes.
"""

from __future__ import annotations

import structlog

from gateway.core.delivery import DeliveryEvent, after
from gateway.core.pickup import Unknown
from gateway.core.ports import Blobs, Clock, Store, Transaction
from gateway.core.records import (
    AuditEntry,
    Delivery,
    Event,
    EventKind,
    GrantKind,
    GrantState,
    MessageState,
    SealedMessage,
)
from gateway.service.queue_grants import UNFINISHED, drop_when_done

log = structlog.get_logger()


class Revoke:
    def __init__(self, *, store: Store, blobs: Blobs, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock

    async def message(self, message_id: str, actor: str) -> bool:
        """Takes the whole message back; False when it had ended already. Raises `Unknown`."""
        return await self._end(message_id, actor, MessageState.REVOKED, EventKind.REVOKED)

    async def expire(self, message_id: str) -> bool:
        return await self._end(message_id, "sweep", MessageState.EXPIRED, EventKind.EXPIRED)

    async def recipient(self, message_id: str, address: str, actor: str) -> bool:
        """Takes one recipient's access back; False when there was none left. Raises `Unknown`."""
        now = self._clock()
        async with self._store.write() as tx:
            message = await _known(tx, message_id)
            address = named(message, address)
            grants = [
                grant
                for grant in await tx.grants(message_id)
                if grant.kind is GrantKind.RECIPIENT
                and grant.holder == address
                and grant.state in (GrantState.ACTIVE, GrantState.WRONG_NUMBER)
            ]
            for grant in grants:
                await tx.end_grant(grant.id, GrantState.REVOKED)
            rows = [row for row in await tx.deliveries_of(message_id) if row.rcpt_to == address]
            withdrawn, blobs = await withdraw(tx, rows, self._clock)
            changed = bool(grants or withdrawn)
            if changed:
                await drop_when_done(tx, message_id)
                await tx.add_event(Event(message_id, address, EventKind.REVOKED, now))
                await tx.audit(AuditEntry(now, message.organisation, actor, "revoke:recipient", message_id, address))
        await self._delete(blobs)
        log.info("recipient_revoked", message=message_id, grants=len(grants), withdrawn=withdrawn)
        return changed

    async def _end(self, message_id: str, actor: str, state: MessageState, kind: EventKind) -> bool:
        now = self._clock()
        async with self._store.write() as tx:
            message = await _known(tx, message_id)
            if message.state is not MessageState.ACTIVE:
                return False
            blobs = await tx.end_message(message_id, state)
            withdrawn, more = await withdraw(tx, await tx.deliveries_of(message_id), self._clock)
            await tx.add_event(Event(message_id, "", kind, now))
            await tx.audit(AuditEntry(now, message.organisation, actor, f"{state.value}:message", message_id))
        await self._delete([*blobs, *more])
        log.info("message_ended", message=message_id, state=state.value, withdrawn=withdrawn)
        return True

    async def _delete(self, blobs: list[str]) -> None:
        for blob in blobs:
            await self._blobs.delete(blob)


async def withdraw(tx: Transaction, rows: list[Delivery], clock: Clock) -> tuple[int, list[str]]:
    """Cancels the rows that have not left; how many, and the blobs to delete after the commit."""
    count, blobs = 0, []
    for row in rows:
        if row.state not in UNFINISHED:
            continue
        state = after(row.state, DeliveryEvent.WITHDRAWN)
        await tx.advance(row.id, state, attempts=row.attempts, next_at=clock(), last_reply=row.last_reply)
        blob = await tx.drop_payload_if_done(row.payload_id)
        count += 1
        if blob is not None:
            blobs.append(blob)
    return count, blobs


def named(message: SealedMessage, address: str) -> str:
    """The recipient's address as the message has it. Raises `Unknown`."""
    for recipient in message.recipients:
        if recipient.lower() == address.lower():
            return recipient
    raise Unknown


async def _known(tx: Transaction, message_id: str) -> SealedMessage:
    """Not the copy of held mail: that ends with its case, in `gateway.service.carry_out`."""
    message = await tx.message(message_id)
    if message is None or await tx.case(message_id) is not None:
        raise Unknown
    return message
