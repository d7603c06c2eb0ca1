"""What the pages need of the rest: services, keys and settings, in one frozen dataclass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.core.cases import Titles
from gateway.core.organisation import Organisations
from gateway.core.ports import Clock, ServerKey
from gateway.service.accounts import Accounts
from gateway.service.answer import Answers
from gateway.service.api_tokens import ApiTokens
from gateway.service.case_desk import CaseDesk
from gateway.service.live_check import LiveCheck
from gateway.service.login_desk import LoginDesk
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
class ApiSettings:
    """`origins` are pages of other sites that may ask; `message_bytes` and `recipients` are what the SMTP role takes;
    `memory_bytes` is what all drafts together may take."""

    origins: tuple[str, ...] = ()
    message_bytes: int = 50 * 1024 * 1024
    recipients: int = 1000
    memory_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PortalDeps:
    pickup: Pickup
    answers: Answers
    manage: Manage
    cases: CaseDesk
    accounts: Accounts
    login: LoginDesk
    owners: Owners
    organisations: Organisations
    server_key: ServerKey
    parse_code: Callable[[str], bytes | None]  # Vault.parse_code
    clock: Clock
    settings: PageSettings
    api_tokens: ApiTokens
    live_check: LiveCheck
    titles: Callable[[], Mapping[str, Titles]]  # of the rules, by their ids
    api: ApiSettings = ApiSettings()
