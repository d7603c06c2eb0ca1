"""What an operator decides about SMTP in: where to listen, whom to trust, how much is too much.

Times are seconds, sizes are octets. Networks and addresses are of the TCP peer, never of what a client says.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Literal

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
TlsMode = Literal["none", "starttls", "implicit"]


@dataclass(frozen=True, slots=True)
class Listener:
    """One place to listen. `bound`, an already bound socket (systemd, a supervisor), replaces host and port."""

    host: str
    port: int
    tls: TlsMode = "starttls"
    auth: bool = True
    bound: socket.socket | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """`data_seconds` is the longest pause inside DATA and the time allowed on top of what `data_rate` gives."""

    message_bytes: int = 50 * 1024 * 1024
    bytes_in_flight: int = 512 * 1024 * 1024  # all messages being read or accepted by this process
    line_bytes: int = 64 * 1024  # RFC 5321 asks for 1000; programs that write HTML on one line are common
    recipients: int = 1000
    hops: int = 30
    errors: int = 20
    commands: int = 20_000
    sessions: int = 1000
    sessions_per_address: int = 50  # trusted networks count towards `sessions` only
    hello_seconds: float = 60
    command_seconds: float = 300
    data_seconds: float = 180
    data_rate: int = 1024  # octets per second
    accept_seconds: float = 540  # clients wait ten minutes for the answer to DATA (RFC 5321 section 4.5.3.2.6)
    write_seconds: float = 60
    tls_seconds: float = 30
    logins_at_once: int = 4  # Argon2id costs memory and a core each
    login_failures_per_address: int = 20
    login_failures_per_account: int = 50
    login_window_seconds: float = 600


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """`postmaster` is where `RCPT TO:<postmaster>` without a domain goes (RFC 5321 section 4.5.1); empty refuses it."""

    hostname: str
    listeners: tuple[Listener, ...]
    tls: ssl.SSLContext | None = None
    trusted: tuple[Network, ...] = ()
    xforward: tuple[Network, ...] = ()
    limits: Limits = Limits()
    plaintext_auth_on_loopback: bool = False
    reuse_port: bool = False
    postmaster: str = ""

    def __post_init__(self) -> None:
        if self.tls is None and any(listener.tls != "none" for listener in self.listeners):
            raise ValueError("a listener with TLS needs a certificate")
        if self.limits.bytes_in_flight < self.limits.message_bytes:
            raise ValueError("bytes_in_flight must hold at least one message of message_bytes")


def server_context(cert_file: str | Path, key_file: str | Path) -> ssl.SSLContext:
    """A context for STARTTLS and implicit TLS, TLS 1.2 at least. Loading into it again serves a renewed certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(cert_file, key_file)
    return context


def address_of(text: str) -> Address | None:
    """An IP address as the kernel or XFORWARD gives it; IPv4 inside IPv6 counts as IPv4. None when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def within(address: Address | None, networks: tuple[Network, ...]) -> bool:
    """Whether the address is in one of the networks."""
    return address is not None and any(address in network for network in networks)


def neighbourhood(address: Address | None) -> str:
    """The unit that limits count: an IPv4 address, or the /64 that one IPv6 customer has at least."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)
