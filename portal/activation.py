"""The page where a new sender activates an account: the code from the mail, and a password of one's own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.ids import is_id
from gateway.core.pickup import NotPossible, Unknown, WrongCode
from portal.pages import Pages, client_of

SHORTEST = 12
LONGEST = 200


class Activation:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def routes(self) -> list[Route]:
        at = "/activate/{id}"
        return [Route(at, self.form), Route(at, self.activate, methods=["POST"])]

    async def form(self, request: Request) -> Response:
        return self._form(request)

    def _form(self, request: Request, *, status: int = 200, problem: str = "", code: str = "") -> Response:
        area = _area(request)
        return self.pages.page(
            request,
            "activate.html",
            area=area,
            here=area,
            status=status,
            problem_name=problem,
            code=code,
            shortest=SHORTEST,
        )

    async def activate(self, request: Request) -> Response:
        area = _area(request)
        form = await self.pages.form(request, area)
        code, password = form["code"], form["password"]
        if not SHORTEST <= len(password) <= LONGEST:
            return self._form(request, status=422, problem="short", code=code)
        if password != form["again"]:
            return self._form(request, status=422, problem="differs", code=code)
        try:
            await self.pages.deps.accounts.activate(_id(request), code, password, client_of(request))
        except WrongCode:
            return self._form(request, status=403, problem="code")
        except NotPossible:
            return self._form(request, status=422, problem="weak", code=code)
        return self.pages.page(request, "activated.html", area=area, here=area)


def _id(request: Request) -> str:
    identity = str(request.path_params["id"])
    if not is_id(identity):
        raise Unknown
    return identity


def _area(request: Request) -> str:
    return f"/activate/{_id(request)}"
