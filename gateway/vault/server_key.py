"""The server key: a symmetric key of the deliver role and the portal, for phone numbers, hints and keyed hashes.

Rule: each context (such as `phone:<grant id>`) has a key of its own, so a value moved to another row does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.errors import CannotOpen
from gateway.vault.format import KEY_SIZE, NONCE_SIZE, Kind, bind, derive, gcm_open, header, strip_header


class SymmetricServerKey:
    """Implements `ServerKey`. Raises ValueError when `key` is not 32 bytes."""

    def __init__(self, key: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a server key has 32 bytes")
        self._key = key
        self._random = random

    def seal(self, plaintext: bytes, context: str) -> bytes:
        binding = bind(Kind.SERVER, context)
        nonce = self._random(NONCE_SIZE)
        return header(Kind.SERVER) + nonce + AESGCM(derive(self._key, binding)).encrypt(nonce, plaintext, binding)

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises `CannotOpen`."""
        binding = bind(Kind.SERVER, context)
        rest = strip_header(Kind.SERVER, sealed)
        if len(rest) < NONCE_SIZE:
            raise CannotOpen
        return gcm_open(derive(self._key, binding), rest[:NONCE_SIZE], rest[NONCE_SIZE:], binding)

    def mac(self, data: bytes, context: str) -> bytes:
        """HMAC-SHA256 under a key of the context: 32 bytes."""
        return hmac.digest(derive(self._key, bind(Kind.SERVER_MAC, context)), data, hashlib.sha256)
