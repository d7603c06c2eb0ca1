"""An answer as an ordinary mail to the sender: from the organisation's own domain, naming the one who answers.

The rule: the mail can't claim the answering person's domain (their DMARC would break it); Reply-To names them. Every header
is written by the library from one-line values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from gateway.core.mailbox import mailbox, one_line, policy_for
from gateway.core.message import Part


@dataclass(frozen=True, slots=True)
class AnswerMail:
    """`parts` are attachments; `references` and `in_reply_to` come from the original message."""

    from_: tuple[str, str]
    reply_to: str
    to: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    date: datetime
    message_id: str  # without angle brackets
    in_reply_to: str
    references: str


def answer_subject(subject: str) -> str:
    """`Re: ` in front, once."""
    cleaned = one_line(subject, 250)
    return cleaned if cleaned.lower().startswith("re:") else f"Re: {cleaned}".strip()


def compose(mail: AnswerMail) -> bytes:
    message = EmailMessage(policy=policy_for(mail.from_[1], mail.reply_to, mail.to))
    message["From"] = mailbox(*mail.from_)
    message["Reply-To"] = mailbox("", mail.reply_to)
    message["To"] = mailbox("", mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.date)
    message["Message-ID"] = f"<{one_line(mail.message_id)}>"
    if mail.in_reply_to:
        message["In-Reply-To"] = one_line(mail.in_reply_to)
        message["References"] = one_line(f"{mail.references} {mail.in_reply_to}")
    message.set_content(mail.text, cte="quoted-printable")
    for part in mail.parts:
        main, _, sub = part.content_type.partition("/")
        message.add_attachment(part.content, main, sub, filename=part.name)
    return message.as_bytes()
