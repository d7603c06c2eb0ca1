"""A list of an organisation's own as a file: keyed hashes only, never a value. docs/vault-format.md tells it octet by octet.

Terms: an *exact list* holds a row for each patient, customer, ...: the tag of its *primary* value, and one of each value that
*supports* it, as in Microsoft Purview's exact data match. A *fingerprint list* holds the fingerprints of documents
(`gateway.core.fingerprint`). A *tag* is a keyed BLAKE2b hash.
Rules: records are of fixed size and sorted, so that a million rows are found by binary search in the file's own octets; a
supporting tag is bound to its row's primary tag, so that equal names in two rows do not look equal; the file ends in a
keyed checksum, so that a damaged or foreign one is refused and not just silent.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import blake2b

VERSION = 1
KEY_SIZE = 32
PRIMARY_SIZE, SUPPORT_SIZE, SHINGLE_SIZE, SEAL_SIZE = 12, 4, 8, 16
MOST_SUPPORTS, MOST_WORDS = 16, 6  # columns, and words of a value that are looked for together
_MAGIC = b"zegel-list\n"
_HEAD = struct.Struct("!11sBBBBI")  # magic, version, kind, supporting columns, words of the longest value, records
_DOCUMENT = struct.Struct("!I")


class Kind(IntEnum):
    EXACT = 1
    FINGERPRINT = 2


class BadList(ValueError):
    """The octets are no list, or one of another key, or damaged. The text says which, without content."""


@dataclass(frozen=True, slots=True)
class ExactList:
    """`records`: for each row a primary tag and its supporting tags; sorted."""

    supports: int
    words: int
    records: memoryview = field(repr=False)
    key: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return PRIMARY_SIZE + self.supports * SUPPORT_SIZE

    def __len__(self) -> int:
        return len(self.records) // self.size

    def rows(self, primary: bytes) -> list[bytes]:
        """The supporting tags, joined, of every row with this primary tag."""
        size, found = self.size, []
        at = self._first(primary)
        while at < len(self) and self.records[at * size : at * size + PRIMARY_SIZE] == primary:
            found.append(bytes(self.records[at * size + PRIMARY_SIZE : (at + 1) * size]))
            at += 1
        return found

    def _first(self, primary: bytes) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            start = middle * self.size
            if bytes(self.records[start : start + PRIMARY_SIZE]) < primary:
                low = middle + 1
            else:
                high = middle
        return low


@dataclass(frozen=True, slots=True)
class FingerprintList:
    """One set of hashes for each document."""

    documents: tuple[frozenset[int], ...] = field(repr=False)
    key: bytes = field(repr=False)


OwnList = ExactList | FingerprintList


def tag(key: bytes, purpose: bytes, value: bytes, size: int) -> bytes:
    """A keyed hash; `purpose` (at most 16 octets) keeps uses apart."""
    return blake2b(value, digest_size=size, key=key, person=purpose).digest()


def primary_tag(key: bytes, value: str) -> bytes:
    return tag(key, b"primary", value.encode(), PRIMARY_SIZE)


def support_tag(key: bytes, primary: bytes, column: int, value: str) -> bytes:
    return tag(key, b"support", primary + bytes([column]) + value.encode(), SUPPORT_SIZE)


def write_exact(rows: Iterable[tuple[str, Sequence[str]]], supports: int, words: int, key: bytes) -> bytes:
    """Rows of squeezed values (`gateway.core.exact_list.squeeze`); an empty supporting value is never found."""
    records = []
    for primary, values in rows:
        owner = primary_tag(key, primary)
        tags = (
            support_tag(key, owner, column, value) if value else support_tag(key, owner, column, "\0")
            for column, value in enumerate(values)
        )
        records.append(owner + b"".join(tags))
    unique = sorted(set(records))
    return _sealed(_HEAD.pack(_MAGIC, VERSION, Kind.EXACT, supports, words, len(unique)) + b"".join(unique), key)


def write_fingerprints(documents: Sequence[Iterable[int]], key: bytes) -> bytes:
    body = b""
    for document in documents:
        hashes = sorted(set(document))
        body += _DOCUMENT.pack(len(hashes)) + b"".join(number.to_bytes(SHINGLE_SIZE, "big") for number in hashes)
    return _sealed(_HEAD.pack(_MAGIC, VERSION, Kind.FINGERPRINT, 0, 0, len(documents)) + body, key)


def read(data: bytes | memoryview, key: bytes) -> OwnList:
    """Raises `BadList`."""
    octets = memoryview(data)
    if len(octets) < _HEAD.size + SEAL_SIZE or bytes(octets[: len(_MAGIC)]) != _MAGIC:
        raise BadList("this is no list: make it with `zegel lists`")
    _, version, kind, supports, words, count = _HEAD.unpack_from(octets)
    if version != VERSION:
        raise BadList(f"this list is of version {version}, and version {VERSION} is known here: make it anew")
    body = octets[_HEAD.size : -SEAL_SIZE]
    if not hmac.compare_digest(bytes(octets[-SEAL_SIZE:]), _seal(octets[:-SEAL_SIZE], key)):
        raise BadList("this list is damaged, or was made with another lists.key: make it anew")
    if kind == Kind.EXACT and supports <= MOST_SUPPORTS and 0 < words <= MOST_WORDS:
        found = ExactList(supports, words, body, key)
        if len(body) == count * found.size:
            return found
    if kind == Kind.FINGERPRINT:
        return FingerprintList(tuple(_documents(body, count)), key)
    raise BadList("the lengths in this list do not add up: make it anew")


def _documents(body: memoryview, count: int) -> Iterable[frozenset[int]]:
    at = 0
    for _ in range(count):
        if at + _DOCUMENT.size > len(body):
            raise BadList("the lengths in this list do not add up: make it anew")
        size = _DOCUMENT.unpack_from(body, at)[0] * SHINGLE_SIZE
        at += _DOCUMENT.size
        hashes = bytes(body[at : at + size])
        if len(hashes) != size:
            raise BadList("the lengths in this list do not add up: make it anew")
        yield frozenset(
            int.from_bytes(hashes[start : start + SHINGLE_SIZE], "big") for start in range(0, size, SHINGLE_SIZE)
        )
        at += size
    if at != len(body):
        raise BadList("the lengths in this list do not add up: make it anew")


def _sealed(data: bytes, key: bytes) -> bytes:
    return data + _seal(data, key)


def _seal(data: bytes | memoryview, key: bytes) -> bytes:
    return blake2b(data, digest_size=SEAL_SIZE, key=key, person=b"seal").digest()
