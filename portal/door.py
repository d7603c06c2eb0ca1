"""The door to an account's pages: who is signed in, how far, and where to go first.

The rule: every page of an account calls `enter` before anything else; nothing else lets anybody in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from gateway.core.login import Arrived, LoginEnded, LoginStep, NeedsSecond, NeedsSetup, SignedIn, Ticket
from gateway.core.login_records import Stage
from gateway.core.organisation import Organisation
from portal.languages import COOKIE
from portal.login_cookies import LoginCookies
from portal.pages import YEAR, Pages, client_of, see

HOME = "/sent"
OPEN = (Stage.OPEN,)
EVERY = (Stage.SECOND, Stage.SETUP, Stage.OPEN)
# Where a sign-in may lead back to: our own pages that only show something, never another site.
BACK = re.compile(r"/(sent(/[a-z2-7]{16}/(overview|message))?|account(/(password|factors(/(app|phone|passkey))?))?)")


class GoFirst(Exception):
    """This page is for who has come further: `path` is where the next step is."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Door:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.desk = pages.deps.login
        self.cookies = LoginCookies(pages.deps.server_key, pages.deps.clock, pages.deps.settings.https)

    async def enter(self, request: Request, stages: Sequence[Stage] = OPEN) -> SignedIn:
        """Raises `LoginEnded`, or `GoFirst` for a session that is not far enough, or too far."""
        ticket = self.cookies.ticket(request)
        if ticket is None:
            raise LoginEnded
        signed_in = await self.desk.sessions.enter(ticket, EVERY, client_of(request))
        if signed_in.session.stage not in stages:
            raise GoFirst(PLACE[signed_in.session.stage])
        return signed_in

    async def perhaps(self, request: Request) -> SignedIn | None:
        """Who is signed in, if anybody is."""
        ticket = self.cookies.ticket(request)
        if ticket is None:
            return None
        try:
            return await self.desk.sessions.enter(ticket, EVERY, client_of(request))
        except LoginEnded:
            return None

    def follow(self, step: LoginStep, *, back: str = "", remember: bool = False) -> Response:
        """On to the next step, with its cookies."""
        match step:
            case NeedsSecond(ticket=ticket):
                response = see("/login/second" + (f"?next={quote(back)}" if back else ""))
                self.cookies.write(response, ticket, remember=remember)
            case NeedsSetup(ticket=ticket, device=device):
                response = see("/account/factors")
                self.cookies.write(response, ticket)
                self.cookies.write_device(response, device)
            case Arrived(ticket=ticket, device=device):
                response = see(back or HOME)
                self.cookies.write(response, ticket)
                self.cookies.write_device(response, device)
        return response

    def fresh(self, response: Response, ticket: Ticket) -> Response:
        self.cookies.write(response, ticket)
        return response

    def keep_language(self, response: Response, language: str) -> None:
        """The language that the person has just picked for the account, for the pages of this browser too."""
        https = self.pages.deps.settings.https
        response.set_cookie(COOKIE, language, max_age=YEAR, path="/", secure=https, httponly=True, samesite="lax")

    def organisation(self, signed_in: SignedIn) -> Organisation:
        return self.pages.deps.organisations.get(signed_in.account.organisation)

    def page(
        self, request: Request, template: str, signed_in: SignedIn, *, area: str, status: int = 200, **facts: Any
    ) -> Response:
        return self.pages.page(
            request,
            template,
            organisation=self.organisation(signed_in),
            area=area,
            status=status,
            signed_in=signed_in,
            **facts,
        )


PLACE = {Stage.SECOND: "/login/second", Stage.SETUP: "/account/factors", Stage.OPEN: HOME}


def back_of(text: str) -> str:
    """Where to go after signing in; empty for anything that is not one of ours."""
    return text if BACK.fullmatch(text) else ""


def for_login(request: Request) -> str:
    """The sign-in page that leads back here."""
    path = back_of(request.url.path) if request.method in ("GET", "HEAD") else ""
    return "/login" + (f"?next={quote(path)}" if path else "")
