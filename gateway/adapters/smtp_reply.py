"""SMTP replies: a code, an RFC 3463 enhanced status and a text, safely written.

The rule: whatever the text holds, what goes out is well-formed: no line breaks from inside, lines of at most 512 octets,
ASCII unless the client speaks SMTPUTF8.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass

from gateway.core.errors import Refused, Unavailable, ZegelError

WIDTH = 400  # characters of text a line; at most 512 octets go out (RFC 5321 section 4.5.3.1.5) for ASCII


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` is empty where RFC 2034 has none: greeting, EHLO, 334 and 354."""

    code: int
    status: str
    text: str

    def encode(self, *, utf8: bool = False) -> bytes:
        """The lines on the wire."""
        text = self.text if utf8 else to_ascii(self.text)
        width = WIDTH // 4 if utf8 else WIDTH
        lines = textwrap.wrap(one_line(text), width, break_on_hyphens=False) or [""]
        status = f"{self.status} " if self.status else ""
        last = len(lines) - 1
        return "".join(
            f"{self.code}{' ' if number == last else '-'}{status}{line}\r\n" for number, line in enumerate(lines)
        ).encode()


class Refusal(Exception):
    """A command is refused with this reply. `close` ends the session after it."""

    def __init__(self, code: int, status: str, text: str, *, close: bool = False) -> None:
        super().__init__(f"{code} {status}")
        self.reply = Reply(code, status, text)
        self.close = close


def reply_to(error: ZegelError) -> Reply:
    """What a client reads about an error. Only what is meant for clients goes out permanently; a mistake of our own
    (configuration, a key that does not open) must not bounce their mail."""
    if isinstance(error, Refused | Unavailable):
        return Reply(error.code, error.status, error.public)
    return Reply(Unavailable.code, Unavailable.status, Unavailable.public)


def to_ascii(text: str) -> str:
    """Without accents; what has no ASCII letter becomes a question mark."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.encode("ascii", "replace").decode()


def one_line(text: str) -> str:
    """Line breaks and other control characters become spaces, several spaces one."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
