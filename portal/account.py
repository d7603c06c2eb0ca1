"""A signed-in person's own account: name and language, password, sessions and devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.login import BadPassword, SignedIn, WrongPassword
from gateway.core.login_records import FactorKind, LoginSession, Stage
from gateway.core.pickup import NotPossible
from gateway.service.new_passwords import SHORTEST_PASSWORD
from portal.agents import device_words
from portal.door import Door
from portal.pages import Pages, client_of, see

AREA = "/account"


@dataclass(frozen=True, slots=True)
class SessionView:
    """`device` is in words; `this` is the browser that asks."""

    id: str
    device: str
    peer: str
    since: datetime
    seen: datetime
    this: bool
    remembered: bool


class AccountPages:
    def __init__(self, pages: Pages, door: Door) -> None:
        self.pages = pages
        self.door = door
        self.desk = pages.deps.login

    def routes(self) -> list[Route]:
        return [
            Route("/account", self.show),
            Route("/account/profile", self.change_profile, methods=["POST"]),
            Route("/account/sessions", self.end_sessions, methods=["POST"]),
            Route("/account/programs", self.end_program, methods=["POST"]),
            Route("/account/password", self.password),
            Route("/account/password", self.change_password, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        factors = await self.desk.factors.of(signed_in.account)
        sessions = await self.desk.sessions.list(signed_in.account.id)
        return self._page(
            request,
            "account.html",
            signed_in,
            done=request.query_params.get("done", ""),
            factors=factors,
            phones={f.id: self.desk.factors.phone(f) for f in factors if f.kind is FactorKind.SMS},
            removable=self.desk.factors.removable(signed_in.account, factors),
            sessions=[_view(session, signed_in) for session in sessions],
            tokens=await self.desk.profile.tokens(signed_in.account),
        )

    async def change_profile(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        form = await self.pages.form(request, AREA)
        await self.desk.profile.rename(signed_in, form["name"], form["language"])
        response = see("/account?done=profile")
        self.door.keep_language(response, form["language"])
        return response

    async def end_sessions(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        form = await self.pages.form(request, AREA)
        if form["all"] == "yes":
            await self.desk.sessions.end_others(signed_in)
        elif form["session"]:
            await self.desk.sessions.end(signed_in.account, form["session"])
        else:
            raise NotPossible
        return see("/account?done=sessions")

    async def end_program(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        form = await self.pages.form(request, AREA)
        await self.desk.profile.end_token(signed_in.account, form["program"])
        return see("/account?done=sessions")

    async def password(self, request: Request) -> Response:
        return self._password(request, await self.door.enter(request))

    def _password(self, request: Request, signed_in: SignedIn, *, status: int = 200, problem: str = "") -> Response:
        facts = {"problem_name": problem, "shortest": SHORTEST_PASSWORD}
        return self._page(request, "account_password.html", signed_in, status=status, **facts)

    async def change_password(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        form = await self.pages.form(request, AREA)
        current, new = form["current"], form["password"]
        if new != form["again"]:
            return self._password(request, signed_in, status=422, problem="differs")
        try:
            ticket = await self.desk.profile.change_password(signed_in, current, new, client_of(request))
        except WrongPassword:
            return self._password(request, signed_in, status=403, problem="wrong")
        except BadPassword as error:
            return self._password(request, signed_in, status=422, problem=error.reason)
        return self.door.fresh(see("/account?done=password"), ticket)

    def _page(
        self, request: Request, template: str, signed_in: SignedIn, *, status: int = 200, **facts: Any
    ) -> Response:
        return self.door.page(request, template, signed_in, area=AREA, status=status, here="/account", **facts)


def _view(session: LoginSession, signed_in: SignedIn) -> SessionView:
    return SessionView(
        id=session.id,
        device=device_words(session.agent),
        peer=session.peer,
        since=session.created_at,
        seen=session.seen_at,
        this=session.id == signed_in.session.id,
        remembered=session.stage is Stage.REMEMBERED,
    )
