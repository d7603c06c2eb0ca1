"""X-Zegel-Transport, the loop guard: shows that this installation already handled this message for these recipients.

A token is `v2.` and the hex of an HMAC-SHA256 over the SHA-256 of the body, that of the header block, and the sorted,
lower-cased recipients. Of the header block those fields are left out that servers add on the way and the rules do not read; the
others count without their order and folding. So a copied token is worth nothing on another body, under another subject or
Content-Type (which would make another message of the same body), or for another recipient.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from gateway.core.header_edit import body_start, fields
from gateway.vault.format import KEY_SIZE, Kind, bind

_PREFIX = "v2."
_ADDED_ON_THE_WAY = re.compile(
    r"received|return-path|delivered-to|x-zegel-transport|dkim-.*|arc-.*|authentication-results|x-ms-.*|x-spam-.*|x-google-.*"
)


class HmacTransportGuard:
    """Implements `TransportGuard`. Raises ValueError when `key` is not 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a transport key has 32 bytes")
        self._key = key

    def token(self, raw: bytes, rcpt_tos: Sequence[str]) -> str:
        recipients = sorted({address.strip().lower() for address in rcpt_tos})
        start = body_start(raw)
        body = hashlib.sha256(memoryview(raw)[start:]).digest()
        bound = bind(Kind.TRANSPORT, body, hashlib.sha256(_header(raw[:start])).digest(), *recipients)
        return _PREFIX + hmac.new(self._key, bound, hashlib.sha256).hexdigest()

    def valid(self, token: str, raw: bytes, rcpt_tos: Sequence[str]) -> bool:
        """Constant-time; False for anything that is no token."""
        return hmac.compare_digest(self.token(raw, rcpt_tos).encode(), token.strip().encode(errors="replace"))


def _header(block: bytes) -> bytes:
    """The fields that count: `name:value` lines, sorted; each run of blanks is one space, since folding changes."""
    kept = (item for item in fields(block) if not _ADDED_ON_THE_WAY.fullmatch(item.name))
    return b"\n".join(sorted(item.name.encode() + b":" + b" ".join(item.value.split()) for item in kept))
