"""The way into a case: the link of a letter, its code, and for a reviewer the login.

The rule: as everywhere, a GET changes nothing; the code stays behind the `#` until a person presses.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.cases import CaseKind, CaseState
from gateway.core.pickup import Settled, WrongCode
from portal.pages import Pages, client_of, id_of, see
from portal.sessions import Purpose, Session, SessionEnded


class CaseEntrance:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.cases = pages.deps.cases
        self.sessions = pages.sessions

    def routes(self) -> list[Route]:
        at = "/case/{id}"
        return [
            Route(at, self.landing),
            Route(at + "/open", self.open, methods=["POST"]),
            Route(at + "/login", self.login),
            Route(at + "/login", self.log_in, methods=["POST"]),
            Route(at + "/leave", self.leave, methods=["POST"]),
        ]

    async def landing(self, request: Request) -> Response:
        return await self._landing(request)

    async def _landing(self, request: Request, *, status: int = 200, wrong: bool = False) -> Response:
        case = await self.cases.case(id_of(request))
        if case.state is not CaseState.OPEN:
            raise Settled
        review = case.kind is CaseKind.HOLD
        return await case_page(self.pages, request, "case_landing.html", status=status, wrong=wrong, review=review)

    async def open(self, request: Request) -> Response:
        area = case_area(request)
        form = await self.pages.form(request, area)
        try:
            key = await self.cases.open(id_of(request), form["code"], client_of(request))
        except WrongCode:
            return await self._landing(request, status=403, wrong=True)
        response = see(f"{area}/choose" if key.grant_id else f"{area}/login")
        session = self.sessions.start(Purpose.CASE, code=key.code, facts={"grant": key.grant_id})
        self.sessions.write(response, area, session)
        return response

    async def login(self, request: Request) -> Response:
        case_session(self.pages, request, Purpose.CASE)
        return await self._login(request)

    async def _login(self, request: Request, *, status: int = 200, wrong: bool = False, address: str = "") -> Response:
        here = f"{case_area(request)}/login"
        return await case_page(
            self.pages, request, "case_login.html", here=here, status=status, wrong=wrong, address=address
        )

    async def log_in(self, request: Request) -> Response:
        area, session = case_area(request), case_session(self.pages, request, Purpose.CASE)
        form = await self.pages.form(request, area)
        address = form["address"].strip()
        try:
            key = await self.cases.log_in(id_of(request), session.code, address, form["password"], client_of(request))
        except WrongCode:
            return await self._login(request, status=403, wrong=True, address=address)
        response = see(f"{area}/review")
        facts = {"grant": key.grant_id}
        self.sessions.write(response, area, self.sessions.start(Purpose.REVIEW, code=key.code, facts=facts))
        return response

    async def leave(self, request: Request) -> Response:
        area = case_area(request)
        await self.pages.form(request, area)
        response = await case_page(self.pages, request, "left.html")
        self.sessions.end(response, area)
        return response


def case_area(request: Request) -> str:
    return f"/case/{id_of(request)}"


def case_session(pages: Pages, request: Request, purpose: Purpose) -> Session:
    """Raises `SessionEnded`."""
    session = pages.sessions.read(request, case_area(request), purpose)
    if session is None:
        raise SessionEnded(case_area(request))
    return session


async def case_page(
    pages: Pages, request: Request, template: str, *, here: str = "", status: int = 200, **facts: Any
) -> Response:
    """With the name and colours of the organisation whose case it is."""
    owner, area = await pages.organisation(request), case_area(request)
    return pages.page(request, template, organisation=owner, area=area, here=here or area, status=status, **facts)
