"""Surgery on a message's header block, at the level of bytes (RFC 5322 section 2.2).

Terms: a *field* is a header line with its folded lines, line ends included. Rule: what is not asked for stays as it is,
octet for octet, and the body is never looked at; when nothing changes, the very same bytes object comes back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from gateway.core.encoded_words import decode_words
from gateway.core.envelope import Session

_BLOCK_END = re.compile(rb"(?:\A|\n)(\r?\n)")
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]+")
_UNSAFE = re.compile(r"[^A-Za-z0-9.:_-]")
LINE = 76


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is in lower case, empty for a line that is no header line; `raw` has its line ends."""

    name: str
    raw: bytes = field(repr=False)

    @property
    def value(self) -> bytes:
        """What stands behind the colon, unfolded and stripped; the whole line when it is no header line."""
        text = self.raw.partition(b":")[2] if self.name else self.raw
        return text.replace(b"\r", b"").replace(b"\n", b"").strip()


def body_start(raw: bytes | memoryview, start: int = 0, end: int | None = None) -> int:
    """Where the body begins, behind the empty line; the end when there is no empty line."""
    end = len(raw) if end is None else end
    # `\A` stands at the beginning of the slice, also for a part inside a message.
    found = _BLOCK_END.search(memoryview(raw)[start:end])
    return start + found.end() if found else end


def fields(block: bytes) -> Iterator[Field]:
    """The fields of a header block, up to its empty line."""
    lines: list[bytes] = []
    for line in _lines(block):
        if line in (b"\r\n", b"\n"):
            break
        if lines and line[:1] not in b" \t":
            yield _field(b"".join(lines))
            lines = []
        lines.append(line)
    if lines:
        yield _field(b"".join(lines))


def _lines(block: bytes) -> list[bytes]:
    """Lines by LF only: a bare CR does not end one."""
    *whole, tail = block.split(b"\n")
    return [line + b"\n" for line in whole] + ([tail] if tail else [])


def _field(raw: bytes) -> Field:
    named = _NAME.match(raw)
    return Field(named[1].decode("ascii").lower() if named else "", raw)


def header_values(raw: bytes, name: str) -> list[str]:
    """The values of all fields of that name, unfolded, not decoded."""
    wanted = name.lower()
    block = raw[: body_start(raw)]
    return [item.value.decode("utf-8", "replace") for item in fields(block) if item.name == wanted]


def edit(raw: bytes, change: Callable[[Field], bytes | None]) -> bytes:
    """The message with each field replaced by what `change` returns; None takes it away."""
    end = body_start(raw)
    block = raw[:end]
    old = list(fields(block))
    new = [change(item) for item in old]
    if all(after == before.raw for before, after in zip(old, new, strict=True)):
        return raw
    kept = sum(len(item.raw) for item in old)
    return b"".join([*(item for item in new if item is not None), block[kept:], memoryview(raw)[end:]])


def remove_headers(raw: bytes, names: Collection[str]) -> bytes:
    """The message without the fields of these names (any case)."""
    unwanted = {name.lower() for name in names}
    return edit(raw, lambda item: None if item.name in unwanted else item.raw)


def add_headers(raw: bytes, *pairs: tuple[str, str]) -> bytes:
    """The message with (name, value) fields on top, in that order. Raises ValueError for a name or value that is none."""
    return b"".join([*(write_field(name, value) for name, value in pairs), raw])


def prefix_subject(raw: bytes, prefix: str) -> bytes:
    """The message with `prefix` and a space before its subject, unless it stands there; adds a Subject if none."""

    def change(item: Field) -> bytes:
        if item.name != "subject":
            return item.raw
        subject = decode_words(item.value)
        return item.raw if subject.startswith(prefix) else write_field("Subject", f"{prefix} {subject}".strip())

    if any(item.name == "subject" for item in fields(raw[: body_start(raw)])):
        return edit(raw, change)
    return add_headers(raw, ("Subject", prefix))


def write_field(name: str, value: str) -> bytes:
    """One field with CRLF, folded; anything but printable ASCII becomes encoded words (RFC 2047)."""
    if not _FIELD_NAME.fullmatch(name):
        raise ValueError("not a header name")
    if any(ord(character) < 32 or ord(character) == 127 for character in value.replace("\t", " ")):
        raise ValueError("a header value holds a control character")
    if not value.isascii() or "=?" in value:
        text = value.encode("utf-8", "replace").decode()
        encoded = Header(text, "utf-8", maxlinelen=LINE, header_name=name).encode(linesep="\r\n")
        return f"{name}: {encoded}\r\n".encode("ascii")
    return _fold(f"{name}:", value)


def _fold(line: str, value: str) -> bytes:
    lines = []
    for word in value.split(" "):
        if len(line) + 1 + len(word) > LINE and not line.endswith(":") and line.strip() and word:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def received_line(*, session: Session, hostname: str, trace: str, smtputf8: bool, at: datetime) -> str:
    """The value of a Received field (RFC 5321 section 4.4; `with` by RFC 3848 and RFC 6531). The account stays out."""
    protocol = ("UTF8SMTP" if smtputf8 else "ESMTP") + "S" * session.tls + "A" * (session.account is not None)
    peer = f"IPv6:{session.peer}" if ":" in session.peer else session.peer
    helo = _UNSAFE.sub("?", session.helo)[:255] or "unknown"
    return (
        f"from {helo} ([{_UNSAFE.sub('?', peer)}]) by {hostname} (Zegel) with {protocol} id {trace}; "
        f"{format_datetime(at)}"
    )
