"""Delivery status notifications (RFC 3464): a sentence for people, fields for machines, the headers of the original.

The rule: composed from facts only, sent from `<>`, never with content of the original, never about mail from `<>` or
automatic mail (RFC 3834). Every header is written by `email.message`, so that nothing in a fact can become a header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from email.utils import format_datetime
from enum import Enum

from gateway.core.mailbox import mailbox, one_line, policy_for
from gateway.core.original import Original


class DsnAction(Enum):
    FAILED = "failed"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """`status` is RFC 3463; `reply` the next server's last words, empty when there were none; `remote` its name."""

    address: str
    status: str
    reply: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True)
class Dsn:
    """The facts of one notification. `explain` is the whole text for people and `subject` its subject, in the
    reader's `language`; `retry_until` is told when it is delayed."""

    action: DsnAction
    to: str
    recipients: tuple[FailedRecipient, ...]
    original: Original
    language: str
    subject: str
    explain: str
    reporting_mta: str
    organisation_name: str
    organisation_domain: str
    arrived_at: datetime
    now: datetime
    message_id: str  # the local part of the new Message-ID
    retry_until: datetime | None = None


def wanted(mail_from: str, original: Original) -> bool:
    """Whether anybody may be told: not `<>`, and not automatic mail."""
    return bool(mail_from) and not original.automatic


def compose(dsn: Dsn) -> bytes:
    """The finished multipart/report, with CRLF. 8-bit original headers are returned as UTF-8 text, wrongs replaced."""
    report = EmailMessage(policy=policy_for(dsn.to, dsn.organisation_domain))
    report["From"] = mailbox(dsn.organisation_name, f"postmaster@{dsn.organisation_domain}")
    report["To"] = mailbox("", dsn.to)
    report["Subject"] = one_line(dsn.subject)
    report["Date"] = format_datetime(dsn.now)
    report["Message-ID"] = f"<{dsn.message_id}@{dsn.organisation_domain}>"
    report["Auto-Submitted"] = "auto-replied"
    report["Content-Language"] = dsn.language
    report["MIME-Version"] = "1.0"
    report["Content-Type"] = f'multipart/report; report-type="delivery-status"; boundary="={dsn.message_id}="'
    report.attach(_words(dsn))
    report.attach(_fields(dsn))
    report.attach(_returned(dsn.original))
    return report.as_bytes()


_POLICY = policy_for()


def _words(dsn: Dsn) -> EmailMessage:
    part = EmailMessage(policy=_POLICY)
    part.set_content(dsn.explain, cte="quoted-printable")
    del part["MIME-Version"]
    return part


def _fields(dsn: Dsn) -> EmailMessage:
    """message/delivery-status: a block for the message, then one for each recipient (RFC 3464 section 2.1)."""
    message = EmailMessage(policy=_POLICY)
    message["Reporting-MTA"] = f"dns; {one_line(dsn.reporting_mta)}"
    message["Arrival-Date"] = format_datetime(dsn.arrived_at)
    blocks: list[Message | str] = [message]
    for recipient in dsn.recipients:
        block = EmailMessage(policy=_POLICY)
        block["Final-Recipient"] = _typed_address(recipient.address)
        block["Action"] = dsn.action.value
        block["Status"] = recipient.status if re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", recipient.status) else "5.0.0"
        if recipient.remote:
            block["Remote-MTA"] = f"dns; {_ascii(recipient.remote)}"
        if recipient.reply:
            block["Diagnostic-Code"] = f"smtp; {_ascii(recipient.reply)}"
        block["Last-Attempt-Date"] = format_datetime(dsn.now)
        if dsn.retry_until is not None:
            block["Will-Retry-Until"] = format_datetime(dsn.retry_until)
        blocks.append(block)
    part = EmailMessage(policy=_POLICY)
    part["Content-Type"] = "message/delivery-status"
    part.set_payload(blocks)
    return part


def _returned(original: Original) -> EmailMessage:
    """text/rfc822-headers (RFC 6522 section 4)."""
    part = EmailMessage(policy=_POLICY)
    text = original.headers.decode("utf-8", "replace").replace("\r\n", "\n")
    part.set_content(text, subtype="rfc822-headers", cte="7bit" if text.isascii() and _short(text) else "base64")
    del part["MIME-Version"]
    return part


def _short(text: str) -> bool:
    return all(len(line) < 900 for line in text.split("\n"))


def _typed_address(address: str) -> str:
    """RFC 3464 section 2.3.2, and `utf-8;` of RFC 6533 with its \\x{} encoding for what is not ASCII."""
    address = one_line(address)
    if address.isascii():
        return f"rfc822; {address}"
    return "utf-8; " + "".join(c if " " < c < "\x7f" and c not in "\\+=" else f"\\x{{{ord(c):X}}}" for c in address)


def _ascii(text: str) -> str:
    return one_line(text).encode("ascii", "replace").decode()
