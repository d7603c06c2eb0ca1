"""A parsed message: decoded headers, bodies and attachments (RFC 5322, 2045-2049, 2231)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Disposition(Enum):
    TEXT = "text"  # the plain body
    HTML = "html"  # the HTML body
    INLINE = "inline"  # shown inside the HTML body, by Content-ID
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the message. `content` is decoded from its transfer encoding; TEXT and HTML are UTF-8.

    `number` starts at 1 and is the part's name in the vault. `name` is a cleaned file name (no paths, no controls).
    """

    number: int
    disposition: Disposition
    content_type: str
    name: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a reader would see. Header values are decoded (RFC 2047) and unfolded; addresses are bare `local@domain`."""

    headers: tuple[tuple[str, str], ...]
    subject: str
    from_: tuple[tuple[str, str], ...]  # (display name, address)
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    date: str
    message_id: str
    references: str
    parts: tuple[Part, ...]
    auto_submitted: bool = False

    def header(self, name: str) -> str:
        """The first header of that name, case-insensitive; empty when absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")
