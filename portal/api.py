"""The API, version 1: what programs ask in the name of an account, by an API token. docs/api.md tells how.

The rule: a token is the only way in. Cookies never reach these routes (`portal.security` takes them away), so that no page of
another site can ask in somebody's name; pages of origins that are not named in the settings can't ask at all (CORS).
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import structlog
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from gateway.core.records import Scope
from gateway.service.api_tokens import BadToken, Caller
from portal.api_answer import answer
from portal.api_draft import Asked, read_draft
from portal.api_problems import ApiProblems, BusyToken
from portal.deps import PortalDeps
from portal.languages import LANGUAGES, accepted
from portal.memory_budget import COST, MemoryBudget
from portal.security import API
from portal.uploads import read_upload

log = structlog.get_logger()

DESCRIPTION = Path(__file__).parent / "openapi" / "v1.json"
AT_ONCE = 4  # requests of one token


class Api:
    def __init__(self, deps: PortalDeps) -> None:
        self.deps = deps
        self.memory = MemoryBudget(deps.api.memory_bytes)
        # One draft may take half of the budget, or a few large ones would keep everybody else out.
        self.most_bytes = min(deps.api.message_bytes, deps.api.memory_bytes // (2 * COST))
        self.description = DESCRIPTION.read_bytes()
        self._asking: Counter[str] = Counter()

    def mount(self) -> Mount:
        """All routes, with problems and CORS of their own."""
        middleware = [Middleware(ExceptionMiddleware, handlers=ApiProblems(self.deps.clock).handlers())]
        if self.deps.api.origins:
            cors = Middleware(
                CORSMiddleware,
                allow_origins=self.deps.api.origins,
                allow_methods=("GET", "POST"),
                allow_headers=("Authorization", "Content-Type", "Accept-Language"),
                expose_headers=("Retry-After",),
            )
            middleware.insert(0, cors)
        routes = [
            Route("/check", self.check, methods=["POST"]),
            Route("/openapi.json", self.openapi),
        ]
        return Mount(API, routes=routes, middleware=middleware, name="api")

    async def openapi(self, _request: Request) -> Response:
        return Response(self.description, media_type="application/json")

    async def check(self, request: Request) -> Response:
        caller = await self._caller(request, Scope.CHECK)
        with self._turn(caller), self.memory.lease() as lease:
            api = self.deps.api
            asked = read_draft(await read_upload(request, lease, self.most_bytes), api.recipients)
            language = asked.language or self._language(request, caller)
            peer = request.client.host if request.client else ""
            checked = await self.deps.live_check.check(caller.account, asked.draft, peer, language)
            _tell(caller, asked, checked.action.name.lower())
            body = answer(checked, asked, self.deps.titles(), language, api.message_bytes)
        # ASCII escapes carry what UTF-8 can't: half a surrogate pair in a name comes back as it was sent.
        return Response(json.dumps(body), media_type="application/json", headers={"Content-Language": language})

    async def _caller(self, request: Request, scope: Scope) -> Caller:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise BadToken
        return await self.deps.api_tokens.authenticate(text.strip(), scope)

    @contextlib.contextmanager
    def _turn(self, caller: Caller) -> Iterator[None]:
        identity = caller.token.id
        if self._asking[identity] >= AT_ONCE:
            raise BusyToken
        self._asking[identity] += 1
        try:
            yield
        finally:
            self._asking[identity] -= 1
            if not self._asking[identity]:
                del self._asking[identity]

    def _language(self, request: Request, caller: Caller) -> str:
        header = accepted(request.headers.get("accept-language", ""))
        own = caller.account.language
        return header or (own if own in LANGUAGES else "en")


def _tell(caller: Caller, asked: Asked, action: str) -> None:
    """For the log: who asked and what came of it, nothing of the draft."""
    log.info(
        "live_check",
        account=caller.account.id,
        token_id=caller.token.id,
        recipients=len(asked.draft.recipients),
        files=len(asked.draft.files),
        action=action,
    )
