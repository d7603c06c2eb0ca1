"""Seals what a message holds under its data key: the head, and each part inline or as a blob.

The rule: blobs are durable before the rows that name them exist; a failure half-way leaves none.
"""

from __future__ import annotations

import hashlib

from gateway.core.manifest import Manifest, ManifestPart
from gateway.core.message import Message, Part
from gateway.core.ports import Blobs, Vault
from gateway.core.records import StoredPart
from gateway.service.payloads import INLINE_BYTES


class Contents:
    """Whoever makes the data key wraps it; nothing here keeps it."""

    def __init__(self, *, vault: Vault, blobs: Blobs) -> None:
        self._vault = vault
        self._blobs = blobs

    async def seal(
        self, data_key: bytes, message_id: str, message: Message, *more: Part
    ) -> tuple[bytes, tuple[StoredPart, ...]]:
        """Head and parts; `more` are parts that the head does not name. Raises `Unavailable` children."""
        stored: list[StoredPart] = []
        try:
            for part in (*message.parts, *more):
                stored.append(await self._part(data_key, message_id, part))  # noqa: PERF401
            head = self._vault.seal_head(data_key, message_id, _manifest(message).to_bytes())
        except BaseException:
            for done in stored:
                if done.blob is not None:
                    await self._blobs.delete(done.blob)
            raise
        return head, tuple(stored)

    async def _part(self, data_key: bytes, message_id: str, part: Part) -> StoredPart:
        size = len(part.content)
        sealed = self._vault.seal_part(data_key, message_id, part.number, (part.content,))
        if size < INLINE_BYTES:  # a chunk's header and tag are few bytes
            return StoredPart(part.number, size, inline=b"".join(sealed))
        blob = f"{message_id}.{part.number}"
        await self._blobs.put(blob, sealed)
        return StoredPart(part.number, size, blob=blob)


def _manifest(message: Message) -> Manifest:
    return Manifest(
        subject=message.subject,
        from_=message.from_,
        to=message.to,
        cc=message.cc,
        date=message.date,
        message_id=message.message_id,
        references=message.references,
        parts=tuple(
            ManifestPart(
                number=part.number,
                disposition=part.disposition,
                content_type=part.content_type,
                name=part.name,
                size=len(part.content),
                sha256=hashlib.sha256(part.content).hexdigest(),
                content_id=part.content_id,
            )
            for part in message.parts
        ),
    )
