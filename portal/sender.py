"""The sender's pages behind a manage link: whoever has the mail to the sender can see who has read it, and take it back.

The rule: these pages never show a subject or content.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.pickup import WrongCode
from portal.manage_pages import Entered, ManagePages
from portal.pages import Pages, client_of, id_of, see
from portal.sessions import Purpose, SessionEnded

ACTOR = "manage-link"


class Sender(ManagePages):
    at = "/manage/{id}"

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self.sessions = pages.sessions

    def routes(self) -> list[Route]:
        return [
            Route(self.at, self.landing),
            Route(self.at + "/open", self.open, methods=["POST"]),
            *self.message_routes(),
            Route(self.at + "/leave", self.leave, methods=["POST"]),
        ]

    async def landing(self, request: Request) -> Response:
        return await self._outside(request, "manage_landing.html", wrong=False)

    async def open(self, request: Request) -> Response:
        area = self.area(request)
        form = await self.pages.form(request, area)
        try:
            await self.manage.open(id_of(request), form["code"], client_of(request))
        except WrongCode:
            return await self._outside(request, "manage_landing.html", status=403, wrong=True)
        response = see(f"{area}/overview")
        self.sessions.write(response, area, self.sessions.start(Purpose.MANAGE))
        return response

    async def leave(self, request: Request) -> Response:
        area = self.area(request)
        await self.pages.form(request, area)
        response = await self._outside(request, "left.html")
        self.sessions.end(response, area)
        return response

    async def enter(self, request: Request) -> Entered:
        area = self.area(request)
        if self.sessions.read(request, area, Purpose.MANAGE) is None:
            raise SessionEnded(area)
        return Entered(ACTOR, await self.pages.organisation(request), {})

    def keep(self, request: Request, response: Response) -> None:
        area = self.area(request)
        session = self.sessions.read(request, area, Purpose.MANAGE)
        if session is not None:
            self.sessions.write(response, area, session)

    async def _outside(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
        area, owner = self.area(request), await self.pages.organisation(request)
        return self.pages.page(request, template, organisation=owner, area=area, here=area, status=status, **facts)
