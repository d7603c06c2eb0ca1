"""The SMTP envelope of one message and the facts of the session that brought it (RFC 5321 section 2.3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """Who handed the message over, and how.

    `peer` is the client's IP address (after XFORWARD, when a trusted proxy gave one); `account` is the authenticated
    account's id, None without AUTH; `trusted` says that the client is in a trusted network.
    """

    peer: str
    helo: str
    tls: bool
    account: str | None = None
    trusted: bool = False
    proxied: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """One MAIL FROM with its RCPT TO's. Addresses are as given, without angle brackets; `mail_from` may be empty."""

    organisation: str
    mail_from: str
    rcpt_tos: tuple[str, ...]
    session: Session
    smtputf8: bool = False


def spellings(address: str) -> tuple[str, ...]:
    """The address as given, and as it reads without needless quotes and with an ASCII domain (RFC 5321 section 4.1.2, RFC
    5891): other spellings of the same mailbox, the given one first.
    """
    local, at, domain = address.rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    domain = domain.lower()
    found = [address, f"{local}{at}{domain}"]
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        found += [f"{local}{at}{ascii_domain}", f"{local}{at}{ascii_domain.encode('ascii').decode('idna')}"]
    except UnicodeError:
        pass  # no name that DNS knows
    return tuple(dict.fromkeys(found))


def domain_of(address: str) -> str:
    """The domain of an address, lower-case; empty for `<>` and for an address without a domain."""
    return address.rpartition("@")[2].lower() if "@" in address else ""
