"""The pages as one ASGI application. `create_app` joins routes, middleware and error pages; it builds no service."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.core.ids import is_id
from gateway.core.pickup import Unknown
from portal.account import AccountPages
from portal.activation import Activation
from portal.api import Api
from portal.case_entrance import CaseEntrance
from portal.colours import stylesheet
from portal.demo import Demo
from portal.demo_world import DemoWorld
from portal.deps import PortalDeps
from portal.door import Door
from portal.errors import ErrorPages
from portal.factors import FactorPages
from portal.login import Login
from portal.pages import Pages, see
from portal.recipient import Recipient
from portal.reviews import Reviews
from portal.security import Guard
from portal.sender import Sender
from portal.sender_choice import SenderChoice
from portal.sent import SentPages

STATIC = Path(__file__).parent / "static"
LOGO_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def create_app(deps: PortalDeps) -> Starlette:
    """Pages for recipients and senders; the demo's too when the settings say so."""
    pages = Pages(deps)
    door = Door(pages)
    errors = ErrorPages(pages)
    routes: list[BaseRoute] = [
        *Front(pages).routes(),
        *Recipient(pages).routes(),
        *Sender(pages).routes(),
        *CaseEntrance(pages).routes(),
        *SenderChoice(pages).routes(),
        *Reviews(pages).routes(),
        *Activation(pages).routes(),
        Api(deps).mount(),
        *Login(pages, door).routes(),
        *AccountPages(pages, door).routes(),
        *FactorPages(pages, door).routes(),
        *SentPages(pages, door).routes(),
        Mount("/static", StaticFiles(directory=STATIC), name="static"),
    ]
    if deps.settings.demo:
        routes += Demo(pages, DemoWorld(deps.settings.world)).routes()
    origins = frozenset(organisation.portal_url for organisation in deps.organisations.all)
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, https=deps.settings.https, origins=origins, broken=errors.broken)],
        exception_handlers=errors.handlers(),
    )


class Front:
    """The first page, and what an organisation looks like."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route("/find", self.find),
            Route("/health", self.health),
            Route("/robots.txt", self.robots),
            Route("/o/{id}/colour.css", self.colour),
            Route("/o/{id}/logo", self.logo),
        ]

    async def home(self, request: Request) -> Response:
        return self.pages.page(request, "home.html")

    async def find(self, request: Request) -> Response:
        number = "".join(request.query_params.get("number", "").split()).lower()
        if not is_id(number):
            raise Unknown
        return see(f"/m/{number}")

    async def health(self, _request: Request) -> Response:
        return Response("ok", media_type="text/plain")

    async def robots(self, _request: Request) -> Response:
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    async def colour(self, request: Request) -> Response:
        organisations = self.pages.deps.organisations
        if not organisations.has(request.path_params["id"]):
            raise Unknown
        return Response(stylesheet(organisations.get(request.path_params["id"]).colour), media_type="text/css")

    async def logo(self, request: Request) -> Response:
        organisations = self.pages.deps.organisations
        identity = request.path_params["id"]
        path = Path(organisations.get(identity).logo) if organisations.has(identity) else None
        if path is None or path.suffix.lower() not in (".png", ".svg") or not path.is_file():
            raise Unknown
        # An SVG may hold scripts: its policy runs and loads nothing.
        return FileResponse(path, headers={"Content-Security-Policy": LOGO_CSP})
