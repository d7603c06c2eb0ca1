"""Blobs in S3 or a storage that speaks its protocol. A put is whole or not there: S3 shows an object when it is complete."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from gateway.adapters.blob_key import KEY, check_key
from gateway.core.errors import StoreUnavailable

PIECE = 256 * 1024
PART = 8 * 1024 * 1024  # of a multi-part upload; the protocol asks for at least 5 MiB and at most 10,000 parts
SEVERAL = 4  # parts under way at once: PART * SEVERAL is the memory of one upload


class S3Blobs:
    """See `gateway.core.ports.Blobs`. `url` is `s3://BUCKET` or `s3://BUCKET/PREFIX`; the rest comes from the environment
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT, AWS_ALLOW_HTTP) or from `options`."""

    def __init__(self, url: str, **options: Any) -> None:
        self._store = S3Store.from_url(url, **options)

    async def put(self, key: str, chunks: Iterable[bytes]) -> int:
        check_key(key)
        sizes: list[int] = []
        first, rest = await asyncio.to_thread(_first_part, iter(chunks))
        with _errors(key):
            if rest is None:
                await obstore.put_async(self._store, key, first, use_multipart=False)
                return len(first)
            await obstore.put_async(
                self._store,
                key,
                _counted(first, rest, sizes),
                use_multipart=True,
                chunk_size=PART,
                max_concurrency=SEVERAL,
            )
        return sum(sizes)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        check_key(key)
        with _errors(key):
            size = (await obstore.head_async(self._store, key))["size"]
            end = size if end is None else min(end, size)
            if start >= end:
                return
            found = await obstore.get_async(self._store, key, options={"range": (start, end)})
            async for piece in found.stream(min_chunk_size=PIECE):
                yield bytes(piece)

    async def delete(self, key: str) -> None:
        with contextlib.suppress(KeyError), _errors(key):
            await obstore.delete_async(self._store, check_key(key))

    async def keys(self) -> AsyncIterator[tuple[str, datetime]]:
        with _errors(""):
            async for batch in obstore.list(self._store):
                for found in batch:
                    if KEY.fullmatch(found["path"]):
                        yield found["path"], found["last_modified"].astimezone(UTC)


def _first_part(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes] | None]:
    """Up to about one part of content, and what comes after it, None when that is all."""
    taken = bytearray()
    for chunk in chunks:
        taken += chunk
        if len(taken) >= PART:
            return bytes(taken), chunks
    return bytes(taken), None


async def _counted(first: bytes, rest: Iterator[bytes], sizes: list[int]) -> AsyncIterator[bytes]:
    """The whole content, drained in threads; `sizes` gets the length of each chunk."""
    chunk = first
    while chunk:
        sizes.append(len(chunk))
        yield chunk
        chunk = await asyncio.to_thread(_next_full, rest)


def _next_full(chunks: Iterator[bytes]) -> bytes:
    """The next chunk that isn't empty; empty at the end."""
    return next((chunk for chunk in chunks if chunk), b"")


@contextlib.contextmanager
def _errors(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise KeyError(key) from None
    except (BaseError, OSError) as error:
        raise StoreUnavailable from error
