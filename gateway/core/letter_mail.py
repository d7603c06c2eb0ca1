"""A finished mail made of a rendered letter: multipart/alternative, the logo inline, no attachment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from gateway.core.mailbox import mailbox, one_line, policy_for
from gateway.core.ports import Letter

MESSAGE_ID = re.compile(r"<[!#-'*-;=?-~]{1,250}>")  # printable ASCII but blanks, quotes, parentheses and brackets
LOGO = "logo@zegel"  # the Content-ID that the letters' HTML names


@dataclass(frozen=True, slots=True)
class LetterMail:
    """`from_` is (display name, address). `automatic` marks mail that nobody should answer by machine (RFC 3834); a
    notification is not: an absence note of its recipient is of use to its sender."""

    letter: Letter
    from_: tuple[str, str]
    to: str
    language: str
    date: datetime
    message_id: str  # without angle brackets
    automatic: bool
    in_reply_to: str = ""


def compose(mail: LetterMail) -> bytes:
    """The message with CRLF, 7-bit (quoted-printable), so that any server carries it unchanged."""
    message = EmailMessage(policy=policy_for(mail.from_[1], mail.to))
    sender: Address = mailbox(*mail.from_)
    message["From"] = sender
    message["To"] = mailbox("", mail.to)
    message["Subject"] = one_line(mail.letter.subject, 250)
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = f"<{one_line(mail.message_id)}>"
    if MESSAGE_ID.fullmatch(mail.in_reply_to):
        message["In-Reply-To"] = mail.in_reply_to
        message["References"] = mail.in_reply_to
    if mail.automatic:
        message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.letter.text, cte="quoted-printable")
    message.add_alternative(mail.letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = mail.language  # after the content, which would take it away
    if mail.letter.logo:
        html = message.get_payload()[1]  # type: ignore[index]
        assert isinstance(html, EmailMessage)  # noqa: S101
        html.add_related(mail.letter.logo, "image", "png", cid=f"<{LOGO}>", disposition="inline")
    return message.as_bytes()
