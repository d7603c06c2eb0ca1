"""STREAM: content of any length in chunks of AEAD, as age and Tink do; constant memory, readable by range.

Terms: a *stream* is a 16-byte salt and then its chunks. A *chunk* is 65,536 bytes of plaintext (the last one 1 to 65,536,
or none when there is no content at all) and a 16-byte tag. The chunk's nonce is its number (11 bytes, big-endian) and
a byte that is 1 for the last chunk only.

Rule: the stream's key is HKDF(secret, salt, info) and seals one stream; nothing else may use it. The counter tells order,
the last byte tells the end: a chunk that is moved, left out, doubled or cut off does not open.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import CannotOpen
from gateway.vault.format import TAG_SIZE, derive, gcm_open

CHUNK = 64 * 1024
SEALED_CHUNK = CHUNK + TAG_SIZE
SALT_SIZE = 16

Read = Callable[[int, int], AsyncIterator[bytes]]


def chunk_count(size: int) -> int:
    """Chunks of a stream of `size` plaintext bytes; empty content has one, empty chunk."""
    return max(1, -(-size // CHUNK))


def sealed_size(size: int) -> int:
    """Bytes of a stream that holds `size` plaintext bytes."""
    return SALT_SIZE + size + chunk_count(size) * TAG_SIZE


def content_size(sealed: int) -> int:
    """The inverse of `sealed_size`. Raises `CannotOpen` when no stream has that length."""
    body = sealed - SALT_SIZE
    size = body - -(-body // SEALED_CHUNK) * TAG_SIZE
    if size < 0 or sealed_size(size) != sealed:
        raise CannotOpen
    return size


def seal(secret: bytes, salt: bytes, info: bytes, content: Iterable[bytes]) -> Iterator[bytes]:
    """The stream, lazily: the salt, then a chunk at a time."""
    cipher = AESGCM(derive(secret, info, salt))
    yield salt
    number = 0
    waiting = bytearray()
    for piece in content:
        view = memoryview(piece)
        # A full chunk waits until more comes: only then is it known not to be the last.
        while len(waiting) + len(view) > CHUNK:
            taken = CHUNK - len(waiting)
            waiting += view[:taken]
            view = view[taken:]
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting), None)
            number += 1
            waiting.clear()
        waiting += view
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), None)


def open_whole(secret: bytes, info: bytes, stream: bytes) -> bytes:
    """All of a stream that is in memory. Raises `CannotOpen`."""
    count = chunk_count(content_size(len(stream)))
    key = derive(secret, info, stream[:SALT_SIZE])
    view = memoryview(stream)[SALT_SIZE:]
    return b"".join(
        _open_chunk(key, number, count, bytes(view[number * SEALED_CHUNK : (number + 1) * SEALED_CHUNK]))
        for number in range(count)
    )


async def open_range(
    secret: bytes, info: bytes, size: int, read: Read, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """Plaintext bytes start..end of a stream of `size` plaintext bytes, chunk by chunk.

    `read(a, b)` yields the stream's bytes a..b (exclusive), fewer when it is shorter. A range that reaches the end
    (also the whole of an empty stream) checks the last-chunk flag and that nothing follows.
    Raises `CannotOpen`; ValueError for a range outside 0..size.
    """
    end = size if end is None else end
    if not 0 <= start <= end <= size:
        raise ValueError("the range lies outside the content")
    count = chunk_count(size)
    first, stop = _chunks_of(start, end, size)
    if first == stop:
        return
    salt = b"".join([piece async for piece in read(0, SALT_SIZE)])
    key = derive(secret, info, salt)
    # One byte more than the stream has, so that what someone appended is noticed.
    until = sealed_size(size) + 1 if stop == count else SALT_SIZE + stop * SEALED_CHUNK
    number = first
    async for sealed in _cut(read(SALT_SIZE + first * SEALED_CHUNK, until)):
        if number >= stop:
            raise CannotOpen
        plain = _open_chunk(key, number, count, sealed)
        offset = number * CHUNK
        if number == count - 1 and offset + len(plain) != size:
            raise CannotOpen
        piece = plain[max(start - offset, 0) : end - offset]
        if piece:
            yield piece
        number += 1
    if number != stop:
        raise CannotOpen


def _chunks_of(start: int, end: int, size: int) -> tuple[int, int]:
    """The chunks (first, one past the last) that a range needs."""
    count = chunk_count(size)
    if end == size:
        return min(start // CHUNK, count - 1), count
    if start == end:
        return 0, 0
    return start // CHUNK, -(-end // CHUNK)


async def _cut(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of one sealed chunk; the last may be shorter."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        while len(waiting) >= SEALED_CHUNK:
            yield bytes(waiting[:SEALED_CHUNK])
            del waiting[:SEALED_CHUNK]
    if waiting:
        yield bytes(waiting)


def _open_chunk(key: bytes, number: int, count: int, sealed: bytes) -> bytes:
    return gcm_open(key, _nonce(number, last=number == count - 1), sealed, None)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
