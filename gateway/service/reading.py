"""Reads an opened message: bodies, parts by range, and the whole as .eml or .zip, all streamed.

The rule: while bytes go out, grant and message are looked at again at least every second, and the stream ends with `Revoked`
or `Expired` when they have ended. Nobody asks a stream for chunks while its reader stalls: then `ended` looks, beside it.
A receipt says "downloaded" only when the last byte went out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from gateway.core.errors import CannotOpen
from gateway.core.manifest import Manifest, ManifestPart
from gateway.core.message import Disposition
from gateway.core.pickup import Client, Unknown, Unlock, WrongCode, WrongNumber
from gateway.core.ports import Blobs, Clock, Store, Vault
from gateway.core.records import EventKind, Grant, GrantState, SealedMessage
from gateway.service import export
from gateway.service.gate import Access, Gate, note_once
from gateway.service.parts import Parts

log = structlog.get_logger()

LOOK_EVERY = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Reading:
    """An opened message; bodies are None when it has none of that kind."""

    manifest: Manifest = field(repr=False)
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)
    message: SealedMessage = field(repr=False)
    grant: Grant = field(repr=False)


@dataclass(frozen=True, slots=True)
class PartStream:
    """`chunks` raises `Revoked` or `Expired` when the message ends meanwhile."""

    part: ManifestPart
    chunks: AsyncIterator[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Opened:
    access: Access
    data_key: bytes = field(repr=False)
    manifest: Manifest = field(repr=False)


class Reader:
    """`monotonic` is a clock in seconds, for the looks at the grant; `boundary` makes MIME boundaries."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        vault: Vault,
        gate: Gate,
        clock: Clock,
        monotonic: Callable[[], float],
        boundary: Callable[[], str],
    ) -> None:
        self._store = store
        self._parts = Parts(blobs=blobs, vault=vault)
        self._vault = vault
        self._gate = gate
        self._clock = clock
        self._monotonic = monotonic
        self._boundary = boundary

    async def read(self, grant_id: str, unlock: Unlock, client: Client) -> Reading:
        """Raises `WrongCode`, `WrongNumber`, `Unknown`, `Revoked`, `Expired`. Records the first reading."""
        opened = await self._open(grant_id, unlock)
        text = await self._body(opened, Disposition.TEXT)
        html = await self._body(opened, Disposition.HTML)
        async with self._store.write() as tx:
            access = await self._gate.find(tx, grant_id)
            if client.language and client.language != access.grant.language:
                await tx.set_grant_language(grant_id, client.language)
            if await tx.mark_read(grant_id, self._clock()):
                await note_once(tx, access, EventKind.VERIFIED, self._clock(), client.peer)
                await note_once(tx, access, EventKind.READ, self._clock(), client.peer)
        return Reading(opened.manifest, text, html, access.message, access.grant)

    async def part(
        self,
        grant_id: str,
        unlock: Unlock,
        number: int,
        client: Client,
        start: int = 0,
        end: int | None = None,
        *,
        record: bool = True,
    ) -> PartStream:
        """Plaintext bytes start..end (exclusive) of one part; nothing is recorded before they are asked for, and nothing at
        all without `record`: an image that the text shows is not a download."""
        opened = await self._open(grant_id, unlock)
        part = next((part for part in opened.manifest.parts if part.number == number), None)
        if part is None:
            raise Unknown
        chunks = self._watched(opened, self._chunks(opened, part, start, end))
        last = end is None or end >= part.size
        if record and last:
            chunks = self._recorded(opened, chunks, f"part {number}", client)
        return PartStream(part, chunks)

    async def eml(self, grant_id: str, unlock: Unlock, client: Client) -> AsyncIterator[bytes]:
        """The message as its reader's mail client would keep it."""
        opened = await self._open(grant_id, unlock)
        chunks = export.eml(opened.manifest, lambda part: self._chunks(opened, part), self._boundary)
        return self._recorded(opened, self._watched(opened, chunks), "eml", client)

    async def zip(self, grant_id: str, unlock: Unlock, client: Client) -> AsyncIterator[bytes]:
        """Bodies and attachments as files in one archive."""
        opened = await self._open(grant_id, unlock)
        made = opened.access.message.created_at
        chunks = export.zip_archive(opened.manifest, lambda part: self._chunks(opened, part), made)
        return self._recorded(opened, self._watched(opened, chunks), "zip", client)

    async def ended(self, grant_id: str) -> NoReturn:
        """Waits until this grant can no longer be used, and raises why: `Revoked`, `Expired`, `WrongNumber`, `Unknown`."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._look(grant_id)

    async def manifest(self, grant_id: str, unlock: Unlock) -> tuple[Access, Manifest]:
        """What an answer needs of the message; records nothing."""
        opened = await self._open(grant_id, unlock)
        return opened.access, opened.manifest

    # -- opening

    async def _open(self, grant_id: str, unlock: Unlock) -> _Opened:
        async with self._store.read() as tx:
            access = await self._gate.enter(tx, grant_id, unlock.code)
        grant, message = access.grant, access.message
        if grant.state is GrantState.WRONG_NUMBER:
            raise WrongNumber
        try:
            data_key = self._vault.open_recipient_key(
                grant.wrapped, message.id, grant.id, unlock.code, unlock.factor, grant.share
            )
        except CannotOpen as exc:
            raise WrongCode from exc
        manifest = Manifest.from_bytes(self._vault.open_head(data_key, message.id, message.head))
        return _Opened(access, data_key, manifest)

    async def _body(self, opened: _Opened, disposition: Disposition) -> str | None:
        part = opened.manifest.part(disposition)
        if part is None:
            return None
        chunks = self._watched(opened, self._chunks(opened, part))
        return b"".join([chunk async for chunk in chunks]).decode("utf-8", "replace")

    def _chunks(
        self, opened: _Opened, part: ManifestPart, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        return self._parts.chunks(opened.access.message, opened.data_key, part.number, start, end)

    # -- while bytes go out

    async def _watched(self, opened: _Opened, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        looked = self._monotonic()
        try:
            async for chunk in chunks:
                if self._monotonic() - looked >= LOOK_EVERY:
                    await self._look(opened.access.grant.id)
                    looked = self._monotonic()
                yield chunk
        except (KeyError, CannotOpen):
            # The blob is deleted after the keys: somebody revoked while we read. Anything else is a real loss.
            await self._look(opened.access.grant.id)
            raise

    async def _look(self, grant_id: str) -> None:
        async with self._store.read() as tx:
            access = await self._gate.find(tx, grant_id)
        if access.grant.state is GrantState.WRONG_NUMBER:
            raise WrongNumber

    async def _recorded(
        self, opened: _Opened, chunks: AsyncIterator[bytes], detail: str, client: Client
    ) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            yield chunk
        async with self._store.write() as tx:
            await note_once(tx, opened.access, EventKind.DOWNLOADED, self._clock(), client.peer, detail)
        log.info("downloaded", grant=opened.access.grant.id, what=detail)
