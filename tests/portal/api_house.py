"""The API over real tokens, rules and policies, with a scanner in this process; and a client with a token."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from gateway.core.organisation import Organisations
from gateway.core.records import Scope
from gateway.service.api_tokens import ApiTokens
from gateway.service.deciding import Deciding
from gateway.service.live_check import LiveCheck
from portal.deps import ApiSettings
from tests.portal.fakes import House
from tests.unit.service.lab import Lab
from tests.unit.service.test_accept import RULES
from tests.unit.service.test_live_check import ACCOUNT, BOUNDARY, ORGANISATION, POLICIES, FastScanner

URL = "http://localhost:8080"
CHECK = "/api/v1/check"
BSN = "Het BSN van de patient is 111222333."
DRAFT = {"from": "anna@example.nl", "to": ["jan@elders.example"], "subject": "Uitslag", "text": BSN}

Files = list[tuple[str, tuple[str | None, bytes, str]]]


@dataclass
class ApiHouse:
    """`token` is anna's."""

    settings: ApiSettings = field(default_factory=ApiSettings)
    scanner: FastScanner = field(default_factory=FastScanner)
    lab: Lab = field(default_factory=Lab)
    token: str = ""

    def __post_init__(self) -> None:
        self.tokens = ApiTokens(
            store=self.lab.store,
            organisations=Organisations((ORGANISATION,)),
            clock=self.lab.clock,
            new_id=self.lab.new_id,
            new_secret=lambda: self.lab.new_id().encode() * 2,
        )
        self.live = LiveCheck(
            organisations=Organisations((ORGANISATION,)),
            deciding=Deciding(
                policies=lambda: POLICIES, scanner=self.scanner, familiar=self.lab.familiar, clock=self.lab.clock
            ),
            new_boundary=lambda: BOUNDARY,
            at_once=2,
            seconds=20,
        )

    async def open(self) -> ApiHouse:
        async with self.lab.store.write() as tx:
            await tx.add_account(ACCOUNT, [])
        self.token = await self.new_token()
        return self

    async def new_token(self) -> str:
        _, text = await self.tokens.add(ACCOUNT.address, "test", (Scope.CHECK,), timedelta(days=1), "operator:x")
        return text

    def house(self) -> House:
        return House(
            api_tokens=self.tokens,
            live_check=self.live,
            api=self.settings,
            titles={rule.id: rule.titles for rule in RULES.rules},
            clock=self.lab.clock,
        )

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        """With anna's token, another, or none (empty)."""
        shown = self.token if token is None else token
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.house().app(), raise_app_exceptions=False),
            base_url=URL,
            headers={"Authorization": f"Bearer {shown}"} if shown else {},
        )


def form(document: Any, *files: tuple[str, str, bytes]) -> Files:
    """Parts of a form: the document, and attachments as (name, type, content)."""
    parts: Files = [("message", (None, json.dumps(document).encode(), "application/json"))]
    return parts + [("attachment", (name, content, kind)) for name, kind, content in files]
