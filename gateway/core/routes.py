"""Which way a recipient's mail goes: the route of its domain, else the default one. Servers are looked up later.

Terms: a *route* names a next server or "the recipient's MX"; a *parcel* is what one SMTP transaction can carry: recipients
with the same next server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from gateway.core.envelope import domain_of

# RFC 5321 section 4.5.3.1.8: a server takes at least 100 recipients.
RECIPIENTS_PER_PARCEL = 100


class Protocol(Enum):
    SMTP = "smtp"
    LMTP = "lmtp"  # RFC 2033
    MX = "mx"  # SMTP to the servers that the recipient's domain names


class TlsDemand(Enum):
    """REQUIRED verifies the certificate and never falls back; OPPORTUNISTIC encrypts where it can, without a check."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Route:
    """`host` and `port` are empty for MX. `implicit_tls` speaks TLS from the first byte (port 465)."""

    protocol: Protocol
    host: str = ""
    port: int = 0
    tls: TlsDemand = TlsDemand.OPPORTUNISTIC
    username: str = ""
    password: str = field(default="", repr=False)
    implicit_tls: bool = False

    @classmethod
    def parse(cls, to: str, tls: TlsDemand, username: str = "", password: str = "") -> Route:
        """From `mx`, `smtp://host:port`, `smtps://host:port` or `lmtp://host:port`. Raises ValueError."""
        if to == "mx":
            return cls(Protocol.MX, tls=tls)
        match = re.fullmatch(r"(smtp|smtps|lmtp)://(?:\[([^\]]+)\]|([^:/\[\]\s]+)):(\d{1,5})", to)
        if match is None or not 0 < int(match[4]) < 65536:
            raise ValueError(f'"{to}" is not a server like "smtp://host:25" or "lmtp://host:24", or "mx"')
        return cls(
            protocol=Protocol.LMTP if match[1] == "lmtp" else Protocol.SMTP,
            host=match[2] or match[3],
            port=int(match[4]),
            tls=tls,
            username=username,
            password=password,
            implicit_tls=match[1] == "smtps",
        )


@dataclass(frozen=True, slots=True)
class Parcel:
    """Recipients that one transaction carries. `destination` names the next server for limits and logs."""

    route: Route
    destination: str
    rcpt_tos: tuple[str, ...]


class Routes:
    """The routes of an installation: by domain, and the default."""

    def __init__(self, default: Route, by_domain: Iterable[tuple[str, Route]] = ()) -> None:
        self._default = default
        self._by_domain = {domain.lower(): route for domain, route in by_domain}

    def choose(self, rcpt_to: str) -> Route:
        """The route of one recipient."""
        return self._by_domain.get(domain_of(rcpt_to), self._default)

    def parcels(self, rcpt_tos: Sequence[str]) -> list[Parcel]:
        """The recipients, grouped by next server; each group at most `RECIPIENTS_PER_PARCEL`."""
        groups: dict[tuple[Route, str], list[str]] = {}
        for rcpt_to in rcpt_tos:
            route = self.choose(rcpt_to)
            groups.setdefault((route, destination(route, rcpt_to)), []).append(rcpt_to)
        return [
            Parcel(route, name, tuple(members[start : start + RECIPIENTS_PER_PARCEL]))
            for (route, name), members in groups.items()
            for start in range(0, len(members), RECIPIENTS_PER_PARCEL)
        ]


def destination(route: Route, rcpt_to: str) -> str:
    """The name of the next server: `host:port`, or the recipient's domain for MX."""
    return domain_of(rcpt_to) if route.protocol is Protocol.MX else f"{route.host}:{route.port}"
