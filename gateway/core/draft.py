"""A draft: a message as its writer's mail client has it, and the same message as that client would send it.

Terms: a *file* is an attachment of a draft, or an image inside its HTML: policies see no difference. The rule: every header is
written by the library or by `header_edit`, so that nothing in a draft becomes a header of its own; bodies and files travel as
base64, octet for octet.
"""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

from gateway.core.header_edit import add_headers
from gateway.core.mailbox import mailbox, one_line, policy_for

LONGEST_SUBJECT = 2000  # characters; RFC 5322 allows 998 on a line, folded subjects may be longer
LONGEST_VALUE = 2000  # characters of a header that the client adds
BASE64_LINE = 76  # RFC 2045 section 6.8
BLOCK = 57 * 1024  # octets that are encoded at a time: whole lines
OCTETS = "application/octet-stream"

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,76}")
# What `compose` writes itself, what servers on the way write, and what is nobody's to write.
_NOT_THE_CLIENTS = re.compile(
    r"from|sender|to|cc|bcc|subject|date|message-id|mime-version|content-.*|resent-.*|received|return-path|x-zegel-transport",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # and what Python takes for an end of line
_TYPE = re.compile(r"[A-Za-z0-9!#$&.+^_-]{1,127}/[A-Za-z0-9!#$&.+^_-]{1,127}")
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]"
_LABEL = r"[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\-\u0080-\U0010ffff]{0,62})"
_ADDRESS = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*@{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class DraftFile:
    name: str = field(repr=False)
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """`text` and `html` are None when the client has no such body. `headers` are what the client will add: (name, value).
    `names` are display names: (address, name)."""

    sender: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = field(default="", repr=False)
    text: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    files: tuple[DraftFile, ...] = ()
    names: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Of the envelope: everybody once, in the order of the fields."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))


def is_address(text: str) -> bool:
    """Whether it is a bare `local@domain` that our SMTP role would take."""
    if not text.isprintable() or not _ADDRESS.fullmatch(text):
        return False
    local, _, domain = text.rpartition("@")
    return len(local.encode()) <= 64 and len(domain.encode()) <= 255


def is_client_header(name: str, value: str) -> bool:
    """Whether a client may add this header to a draft."""
    named = _HEADER.fullmatch(name) is not None and _NOT_THE_CLIENTS.fullmatch(name) is None
    return named and len(value) <= LONGEST_VALUE and _CONTROL.search(value.replace("\t", " ")) is None


def subject_line(subject: str) -> str:
    """The subject as it stands in the header, character for character: a control character becomes a space."""
    return _CONTROL.sub(" ", _encodable(subject))


def text_lines(text: str) -> str:
    """A body as it stands in the message: lines end with CRLF, the last one too."""
    return "".join(f"{line}\r\n" for line in _LINE_END.split(_encodable(text)))


class Places:
    """Turns places in `text_lines(text)` into places in `text`."""

    def __init__(self, text: str) -> None:
        breaks = [found.end() for found in _LINE_END.finditer(text) if len(found[0]) == 1]
        self._grown = [end + count for count, end in enumerate(breaks, 1)]  # behind each break that became longer

    def original(self, place: int) -> int:
        return place - bisect_right(self._grown, place)


def compose(draft: Draft, boundary: str) -> bytes:
    """The message. `boundary` must not stand in any content: random and fresh. Raises ValueError for a header that is none."""
    message = EmailMessage(policy=policy_for(draft.sender, *draft.to, *draft.cc))
    names = dict(draft.names)
    message["From"] = mailbox(names.get(draft.sender, ""), draft.sender)
    for name, addresses in (("To", draft.to), ("Cc", draft.cc)):
        if addresses:
            message[name] = [mailbox(names.get(address, ""), address) for address in addresses]
    if draft.text is not None or draft.html is None:
        message.set_content(text_lines(draft.text or ""), cte="base64")
        if draft.html is not None:
            message.add_alternative(text_lines(draft.html), subtype="html", cte="base64")
    else:
        message.set_content(text_lines(draft.html), subtype="html", cte="base64")
    if draft.files:
        message.make_mixed(boundary)
    raw = add_headers(message.as_bytes(), ("Subject", subject_line(draft.subject)), *draft.headers)
    return _with_files(raw, draft.files, boundary) if draft.files else raw


def _with_files(raw: bytes, files: tuple[DraftFile, ...], boundary: str) -> bytes:
    """Puts the files before the closing delimiter. The library would take ten times as long to write them, and more memory."""
    opening, closing = f"--{boundary}\r\n".encode(), f"--{boundary}--\r\n".encode()
    pieces = [raw.removesuffix(closing)]
    for file in files:
        pieces += [opening, *_file(file), b"\r\n"]
    return b"".join([*pieces, closing])


def _file(file: DraftFile) -> Iterator[bytes]:
    """Header block and body of a part, in pieces. A mail in a mail may not be encoded (RFC 2046 section 5.2.1)."""
    kind = file.content_type.lower()
    if not _TYPE.fullmatch(kind) or kind.startswith("multipart/"):
        kind = OCTETS
    main, _, sub = kind.partition("/")
    part = MIMEPart(policy=SMTP)
    part.set_content(
        b"",
        main,
        sub,
        cte="8bit" if main == "message" else "base64",
        disposition="attachment",
        filename=one_line(file.name, 255) or None,
    )
    yield part.as_bytes()
    if main == "message":
        yield re.sub(rb"\r\n|\r|\n", b"\r\n", file.content)
        return
    for start in range(0, len(file.content), BLOCK):
        encoded = binascii.b2a_base64(memoryview(file.content)[start : start + BLOCK], newline=False)
        lines = (encoded[at : at + BASE64_LINE] for at in range(0, len(encoded), BASE64_LINE))
        yield b"\r\n".join(lines) + b"\r\n"


def _encodable(text: str) -> str:
    """Without lone surrogates, which no charset can carry; each becomes a question mark."""
    return text.encode("utf-8", "replace").decode()
