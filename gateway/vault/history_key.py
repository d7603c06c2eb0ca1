"""The history key: turns addresses, domains and names into keyed hashes, by which `gateway.core.history` knows them again.

Held by the roles that decide about mail. Rule: each organisation has a key of its own, derived from this one, so that hashes of
two organisations can't be compared; and each kind of text is bound by its name.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from gateway.vault.format import KEY_SIZE, Kind, bind, derive, join

HASH_SIZE = 16  # octets: a chance of 2^-64 for any two among four billion


class HistoryKey:
    """Implements `Pseudonyms`. Raises ValueError when `key` is not 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a history key has 32 bytes")
        self._of = lru_cache(maxsize=1024)(lambda organisation: derive(key, bind(Kind.HISTORY, organisation)))

    def hash(self, organisation: str, kind: str, text: str) -> bytes:
        """The beginning of an HMAC-SHA256."""
        fields = join(kind.encode(), text.encode("utf-8", "surrogatepass"))
        return hmac.digest(self._of(organisation), fields, hashlib.sha256)[:HASH_SIZE]
