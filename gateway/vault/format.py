"""Framing: how every sealed thing begins, and how it is bound to its place.

A sealed thing starts with a version byte and a kind byte. Its key, or its associated data, comes from `bind`: the same two
bytes and the fields that name its place, each with its length. So no two places share a binding, whatever the fields hold.
docs/vault-format.md describes all of it byte by byte.
"""

from __future__ import annotations

from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.core.errors import CannotOpen

VERSION = 1
HEADER_SIZE = 2
KEY_SIZE = 32
NONCE_SIZE = 12
TAG_SIZE = 16

# For keys that seal one thing in their whole life; a random nonce would add bytes and no safety.
ONLY_NONCE = bytes(NONCE_SIZE)


class Kind(IntEnum):
    """What a sealed thing is. Numbers are never used again for something else."""

    HEAD = 1
    PART = 2
    GRANT = 3
    RECIPIENT = 4
    PRIVATE_FOR_KEY = 5
    PRIVATE_BY_SECRET = 6
    QUEUED = 7
    SERVER = 8
    PUBLIC_KEY = 9
    PRIVATE_KEY = 10
    PRIVATE_IN_SESSION = 16
    # never at the start of a stored thing, only in bindings:
    CODE_CHECK = 11
    SERVER_MAC = 12
    TRANSPORT = 13
    RECOVERY_PRINT = 14
    HISTORY = 15


def header(kind: Kind) -> bytes:
    return bytes((VERSION, kind))


def strip_header(kind: Kind, sealed: bytes) -> bytes:
    """What follows the two first bytes. Raises `CannotOpen` for another version or kind."""
    if sealed[:HEADER_SIZE] != header(kind):
        raise CannotOpen
    return sealed[HEADER_SIZE:]


def bind(kind: Kind, *fields: str | bytes | int) -> bytes:
    """The binding of a thing to its place. Text is UTF-8, a number 8 bytes big-endian."""
    return b"zegel" + header(kind) + b"".join(map(_with_length, fields))


def _with_length(value: str | bytes | int) -> bytes:
    raw = value.to_bytes(8, "big") if isinstance(value, int) else value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(4, "big") + raw


def join(*fields: bytes) -> bytes:
    """Fields with their lengths, so that no two different lists look the same."""
    return b"".join(map(_with_length, fields))


def derive(secret: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """A 256-bit key by HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=salt, info=info).derive(secret)


def gcm_open(key: bytes, nonce: bytes, sealed: bytes, associated: bytes | None) -> bytes:
    """AES-256-GCM. Raises `CannotOpen`, which tells nothing of why."""
    if len(sealed) < TAG_SIZE:
        raise CannotOpen
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise CannotOpen from None
