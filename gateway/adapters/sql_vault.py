"""Sealed messages, their grants and one-time codes, in SQL.

The rule: when a message or grant has ended, no grant that could open it remains, whatever ran at the same time. So a grant
that comes too late is stored ended and without keys, and nothing brings an ended grant back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from gateway.adapters.schema import codes, grants, messages, parts
from gateway.adapters.sql_rows import Rows
from gateway.core.records import (
    Grant,
    GrantKind,
    GrantState,
    MessageState,
    OneTimeCode,
    SealedMessage,
    StoredPart,
)

LIVE = (GrantState.ACTIVE, GrantState.WRONG_NUMBER)
EMPTY = dict.fromkeys(("wrapped", "share", "salt", "sealed_factor", "sealed_phone", "sealed_hint"), b"")


class VaultRows(Rows):
    """See `gateway.core.ports.Transaction`."""

    # -- messages

    async def add_message(self, message: SealedMessage, new_grants: Sequence[Grant]) -> None:
        await self._insert(messages, [message])
        await self._insert(parts, message.parts, message_id=message.id)
        for grant in new_grants:
            await self.add_grant(grant)

    async def message(self, message_id: str) -> SealedMessage | None:
        row = (await self._run(select(messages).where(messages.c.id == message_id))).mappings().first()
        if row is None:
            return None
        columns = (parts.c.number, parts.c.size, parts.c.inline, parts.c.blob)
        found = select(*columns).where(parts.c.message_id == message_id).order_by(parts.c.number)
        return SealedMessage(**row, parts=tuple(await self._all(StoredPart, found)))

    async def end_message(self, message_id: str, state: MessageState) -> list[str]:
        ended = await self._change(
            update(messages)
            .where(messages.c.id == message_id, messages.c.state == MessageState.ACTIVE)
            .values(state=state, head=b"")
        )
        if ended.rowcount == 0:
            return []
        kept = select(parts.c.blob).where(parts.c.message_id == message_id, parts.c.blob.is_not(None))
        blobs = await self._ids(kept.order_by(parts.c.number))
        await self._change(delete(parts).where(parts.c.message_id == message_id))
        other = grants.c.kind != GrantKind.RECIPIENT
        await self._change(delete(grants).where(grants.c.message_id == message_id, other))
        await self._empty(grants.c.message_id == message_id, GrantState(state.value))
        return blobs

    async def messages_to_expire(self, now: datetime, limit: int) -> list[str]:
        due = (messages.c.state == MessageState.ACTIVE, messages.c.expires_at <= now)
        oldest = (messages.c.expires_at, messages.c.id)
        return await self._ids(select(messages.c.id).where(*due).order_by(*oldest).limit(limit))

    # -- grants

    async def add_grant(self, grant: Grant) -> None:
        # The row lock makes an end_message that runs now wait for this grant, or this grant see the end.
        found = select(messages.c.state).where(messages.c.id == grant.message_id).with_for_update(read=True)
        state = (await self._change(found)).scalar_one_or_none()
        if state is None:
            raise KeyError(grant.message_id)
        if state is MessageState.ACTIVE:
            await self._insert(grants, [grant])
        elif grant.kind is GrantKind.RECIPIENT:
            await self._insert(grants, [grant], **EMPTY, state=GrantState(state.value))

    async def grant(self, grant_id: str) -> Grant | None:
        # A writer locks the row: tries are counted from what it reads, and two readings of the same count are one try.
        found = select(grants).where(grants.c.id == grant_id)
        return await self._one(Grant, found.with_for_update() if self._writable else found)

    async def grants(self, message_id: str) -> list[Grant]:
        found = select(grants).where(grants.c.message_id == message_id)
        return await self._all(Grant, found.order_by(grants.c.created_at, grants.c.id))

    async def end_grant(self, grant_id: str, state: GrantState) -> None:
        await self._empty(grants.c.id == grant_id, state)

    async def _empty(self, which: ColumnElement[bool], state: GrantState) -> None:
        """Ends the recipient grants among these that live: nothing that opens anything, or names a phone, remains."""
        self.revoked = True
        await self._change(delete(codes).where(codes.c.grant_id.in_(select(grants.c.id).where(which))))
        live = (grants.c.kind == GrantKind.RECIPIENT, grants.c.state.in_(LIVE))
        await self._change(update(grants).where(which, *live).values(state=state, **EMPTY))

    async def drop_queue_grants(self, message_id: str) -> None:
        self.shredded = True
        queue = grants.c.kind == GrantKind.QUEUE
        await self._change(delete(grants).where(grants.c.message_id == message_id, queue))

    async def set_grant_phone(self, grant_id: str, sealed_phone: bytes) -> None:
        await self._update_live(grant_id, sealed_phone=sealed_phone, state=GrantState.ACTIVE)

    async def set_grant_language(self, grant_id: str, language: str) -> None:
        await self._update_live(grant_id, language=language)

    async def language_of(self, organisation: str, address: str) -> str:
        latest = (
            select(grants.c.language)
            .join(messages, messages.c.id == grants.c.message_id)
            .where(grants.c.holder == address, grants.c.kind == GrantKind.RECIPIENT)
            .where(messages.c.organisation == organisation)
            .order_by(grants.c.created_at.desc(), grants.c.id)
            .limit(1)
        )
        return (await self._run(latest)).scalar() or ""

    async def set_grant_state(self, grant_id: str, state: GrantState) -> None:
        if state in LIVE:
            await self._update_live(grant_id, state=state)
        else:
            await self.end_grant(grant_id, state)

    async def count_wrong(self, grant_id: str, wrong: int, locked_until: datetime | None) -> None:
        await self._update_live(grant_id, wrong=wrong, locked_until=locked_until)

    async def mark_read(self, grant_id: str, at: datetime) -> bool:
        unread = (grants.c.id == grant_id, grants.c.first_read_at.is_(None))
        marked = await self._change(update(grants).where(*unread).values(first_read_at=at))
        return marked.rowcount == 1

    async def _update_live(self, grant_id: str, **fields: object) -> None:
        live = (grants.c.id == grant_id, grants.c.state.in_(LIVE))
        await self._change(update(grants).where(*live).values(**fields))

    # -- one-time codes

    async def put_code(self, code: OneTimeCode) -> None:
        await self.drop_code(code.grant_id)
        await self._insert(codes, [code])

    async def code(self, grant_id: str) -> OneTimeCode | None:
        return await self._one(OneTimeCode, select(codes).where(codes.c.grant_id == grant_id))

    async def drop_code(self, grant_id: str) -> None:
        await self._change(delete(codes).where(codes.c.grant_id == grant_id))
