"""What SMTP in looks at in a message's header block: how often it was received, and who it says wrote it.

The rule: an account's From must be its own in every reading that a mail client could take. So From is not parsed into what
one parser thinks of it: whatever looks like an address outside quotes and comments must be the account's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gateway.core.errors import LoopDetected, Malformed, NotAllowed

RECEIVED = re.compile(rb"^received[ \t]*:", re.IGNORECASE | re.MULTILINE)
FROM = re.compile(rb"^from[ \t]*:((?:[^\r\n]++|\r\n[ \t])*+)", re.IGNORECASE | re.MULTILINE)
FROM_BYTES = 4096  # also keeps the expressions below quick
NO_ADDRESS = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)')  # quoted strings and comments
BETWEEN = re.compile(r'[\s<>,;:()"]+')


def header_block(raw: bytes) -> bytes:
    """The header lines, without the empty line; the whole message when it has no body."""
    if raw.startswith(b"\r\n"):
        return b""
    end = raw.find(b"\r\n\r\n")
    return raw if end < 0 else raw[: end + 2]


def check_hops(block: bytes, limit: int) -> None:
    """Raises `LoopDetected` for a message that passed more than `limit` servers (RFC 5321 section 6.3)."""
    if sum(1 for _ in RECEIVED.finditer(block)) > limit:
        raise LoopDetected


def check_authors(block: bytes, own: Collection[str]) -> None:
    """Raises unless there is one From field and each address in it is one of `own` (lower-case)."""
    fields = FROM.findall(block)
    if len(fields) != 1 or len(fields[0]) > FROM_BYTES:
        raise Malformed("The message needs one From field")
    try:
        value = fields[0].decode()
    except UnicodeDecodeError:
        raise Malformed("The From field is not readable") from None
    words = BETWEEN.split(NO_ADDRESS.sub(" ", value))
    authors = [word.lower() for word in words if "@" in word.strip("@")]
    if not authors or any(author not in own for author in authors):
        raise NotAllowed("The From field must hold your own address")
