"""What every answer and every POST must have: security headers, and proof that a form is ours.

A POST to a page is taken only from our own pages: the browser's Sec-Fetch-Site and Origin must agree, and the form must carry
a token that belongs to a random cookie. The API takes no cookies instead. The rule: the header check stands in one
middleware, so that no page can forget it; the token is checked by `portal.forms`, which is the only way to read a form.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.ports import ServerKey

log = structlog.get_logger()

Broken = Callable[[Request, Exception], Awaitable[Response]]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "X-Robots-Tag": "noindex, nofollow",
}
HSTS = "max-age=63072000; includeSubDomains"
API = "/api/v1"  # by token only: see `portal.api`
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,60}")


class Guard:
    """The outermost middleware: headers on all answers, foreign POSTs refused, one log line per request.

    `origins` are the addresses people see (an organisation's portal_url); the request's own Host counts too. The log tells
    path and status, never a query or a fragment.
    """

    def __init__(self, app: ASGIApp, *, https: bool, origins: frozenset[str], broken: Broken) -> None:
        self._app, self._https, self._broken = app, https, broken
        self._hosts = frozenset(urlsplit(origin).netloc.lower() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 0
        api = scope["path"].startswith(f"{API}/")
        if api:
            scope = _without_cookies(scope)

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add(MutableHeaders(scope=message))
            await send(message)

        try:
            if api or scope["method"] in SAFE_METHODS or self._ours(Headers(scope=scope)):
                await self._safely(scope, receive, guarded, lambda: status != 0)
            else:
                await PlainTextResponse("This form was sent from another site.", 403)(scope, receive, guarded)
        finally:
            took = round((time.monotonic() - started) * 1000)
            log.info("request", method=scope["method"], path=scope["path"], status=status, milliseconds=took)

    async def _safely(self, scope: Scope, receive: Receive, send: Send, begun: Callable[[], bool]) -> None:
        """An error nobody expected becomes a page here, so that it has the headers too."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if begun():
                raise
            response = await self._broken(Request(scope, receive), error)
            await response(scope, receive, send)

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._https:
            headers["Strict-Transport-Security"] = HSTS

    def _ours(self, headers: Headers) -> bool:
        """Whether a form comes from our own page, as far as the browser tells. Old browsers tell nothing: the token decides."""
        site = headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return False
        origin = headers.get("origin")
        # With `Referrer-Policy: no-referrer` browsers send the origin of a form as "null" (Fetch, section 3.2).
        if origin is None or origin == "null":
            return True
        host = urlsplit(origin).netloc.lower()
        return host == headers.get("host", "").lower() or host in self._hosts


def _without_cookies(scope: Scope) -> Scope:
    """For the API: where no cookie arrives, none can be believed, and no other site can ask in somebody's name."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name.lower() != b"cookie"]}


class FormTokens:
    """Tokens against forged forms: a keyed hash of a random cookie and the form's area."""

    def __init__(self, key: ServerKey, *, https: bool) -> None:
        self._key, self._https = key, https
        self.name = "__Host-zegel-form" if https else "zegel-form"

    def seed(self, request: Request) -> str:
        """The browser's random value: from its cookie, or a new one that `keep` must set."""
        kept = request.cookies.get(self.name, "")
        return kept if TOKEN.fullmatch(kept) else secrets.token_urlsafe(24)

    def keep(self, request: Request, response: Response, seed: str) -> None:
        if request.cookies.get(self.name) != seed:
            # Lax: the page is reached from a link in a mail, and a second tab must not spoil the first one's form.
            response.set_cookie(self.name, seed, path="/", secure=self._https, httponly=True, samesite="lax")

    def token(self, seed: str, area: str) -> str:
        return self._key.mac(f"{seed}\n{area}".encode(), "form").hex()[:40]

    def valid(self, request: Request, area: str, token: str) -> bool:
        kept = request.cookies.get(self.name, "")
        return bool(TOKEN.fullmatch(kept)) and hmac.compare_digest(
            self.token(kept, area).encode(), token.encode(errors="replace")
        )
