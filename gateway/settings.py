"""The settings of one installation, as frozen types. `gateway.config` reads them; secrets hide in repr."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path

from gateway.core.organisation import Organisation
from gateway.core.routes import TlsDemand

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Tls(Enum):
    """How a listener speaks TLS."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    host: str
    port: int
    tls: Tls
    auth: bool


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Sizes in bytes, times in seconds."""

    message_bytes: int
    recipients: int
    sessions: int
    sessions_per_address: int
    idle_seconds: int
    errors: int
    received_hops: int
    in_flight_bytes: int


@dataclass(frozen=True, slots=True)
class SmtpIn:
    """The SMTP role. `trusted` networks may relay without AUTH; `xforward` hosts may tell the true client."""

    listeners: tuple[ListenerSettings, ...]
    trusted: tuple[Network, ...]
    xforward: tuple[Network, ...]
    limits: SmtpLimits
    certificate: Path | None
    key: Path | None
    plain_auth_on_loopback: bool


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """`ocr` asks for images to be read, where the libraries are installed."""

    workers: int
    seconds: int
    memory_bytes: int
    endpoint: str
    ocr: bool = True


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """`to` is `smtp://host:port`, `lmtp://host:port`, or `mx`; `domain` is empty for everything else."""

    domain: str
    to: str
    tls: TlsDemand
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """`proxies` are the reverse proxies whose X-Forwarded-For is believed; `api_origins` pages of other sites that may use the
    API, such as an add-in's; `api_memory_bytes` is what drafts may take together."""

    host: str
    port: int
    proxies: tuple[Network, ...]
    api_origins: tuple[str, ...] = ()
    api_memory_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SmsSettings:
    provider: str
    options: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """An organisation without its recovery key, which is read from `recovery_file`."""

    fields: Organisation
    recovery_file: Path


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """How long it is kept whom an organisation writes to (as hashes), and what was decided (without content)."""

    contacts: timedelta = timedelta(days=365)
    decisions: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything one installation is told. `demo` opens the demo's pages; it is never read from a file."""

    hostname: str
    data: Path
    keys: Path
    rules: tuple[Path, ...]
    policies: tuple[Path, ...]
    store_url: str = field(repr=False)
    blobs_url: str = field(repr=False)
    smtp: SmtpIn
    scan: ScanSettings
    routes: tuple[RouteSettings, ...]
    portal: PortalSettings
    sms: SmsSettings
    organisations: tuple[OrganisationSettings, ...]
    file: Path
    history: HistorySettings = HistorySettings()
    lists: tuple[Path, ...] = ()
    demo: bool = False

    @property
    def sockets(self) -> Path:
        """Where the roles' local sockets stand."""
        return self.data / "run"

    @property
    def world(self) -> Path:
        """The demo's outside world: what left the gateway, and the text messages."""
        return self.data / "world"
