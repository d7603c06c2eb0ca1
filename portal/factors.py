"""Setting up second factors: an authenticator app, a phone number, passkeys; also as the last step of a first sign-in."""

from __future__ import annotations

from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import SmsFailed
from gateway.core.login import NewApp, NoAnswer, SignedIn
from gateway.core.login_records import Stage
from gateway.core.pickup import NotPossible, TooSoon, WrongFactor
from gateway.core.ports import Duplicate
from portal.agents import device_words
from portal.door import HOME, Door
from portal.login import prf_of
from portal.pages import Pages, client_of, see

AREA = "/account/factors"
STAGES = (Stage.SETUP, Stage.OPEN)


class FactorPages:
    def __init__(self, pages: Pages, door: Door) -> None:
        self.pages = pages
        self.door = door
        self.desk = pages.deps.login

    def routes(self) -> list[Route]:
        return [
            Route(AREA, self.choose),
            Route(AREA + "/app", self.app),
            Route(AREA + "/app", self.add_app, methods=["POST"]),
            Route(AREA + "/phone", self.phone),
            Route(AREA + "/phone", self.send, methods=["POST"]),
            Route(AREA + "/phone/code", self.add_phone, methods=["POST"]),
            Route(AREA + "/passkey", self.passkey),
            Route(AREA + "/passkey", self.add_passkey, methods=["POST"]),
            Route(AREA + "/remove", self.ask_remove),
            Route(AREA + "/remove", self.remove, methods=["POST"]),
        ]

    async def choose(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        kinds = {factor.kind.value for factor in await self.desk.factors.of(signed_in.account)}
        return self._page(request, "factors.html", signed_in, kinds=kinds)

    # -- an authenticator app

    async def app(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        return self._app(request, signed_in, self.desk.factors.new_app(signed_in))

    def _app(
        self, request: Request, signed_in: SignedIn, new: NewApp, *, status: int = 200, wrong: bool = False
    ) -> Response:
        picture = segno.make(new.uri, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
        return self._page(request, "factor_app.html", signed_in, status=status, new=new, picture=picture, wrong=wrong)

    async def add_app(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        form = await self.pages.form(request, AREA)
        try:
            await self.desk.factors.add_app(signed_in, form["sealed"], form["digits"])
        except WrongFactor:
            new = self.desk.factors.same_app(signed_in, form["sealed"])
            return self._app(request, signed_in, new, status=403, wrong=True)
        return await self._done(request, signed_in)

    # -- a phone number

    async def phone(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        self.desk.sessions.ask_fresh(signed_in)
        return self._phone(request, signed_in)

    def _phone(
        self,
        request: Request,
        signed_in: SignedIn,
        *,
        status: int = 200,
        number: str = "",
        sent: bool = False,
        problem: str = "",
        left: int = 0,
    ) -> Response:
        facts = {"number": number, "sent": sent, "problem_name": problem, "left": left}
        return self._page(request, "factor_phone.html", signed_in, status=status, **facts)

    async def send(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        form = await self.pages.form(request, AREA)
        number = form["phone"][:40]
        try:
            number = await self.desk.factors.send_phone(signed_in, number, client_of(request))
        except NotPossible:
            return self._phone(request, signed_in, status=422, number=number, problem="number")
        except TooSoon:
            return self._phone(request, signed_in, status=429, number=number, problem="too-soon")
        except SmsFailed:
            return self._phone(request, signed_in, status=503, number=number, problem="not-sent")
        return self._phone(request, signed_in, number=number, sent=True)

    async def add_phone(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        form = await self.pages.form(request, AREA)
        number = form["phone"][:40]
        try:
            await self.desk.factors.add_phone(signed_in, number, form["digits"])
        except WrongFactor as error:
            return self._phone(
                request, signed_in, status=403, number=number, sent=error.left > 0, problem="wrong", left=error.left
            )
        return await self._done(request, signed_in)

    # -- a passkey

    async def passkey(self, request: Request) -> Response:
        return await self._passkey(request, await self.door.enter(request, STAGES))

    async def _passkey(
        self, request: Request, signed_in: SignedIn, *, status: int = 200, problem: str = ""
    ) -> Response:
        question = await self.desk.factors.new_passkey(signed_in)
        name = device_words(client_of(request).agent)
        return self._page(
            request, "factor_passkey.html", signed_in, status=status, question=question, name=name, problem_name=problem
        )

    async def add_passkey(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, STAGES)
        form = await self.pages.form(request, AREA)
        try:
            alone = await self.desk.factors.add_passkey(
                signed_in, form["answer"], form["challenge"], prf_of(form), form["name"]
            )
        except (NoAnswer, Duplicate):
            return await self._passkey(request, signed_in, status=403, problem="passkey")
        return await self._done(request, signed_in, "passkey-alone" if alone else "passkey")

    # -- taking one away

    async def ask_remove(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        self.desk.sessions.ask_fresh(signed_in)
        wanted = request.query_params.get("id", "")
        factors = await self.desk.factors.of(signed_in.account)
        factor = next((factor for factor in factors if factor.id == wanted), None)
        if factor is None:
            return see("/account")
        return self._page(request, "factor_remove.html", signed_in, factor=factor)

    async def remove(self, request: Request) -> Response:
        signed_in = await self.door.enter(request)
        form = await self.pages.form(request, AREA)
        await self.desk.factors.remove(signed_in, form["id"])
        return see("/account?done=removed")

    # -- small things

    async def _done(self, request: Request, signed_in: SignedIn, word: str = "factor") -> Response:
        """A first sign-in is complete now: a new, open session begins."""
        if signed_in.session.stage is Stage.SETUP:
            ticket = await self.desk.sessions.step_up(signed_in, Stage.OPEN, client_of(request))
            return self.door.fresh(see(HOME), ticket)
        return see(f"/account?done={word}")

    def _page(
        self, request: Request, template: str, signed_in: SignedIn, *, status: int = 200, **facts: Any
    ) -> Response:
        first = signed_in.session.stage is Stage.SETUP
        return self.door.page(request, template, signed_in, area=AREA, status=status, here=AREA, first=first, **facts)
