"""What an account has sent sealed: a list, and each message opened with the account's own key.

The rule: every call begins with who is signed in, and another account's message is `Unknown`. A message that was taken back or
has expired keeps its line, without subject: nothing can open it any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from gateway.core.errors import CannotOpen
from gateway.core.login import SENT_A_PAGE, LoginEnded, SignedIn
from gateway.core.manifest import Manifest, ManifestPart
from gateway.core.message import Disposition
from gateway.core.pickup import Expired, Revoked, Unknown
from gateway.core.ports import Blobs, Store, Transaction, Vault
from gateway.core.records import Grant, GrantKind, MessageState, SealedMessage
from gateway.service import export
from gateway.service.login_sessions import LoginSessions
from gateway.service.manage import Manage
from gateway.service.parts import Parts
from gateway.service.reading import LOOK_EVERY
from gateway.service.receipts import Overview


@dataclass(frozen=True, slots=True)
class SentItem:
    """`subject` is None when the message has ended."""

    message: SealedMessage
    overview: Overview
    subject: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SentPage:
    """`older` tells where the next page begins, None on the last one."""

    items: tuple[SentItem, ...]
    older: tuple[datetime, str] | None


@dataclass(frozen=True, slots=True)
class SentReading:
    """An opened message; bodies are None when it has none of that kind."""

    message: SealedMessage
    manifest: Manifest = field(repr=False)
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)


class Sent:
    """`boundary` makes MIME boundaries."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        vault: Vault,
        manage: Manage,
        sessions: LoginSessions,
        boundary: Callable[[], str],
    ) -> None:
        self._store = store
        self._parts = Parts(blobs=blobs, vault=vault)
        self._vault = vault
        self._manage = manage
        self._sessions = sessions
        self._boundary = boundary

    async def page(self, signed_in: SignedIn, before: tuple[datetime, str] | None = None) -> SentPage:
        """Newest first."""
        async with self._store.read() as tx:
            found = await tx.sent(signed_in.account.id, before, SENT_A_PAGE + 1)
            grants = {message.id: await _own_grant(tx, message) for message in found[:SENT_A_PAGE]}
        shown = found[:SENT_A_PAGE]
        items = [
            SentItem(
                message, await self._manage.overview(message.id), self._subject(signed_in, message, grants[message.id])
            )
            for message in shown
        ]
        older = (shown[-1].created_at, shown[-1].id) if len(found) > SENT_A_PAGE else None
        return SentPage(tuple(items), older)

    async def own(self, signed_in: SignedIn, message_id: str) -> None:
        """Whether this account may manage the message. Raises `Unknown`."""
        async with self._store.read() as tx:
            await _own(tx, signed_in, message_id)

    async def subject(self, signed_in: SignedIn, message_id: str) -> str | None:
        """None when the message has ended. Raises `Unknown`."""
        async with self._store.read() as tx:
            message = await _own(tx, signed_in, message_id)
            grant = await _own_grant(tx, message)
        return self._subject(signed_in, message, grant)

    # -- reading

    async def read(self, signed_in: SignedIn, message_id: str) -> SentReading:
        """Raises `Unknown`, `Revoked`, `Expired`."""
        message, data_key, manifest = await self._open(signed_in, message_id)
        text = await self._body(message, data_key, manifest, Disposition.TEXT)
        html = await self._body(message, data_key, manifest, Disposition.HTML)
        return SentReading(message, manifest, text, html)

    async def part(
        self, signed_in: SignedIn, message_id: str, number: int, start: int = 0, end: int | None = None
    ) -> tuple[ManifestPart, AsyncIterator[bytes]]:
        """Plaintext bytes start..end (exclusive) of one part."""
        message, data_key, manifest = await self._open(signed_in, message_id)
        part = next((part for part in manifest.parts if part.number == number), None)
        if part is None:
            raise Unknown
        return part, self._parts.chunks(message, data_key, number, start, end)

    async def eml(self, signed_in: SignedIn, message_id: str) -> AsyncIterator[bytes]:
        message, key, manifest = await self._open(signed_in, message_id)
        return export.eml(manifest, lambda part: self._parts.chunks(message, key, part.number), self._boundary)

    async def zip(self, signed_in: SignedIn, message_id: str) -> AsyncIterator[bytes]:
        message, key, manifest = await self._open(signed_in, message_id)
        return export.zip_archive(
            manifest, lambda part: self._parts.chunks(message, key, part.number), message.created_at
        )

    async def ended(self, signed_in: SignedIn, message_id: str) -> NoReturn:
        """Waits until the message or the session has ended, and raises which."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            async with self._store.read() as tx:
                _refuse_ended(await _own(tx, signed_in, message_id))
            if not await self._sessions.alive(signed_in.ticket):
                raise LoginEnded

    # -- opening

    async def _open(self, signed_in: SignedIn, message_id: str) -> tuple[SealedMessage, bytes, Manifest]:
        async with self._store.read() as tx:
            message = await _own(tx, signed_in, message_id)
            grant = await _own_grant(tx, message)
        _refuse_ended(message)
        if grant is None:
            raise Unknown
        key = self._data_key(signed_in, message, grant)
        return message, key, Manifest.from_bytes(self._vault.open_head(key, message.id, message.head))

    def _subject(self, signed_in: SignedIn, message: SealedMessage, grant: Grant | None) -> str | None:
        if message.state is not MessageState.ACTIVE or grant is None:
            return None
        try:
            key = self._data_key(signed_in, message, grant)
            return Manifest.from_bytes(self._vault.open_head(key, message.id, message.head)).subject
        except CannotOpen:
            return None

    def _data_key(self, signed_in: SignedIn, message: SealedMessage, grant: Grant) -> bytes:
        return self._vault.unwrap_data_key(signed_in.private, grant.wrapped, message.id, grant.kind.value, grant.holder)

    async def _body(
        self, message: SealedMessage, data_key: bytes, manifest: Manifest, disposition: Disposition
    ) -> str | None:
        part = manifest.part(disposition)
        if part is None:
            return None
        chunks = self._parts.chunks(message, data_key, part.number)
        return b"".join([chunk async for chunk in chunks]).decode("utf-8", "replace")


async def _own(tx: Transaction, signed_in: SignedIn, message_id: str) -> SealedMessage:
    message = await tx.message(message_id)
    if message is None or message.account_id != signed_in.account.id:
        raise Unknown
    return message


async def _own_grant(tx: Transaction, message: SealedMessage) -> Grant | None:
    grants = await tx.grants(message.id)
    return next((g for g in grants if g.kind is GrantKind.ACCOUNT and g.holder == message.account_id), None)


def _refuse_ended(message: SealedMessage) -> None:
    if message.state is MessageState.REVOKED:
        raise Revoked
    if message.state is MessageState.EXPIRED:
        raise Expired
