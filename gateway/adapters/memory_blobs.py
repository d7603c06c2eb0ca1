"""Blobs in memory, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

from gateway.adapters.blob_key import check_key

PIECE = 256 * 1024


class MemoryBlobs:
    """See `gateway.core.ports.Blobs`. `blobs` is what is kept; tests may look into it."""

    def __init__(self) -> None:
        self.blobs: dict[str, tuple[bytes, datetime]] = {}

    async def put(self, key: str, chunks: Iterable[bytes]) -> int:
        check_key(key)
        content = await asyncio.to_thread(b"".join, chunks)
        self.blobs[key] = (content, datetime.now(UTC))
        return len(content)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        content = self.blobs[check_key(key)][0][start:end]
        for at in range(0, len(content), PIECE):
            yield content[at : at + PIECE]

    async def delete(self, key: str) -> None:
        self.blobs.pop(check_key(key), None)

    async def keys(self) -> AsyncIterator[tuple[str, datetime]]:
        for key, (_, written_at) in list(self.blobs.items()):
            yield key, written_at
