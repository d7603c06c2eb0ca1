"""Payloads: mail and orders in the queue, sealed to the queue key; inline in the row when small, else a blob.

Rule: a blob is durable before the row that names it is written; one that no row ever named is swept later.
"""

from __future__ import annotations

from gateway.core.ports import Blobs, Clock, NewId, QueueSealer, Transaction
from gateway.core.records import Payload

INLINE_BYTES = 64 * 1024


class Payloads:
    """The one place that makes payload rows, and that shreds them."""

    def __init__(self, *, queue: QueueSealer, blobs: Blobs, clock: Clock, new_id: NewId) -> None:
        self._queue = queue
        self._blobs = blobs
        self._clock = clock
        self._new_id = new_id

    async def seal(self, plaintext: bytes, organisation: str) -> Payload:
        """A payload row, not yet in the store; its blob, if it has one, is already durable."""
        payload_id = self._new_id()
        sealed = self._queue.seal(plaintext, payload_id)
        inline = len(sealed) <= INLINE_BYTES
        if not inline:
            await self._blobs.put(payload_id, (sealed,))
        return Payload(
            id=payload_id,
            organisation=organisation,
            created_at=self._clock(),
            size=len(plaintext),
            inline=sealed if inline else None,
            blob=None if inline else payload_id,
        )

    async def sealed_bytes(self, payload: Payload) -> bytes:
        """The ciphertext, from the row or the blob. Raises KeyError when the blob is gone."""
        if payload.inline is not None:
            return payload.inline
        return b"".join([chunk async for chunk in self._blobs.get(payload.blob or "")])

    async def drop(self, tx: Transaction, payload_id: str) -> str | None:
        """Forgets the payload when nothing needs it; returns the blob to delete after the commit."""
        return await tx.drop_payload_if_done(payload_id)

    async def shred(self, blob: str | None) -> None:
        if blob is not None:
            await self._blobs.delete(blob)
