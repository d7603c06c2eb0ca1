"""The SMTP envelope of one message and the facts of the session that brought it (RFC 5321 section 2.3.1)."""

from __future__ import annotations

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


def domain_of(address: str) -> str:
    """The domain of an address, lower-case; empty for `<>` and for an address without a domain."""
    return address.rpartition("@")[2].lower() if "@" in address else ""
