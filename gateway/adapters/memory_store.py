"""The store in memory, for tests: the same meaning as the SQL store, without durability.

A transaction works on a copy of all tables (`Tables`), which takes their place at the end: so an exception rolls back,
and a reader keeps what it saw. One writer at a time, as on SQLite.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.adapters.memory_cases import MemoryCases
from gateway.adapters.memory_login import MemoryLogin
from gateway.adapters.memory_past import MemoryPast
from gateway.adapters.memory_tables import Tables, add, need, update
from gateway.core.delivery import DeliveryKind, DeliveryState
from gateway.core.ports import Duplicate
from gateway.core.records import (
    Account,
    ApiToken,
    AuditEntry,
    Delivery,
    Event,
    Grant,
    GrantKind,
    GrantState,
    KeyWrap,
    MessageState,
    OneTimeCode,
    Payload,
    SealedMessage,
)

LIVE = (GrantState.ACTIVE, GrantState.WRONG_NUMBER)
OPEN = (DeliveryState.QUEUED, DeliveryState.WAITING, DeliveryState.HELD)


class MemoryStore:
    """`tables` is what is committed; tests may look into it."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._writer = asyncio.Lock()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[MemoryTransaction]:
        async with self._writer:
            tables = self.tables.copy()
            yield MemoryTransaction(tables)
            self.tables = tables

    @asynccontextmanager
    async def read(self) -> AsyncIterator[MemoryTransaction]:
        yield MemoryTransaction(self.tables, writable=False)

    async def close(self) -> None:
        """Nothing to close."""


class MemoryTransaction(MemoryCases, MemoryLogin, MemoryPast):
    """See `gateway.core.ports.Transaction`."""

    # -- accounts

    async def add_account(self, account: Account, wraps: Sequence[KeyWrap]) -> None:
        rows = self._changing
        taken = {address for other in rows.accounts.values() for address in _addresses(other)}
        if taken & set(_addresses(account)) or account.id in rows.accounts:
            raise Duplicate(account.id)
        rows.accounts[account.id] = account
        rows.wraps[account.id] = _by_kind(wraps)

    async def account(self, account_id: str) -> Account | None:
        return self._rows.accounts.get(account_id)

    async def account_by_address(self, address: str) -> Account | None:
        wanted = address.lower()
        return next((account for account in self._rows.accounts.values() if wanted in _addresses(account)), None)

    async def accounts(self, organisation: str) -> list[Account]:
        found = [account for account in self._rows.accounts.values() if account.organisation == organisation]
        return sorted(found, key=lambda account: account.address)

    async def key_wraps(self, account_id: str) -> list[KeyWrap]:
        return list(self._rows.wraps.get(account_id, ()))

    async def replace_key_wraps(self, account_id: str, wraps: Sequence[KeyWrap]) -> None:
        rows = self._changing
        need(rows.accounts, account_id)
        rows.wraps[account_id] = _by_kind(wraps)

    async def set_login(self, account_id: str, login_hash: str, activated_at: datetime | None) -> None:
        update(self._changing.accounts, account_id, login_hash=login_hash, activated_at=activated_at)

    # -- API tokens

    async def add_api_token(self, token: ApiToken) -> None:
        rows = self._changing
        need(rows.accounts, token.account_id)
        if any(token.digest == other.digest for other in rows.tokens.values()):
            raise Duplicate(token.id)
        add(rows.tokens, token)

    async def api_token(self, token_id: str) -> ApiToken | None:
        return self._rows.tokens.get(token_id)

    async def api_token_of(self, digest: bytes) -> ApiToken | None:
        return next((token for token in self._rows.tokens.values() if token.digest == digest), None)

    async def api_tokens(self, account_id: str) -> list[ApiToken]:
        found = [token for token in self._rows.tokens.values() if token.account_id == account_id]
        return sorted(found, key=lambda token: (token.created_at, token.id))

    async def use_api_token(self, token_id: str, at: datetime) -> None:
        update(self._changing.tokens, token_id, last_used_at=at)

    async def drop_api_token(self, token_id: str) -> None:
        self._changing.tokens.pop(token_id, None)

    # -- messages

    async def add_message(self, message: SealedMessage, grants: Sequence[Grant]) -> None:
        add(self._changing.messages, message)
        for grant in grants:
            await self.add_grant(grant)

    async def message(self, message_id: str) -> SealedMessage | None:
        return self._rows.messages.get(message_id)

    async def end_message(self, message_id: str, state: MessageState) -> list[str]:
        rows = self._changing
        message = rows.messages.get(message_id)
        if message is None or message.state is not MessageState.ACTIVE:
            return []
        update(rows.messages, message_id, state=state, head=b"", parts=())
        for grant in await self.grants(message_id):
            if grant.kind is GrantKind.RECIPIENT:
                await self.end_grant(grant.id, GrantState(state.value))
            else:
                del rows.grants[grant.id]
        return [part.blob for part in message.parts if part.blob is not None]

    async def messages_to_expire(self, now: datetime, limit: int) -> list[str]:
        due = [m for m in self._rows.messages.values() if m.state is MessageState.ACTIVE and m.expires_at <= now]
        return [message.id for message in sorted(due, key=lambda m: (m.expires_at, m.id))[:limit]]

    # -- grants

    async def add_grant(self, grant: Grant) -> None:
        rows = self._changing
        need(rows.messages, grant.message_id)
        state = rows.messages[grant.message_id].state
        if state is MessageState.ACTIVE:
            add(rows.grants, grant)
        elif grant.kind is GrantKind.RECIPIENT:
            add(rows.grants, _emptied(grant, GrantState(state.value)))

    async def grant(self, grant_id: str) -> Grant | None:
        return self._rows.grants.get(grant_id)

    async def grants(self, message_id: str) -> list[Grant]:
        found = [grant for grant in self._rows.grants.values() if grant.message_id == message_id]
        return sorted(found, key=lambda grant: (grant.created_at, grant.id))

    async def end_grant(self, grant_id: str, state: GrantState) -> None:
        rows = self._changing
        grant = rows.grants.get(grant_id)
        if grant is not None and grant.kind is GrantKind.RECIPIENT and grant.state in LIVE:
            rows.grants[grant_id] = _emptied(grant, state)
            rows.codes.pop(grant_id, None)

    async def drop_queue_grants(self, message_id: str) -> None:
        rows = self._changing
        for grant in await self.grants(message_id):
            if grant.kind is GrantKind.QUEUE:
                del rows.grants[grant.id]

    async def set_grant_phone(self, grant_id: str, sealed_phone: bytes) -> None:
        self._update_live(grant_id, sealed_phone=sealed_phone, state=GrantState.ACTIVE)

    async def set_grant_language(self, grant_id: str, language: str) -> None:
        self._update_live(grant_id, language=language)

    async def language_of(self, organisation: str, address: str) -> str:
        rows = self._rows
        found = [
            grant
            for grant in rows.grants.values()
            if grant.kind is GrantKind.RECIPIENT
            and grant.holder == address
            and rows.messages[grant.message_id].organisation == organisation
        ]
        found.sort(key=lambda grant: grant.id)
        return max(found, key=lambda grant: grant.created_at).language if found else ""

    async def set_grant_state(self, grant_id: str, state: GrantState) -> None:
        if state not in LIVE:
            await self.end_grant(grant_id, state)
        else:
            self._update_live(grant_id, state=state)

    async def count_wrong(self, grant_id: str, wrong: int, locked_until: datetime | None) -> None:
        self._update_live(grant_id, wrong=wrong, locked_until=locked_until)

    async def mark_read(self, grant_id: str, at: datetime) -> bool:
        rows = self._changing
        grant = rows.grants.get(grant_id)
        if grant is None or grant.first_read_at is not None:
            return False
        update(rows.grants, grant_id, first_read_at=at)
        return True

    def _update_live(self, grant_id: str, **fields: object) -> None:
        """An ended grant never comes back, whoever was too late."""
        rows = self._changing
        grant = rows.grants.get(grant_id)
        if grant is not None and grant.state in LIVE:
            update(rows.grants, grant_id, **fields)

    # -- one-time codes

    async def put_code(self, code: OneTimeCode) -> None:
        rows = self._changing
        need(rows.grants, code.grant_id)
        rows.codes[code.grant_id] = code

    async def code(self, grant_id: str) -> OneTimeCode | None:
        return self._rows.codes.get(grant_id)

    async def drop_code(self, grant_id: str) -> None:
        self._changing.codes.pop(grant_id, None)

    # -- the queue

    async def add_payload(self, payload: Payload) -> None:
        add(self._changing.payloads, payload)

    async def payload(self, payload_id: str) -> Payload | None:
        return self._rows.payloads.get(payload_id)

    async def drop_payload_if_done(self, payload_id: str) -> str | None:
        rows = self._changing
        if any(d.payload_id == payload_id and d.state in OPEN for d in rows.deliveries.values()):
            return None
        payload = rows.payloads.pop(payload_id, None)
        return payload.blob if payload is not None else None

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            add(self._changing.deliveries, delivery)

    async def delivery(self, delivery_id: str) -> Delivery | None:
        return self._rows.deliveries.get(delivery_id)

    async def deliveries_of(self, message_id: str) -> list[Delivery]:
        found = [delivery for delivery in self._rows.deliveries.values() if delivery.message_id == message_id]
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    async def deliveries_in(self, state: DeliveryState, limit: int) -> list[Delivery]:
        found = [delivery for delivery in self._rows.deliveries.values() if delivery.state is state]
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))[:limit]

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[Delivery]:
        rows = self._changing
        due = sorted((d for d in rows.deliveries.values() if _is_due(d, now)), key=_age)
        first = due[:limit]
        shared = {delivery.payload_id for delivery in first if delivery.kind is DeliveryKind.MAIL}
        ids = {delivery.id for delivery in first}
        ids |= {d.id for d in due if d.kind is DeliveryKind.MAIL and d.payload_id in shared}
        for delivery in due:
            if delivery.id in ids:
                update(rows.deliveries, delivery.id, lease_until=now + lease)
        return [rows.deliveries[delivery.id] for delivery in due if delivery.id in ids]

    async def renew(self, delivery_ids: Sequence[str], until: datetime) -> None:
        rows = self._changing
        for delivery_id in delivery_ids:
            delivery = rows.deliveries.get(delivery_id)
            if delivery is not None and delivery.state is DeliveryState.QUEUED:
                update(rows.deliveries, delivery_id, lease_until=until)

    async def advance(
        self, delivery_id: str, state: DeliveryState, *, attempts: int, next_at: datetime, last_reply: str
    ) -> None:
        update(
            self._changing.deliveries,
            delivery_id,
            state=state,
            attempts=attempts,
            next_at=next_at,
            last_reply=last_reply,
            lease_until=None,
        )

    async def next_due(self) -> datetime | None:
        queued = [d for d in self._rows.deliveries.values() if d.state is DeliveryState.QUEUED]
        return min((max(d.next_at, d.lease_until or d.next_at) for d in queued), default=None)

    # -- history and counters

    async def add_event(self, event: Event) -> None:
        self._changing.events.append(event)

    async def events(self, message_id: str) -> list[Event]:
        return [event for event in self._rows.events if event.message_id == message_id]

    async def audit(self, entry: AuditEntry) -> None:
        self._changing.audit.append(entry)

    async def count(self, key: str, now: datetime, window: timedelta) -> int:
        counters = self._changing.counters
        seconds, at = window.total_seconds(), now.timestamp()
        for counter in [c for c in counters if (c[2] + 1) * c[1] <= at]:
            del counters[counter]
        counter = (key, seconds, int(at // seconds))
        counters[counter] = counters.get(counter, 0) + 1
        return counters[counter]

    async def blob_keys(self) -> set[str]:
        parts = (part.blob for message in self._rows.messages.values() for part in message.parts)
        payloads = (payload.blob for payload in self._rows.payloads.values())
        return {blob for blobs in (parts, payloads) for blob in blobs if blob is not None}


def _addresses(account: Account) -> list[str]:
    return [address.lower() for address in (account.address, *account.aliases)]


def _by_kind(wraps: Iterable[KeyWrap]) -> list[KeyWrap]:
    return sorted(wraps, key=lambda wrap: wrap.kind.value)


def _emptied(grant: Grant, state: GrantState) -> Grant:
    """What is left of a recipient grant: nothing that opens anything, or names a phone."""
    nothing = dict.fromkeys(("wrapped", "share", "salt", "sealed_factor", "sealed_phone", "sealed_hint"), b"")
    return replace(grant, state=state, **nothing)  # type: ignore[arg-type]


def _is_due(delivery: Delivery, now: datetime) -> bool:
    free = delivery.lease_until is None or delivery.lease_until <= now
    return delivery.state is DeliveryState.QUEUED and delivery.next_at <= now and free


def _age(delivery: Delivery) -> tuple[datetime, datetime, str]:
    return delivery.next_at, delivery.created_at, delivery.id
