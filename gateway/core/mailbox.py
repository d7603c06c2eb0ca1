"""Names and addresses as they are written into headers: one line, structured, nothing of it can become another header."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy

# Controls, line separators, and the marks that turn the direction of text (a name must not read as another one).
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")

# A name, also beyond ASCII, or a literal; the library's parser recurses into anything stranger until Python gives up.
_DOMAIN = re.compile(r"[^\s()<>@,;:\\\"\[\]]{1,255}|\[[0-9A-Za-z.:]{1,60}\]")


def one_line(text: str, longest: int = 1000) -> str:
    """The text without controls, on one line."""
    return _UNWANTED.sub(" ", text).strip()[:longest]


def mailbox(name: str, address: str) -> Address:
    """`"Name" <local@domain>`; the library quotes and encodes. A quoted local part is unquoted first; a domain that is none
    becomes `invalid` (RFC 2606), so that the mail is still written. Never raises."""
    local, _, domain = one_line(address).rpartition("@")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    domain = domain if _DOMAIN.fullmatch(domain) else "invalid"
    return Address(display_name=one_line(name, 200), username=local, domain=domain)


def policy_for(*addresses: str) -> EmailPolicy[EmailMessage]:
    """How to write a mail: 7-bit throughout, but in UTF-8 (RFC 6532) when an address can't be written otherwise."""
    return SMTP.clone(cte_type="7bit", max_line_length=78, utf8=not all(a.isascii() for a in addresses))
