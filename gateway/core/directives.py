"""What the sender asked for in an ordinary mail client: subject tags, headers, plus-addresses.

The tags themselves are read in `gateway.core.subject_tags`; this file joins all wishes of one message. Rules: wishes of
authenticated or trusted submitters only are read, everybody's are stripped; a wish that can't be understood becomes a
mistake, never a silent drop; no sentence repeats a number or a password. `Sensitivity` and
`Disposition-Notification-To` are read but stay, since the reader's own client acts on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum

from gateway.core import wishes
from gateway.core.encoded_words import decode_words
from gateway.core.envelope import Envelope
from gateway.core.header_edit import Field, edit, write_field
from gateway.core.header_edit import header_values as header_values
from gateway.core.message import Message
from gateway.core.subject_tags import SEAL, Tag, holds_secret, split_tags


class VerificationKind(IntEnum):
    """How a recipient proves who they are; a higher value is stricter."""

    NONE = 0  # the message code only
    PASSWORD = 1  # agreed beforehand
    SMS = 2
    ACCOUNT = 3  # reserved: the recipient's own account


@dataclass(frozen=True, slots=True)
class Verification:
    """One recipient's verification. `phone` is E.164; `password` never shows in repr."""

    kind: VerificationKind
    phone: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    hint: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Directives:
    """The sender's wishes. `verification` holds for every recipient without an own entry in `per_recipient`.

    `mistakes` are directives that could not be understood, in words for the sender: they refuse the message (5.7.1)
    rather than being dropped silently.
    """

    seal: bool = False
    plain: bool = False
    verification: Verification | None = None
    per_recipient: Mapping[str, Verification] = field(default_factory=dict)
    least: VerificationKind | None = None
    expires: timedelta | None = None
    receipt: bool = False
    mistakes: tuple[str, ...] = ()


# -- addresses and subjects


_PLUS = re.compile(rf"(.+)\+(?:{'|'.join(SEAL)})(@[^@]*)?", re.IGNORECASE)


def strip_plus(address: str) -> tuple[str, bool]:
    """The address without `+veilig` (or another word for sealing) before its @, and whether it had one."""
    found = _PLUS.fullmatch(address)
    return (found[1] + (found[2] or ""), True) if found else (address, False)


def clean_subject(text: str) -> str:
    """The decoded subject without tags."""
    return split_tags(text)[0]


# -- stripping

# Outlook copies the subject into Thread-Topic, with whatever password stands in it.
_SUBJECTS = {"subject": "Subject", "thread-topic": "Thread-Topic"}
_OURS = frozenset(
    {
        "x-zegel",
        "x-smenc",
        "zivver-access-right",
        "zivver-message-expiration",
        "zivver-minimum-recipient-verification",
    }
)


def strip_headers(raw: bytes) -> bytes:
    """The message without directive headers and subject tags. The body and all other fields stay octet for octet; a
    subject is written anew only when a tag was in it.
    """
    return edit(raw, _stripped)


def _stripped(item: Field) -> bytes | None:
    if item.name in _OURS or item.name.startswith("x-zegel-"):
        return None
    if item.name not in _SUBJECTS:
        return item.raw
    cleaned, tags = split_tags(decode_words(item.value))
    if not tags:
        return item.raw
    return write_field(_SUBJECTS[item.name], "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in cleaned))


# -- reading


def read(message: Message, envelope: Envelope, language: str = "en") -> Directives:
    """The wishes of one message; none when the submitter is neither authenticated nor trusted. `language` ('nl' or 'en')
    is that of the mistakes.
    """
    if envelope.session.account is None and not envelope.session.trusted:
        return Directives()
    reading = _Reading()
    for name, value in message.headers:
        reader = _HEADERS.get(name.lower())
        if reader is not None:
            reader(reading, value.strip())
    reading.tags(message.subject)
    reading.seal |= any(strip_plus(address)[1] for address in envelope.rcpt_tos)
    return Directives(
        seal=reading.seal,
        plain=reading.plain and not reading.seal,
        verification=reading.verification,
        per_recipient=reading.per_recipient,
        least=reading.least,
        expires=reading.expires,
        receipt=reading.receipt,
        mistakes=tuple(wishes.sentence(key, language) for key in dict.fromkeys(reading.mistakes)),
    )


@dataclass(slots=True)
class _Reading:
    """Wishes as they are met. `mistakes` are keys of `wishes.SENTENCES`."""

    seal: bool = False
    plain: bool = False
    verification: Verification | None = None
    per_recipient: dict[str, Verification] = field(default_factory=dict)
    least: VerificationKind | None = None
    expires: timedelta | None = None
    receipt: bool = False
    mistakes: list[str] = field(default_factory=list)

    def tags(self, subject: str) -> None:
        cleaned, tags = split_tags(subject)
        for tag in tags:
            self.tag(tag)
        if holds_secret(cleaned):
            self.mistakes.append("secret")

    def tag(self, tag: Tag) -> None:
        if tag.wish == "seal":
            self.seal = True
        elif tag.wish == "plain":
            self.plain = True
        elif tag.wish == "expires":
            self.expire(tag.value)
        else:
            self.verify("", tag.wish, tag.value)

    def zegel(self, value: str) -> None:
        word = value.lower()
        self.seal |= word == "seal"
        self.plain |= word == "plain"
        if word not in ("seal", "plain"):
            self.mistakes.append("zegel")

    def sensitivity(self, value: str) -> None:
        self.seal |= value.lower() in ("company-confidential", "private")

    def smenc(self, value: str) -> None:
        self.seal |= value.lower() in ("yes", "true", "1")

    def mdn(self, value: str) -> None:
        self.receipt |= bool(value)

    def expire(self, value: str) -> None:
        """`delete P30D` is how zivver writes it."""
        found = wishes.span(re.sub(r"\Adelete\s+", "", value, flags=re.IGNORECASE))
        if found is None:
            self.mistakes.append("expires")
        else:
            self.expires = found if self.expires is None else min(found, self.expires)

    def minimum(self, value: str) -> None:
        kind = _LEAST.get(value.lower())
        if kind is None:
            self.mistakes.append("least")
        else:
            self.least = kind if self.least is None else max(kind, self.least)

    def access(self, value: str) -> None:
        """`<rcpt> sms +316...`, `<rcpt> password SECRET`, `<rcpt> none`; without an address it holds for everybody."""
        words = value.split(None, 1)
        address = ""
        if words and "@" in words[0]:
            address = strip_plus(words[0].strip("<>").lower())[0]
            words = words[1].split(None, 1) if len(words) > 1 else []
        if not words:
            self.mistakes.append("verify")
        else:
            self.verify(address, words[0].lower(), words[1].strip() if len(words) > 1 else "")

    def verify(self, address: str, kind: str, value: str) -> None:
        """Without a number or password the message waits until the sender has added it."""
        if kind == "sms":
            number = wishes.phone(value) if value else ""
            wish = Verification(VerificationKind.SMS, phone=number)
            wrong = "" if number or not value else "phone"
        elif kind in ("password", "wachtwoord"):
            wish = Verification(VerificationKind.PASSWORD, password=value)
            wrong = ""
        else:
            wish = Verification(VerificationKind.NONE)
            wrong = "" if kind == "none" else "verify"
        if wrong:
            self.mistakes.append(wrong)
        else:
            self.keep(address, wish)

    def keep(self, address: str, wish: Verification) -> None:
        known = self.per_recipient.get(address) if address else self.verification
        if known is not None and known != wish:
            self.mistakes.append("twice")
        elif address:
            self.per_recipient[address] = wish
        else:
            self.verification = wish


_LEAST = {
    "none": VerificationKind.NONE,
    "email": VerificationKind.NONE,
    "password": VerificationKind.PASSWORD,
    "wachtwoord": VerificationKind.PASSWORD,
    "access-code": VerificationKind.PASSWORD,
    "accesscode": VerificationKind.PASSWORD,
    "sms": VerificationKind.SMS,
}
_HEADERS: dict[str, Callable[[_Reading, str], None]] = {
    "x-zegel": _Reading.zegel,
    "x-zegel-verify": _Reading.access,
    "x-zegel-expires": _Reading.expire,
    "zivver-access-right": _Reading.access,
    "zivver-message-expiration": _Reading.expire,
    "zivver-minimum-recipient-verification": _Reading.minimum,
    "sensitivity": _Reading.sensitivity,
    "x-smenc": _Reading.smenc,
    "disposition-notification-to": _Reading.mdn,
}
