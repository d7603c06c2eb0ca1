"""What the pages need of the rest: services, keys and settings, in one frozen dataclass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.core.organisation import Organisations
from gateway.core.ports import Clock, ServerKey
from gateway.service.accounts import Accounts
from gateway.service.answer import Answers
from gateway.service.manage import Manage
from gateway.service.owners import Owners
from gateway.service.pickup import Pickup


@dataclass(frozen=True, slots=True)
class PageSettings:
    """`https` says that people reach the pages over TLS; `world` is the demo's folder, used only when `demo` is set."""

    https: bool
    demo: bool = False
    world: Path = Path("world")
    timezone: str = "Europe/Amsterdam"


@dataclass(frozen=True, slots=True)
class PortalDeps:
    pickup: Pickup
    answers: Answers
    manage: Manage
    accounts: Accounts
    owners: Owners
    organisations: Organisations
    server_key: ServerKey
    parse_code: Callable[[str], bytes | None]  # Vault.parse_code
    clock: Clock
    settings: PageSettings
