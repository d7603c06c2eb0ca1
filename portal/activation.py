"""The page where a new sender activates an account: the code from the mail, and a password of one's own."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.login import BadPassword
from gateway.core.pickup import WrongCode
from gateway.service.new_passwords import SHORTEST_PASSWORD
from portal.pages import Pages, client_of, id_of


class Activation:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def routes(self) -> list[Route]:
        at = "/activate/{id}"
        return [Route(at, self.form), Route(at, self.activate, methods=["POST"])]

    async def form(self, request: Request) -> Response:
        return await self._form(request)

    async def _form(self, request: Request, *, status: int = 200, problem: str = "", code: str = "") -> Response:
        return await self._page(
            request,
            "activate.html",
            status=status,
            problem_name=problem,
            code=code,
            shortest=SHORTEST_PASSWORD,
        )

    async def activate(self, request: Request) -> Response:
        form = await self.pages.form(request, _area(request))
        code, password = form["code"], form["password"]
        if password != form["again"]:
            return await self._form(request, status=422, problem="differs", code=code)
        try:
            await self.pages.deps.accounts.activate(id_of(request), code, password, client_of(request))
        except WrongCode:
            return await self._form(request, status=403, problem="code")
        except BadPassword as error:
            return await self._form(request, status=422, problem=error.reason, code=code)
        return await self._page(request, "activated.html")

    async def _page(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
        area, owner = _area(request), await self.pages.organisation(request)
        return self.pages.page(request, template, organisation=owner, area=area, here=area, status=status, **facts)


def _area(request: Request) -> str:
    return f"/activate/{id_of(request)}"
