"""X-Zegel-Transport, the loop guard: shows that this installation already handled this body for these recipients.

A token is `v1.` and the hex of an HMAC-SHA256 over the SHA-256 of the body and the sorted, lower-cased recipients. The header
block is left out, since the token is put there and each hop adds to it. A copied token is worth nothing on another body or
for another recipient.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from gateway.vault.format import KEY_SIZE, Kind, bind

_PREFIX = "v1."
_BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")


class HmacTransportGuard:
    """Implements `TransportGuard`. Raises ValueError when `key` is not 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a transport key has 32 bytes")
        self._key = key

    def token(self, raw: bytes, rcpt_tos: Sequence[str]) -> str:
        recipients = sorted({address.strip().lower() for address in rcpt_tos})
        bound = bind(Kind.TRANSPORT, hashlib.sha256(_body(raw)).digest(), *recipients)
        return _PREFIX + hmac.new(self._key, bound, hashlib.sha256).hexdigest()

    def valid(self, token: str, raw: bytes, rcpt_tos: Sequence[str]) -> bool:
        """Constant-time; False for anything that is no token."""
        return hmac.compare_digest(self.token(raw, rcpt_tos).encode(), token.strip().encode(errors="replace"))


def _body(raw: bytes) -> bytes:
    """All after the first blank line; nothing when there is none."""
    blank = _BLANK_LINE.search(raw)
    return raw[blank.end() :] if blank else b""
