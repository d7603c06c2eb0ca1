"""The pages to sign in: address and password, the second step, a passkey alone, a forgotten password, signing out."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.errors import SmsFailed
from gateway.core.login import NoAnswer, SignedIn, WrongLogin, WrongPassword
from gateway.core.login_records import FactorKind, Stage
from gateway.core.pickup import NotPossible, TooSoon, WrongFactor
from portal.door import PLACE, Door, back_of
from portal.forms import Form
from portal.pages import Pages, client_of, see

AREA = "/login"


class Login:
    def __init__(self, pages: Pages, door: Door) -> None:
        self.pages = pages
        self.door = door
        self.desk = pages.deps.login

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.form),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/login/passkey", self.by_passkey, methods=["POST"]),
            Route("/login/second", self.second),
            Route("/login/second", self.prove, methods=["POST"]),
            Route("/login/second/send", self.send, methods=["POST"]),
            Route("/login/again", self.again),
            Route("/login/again", self.log_in_again, methods=["POST"]),
            Route("/login/forgotten", self.forgotten),
            Route("/login/forgotten", self.ask_help, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
        ]

    # -- address and password

    async def form(self, request: Request) -> Response:
        signed_in = await self.door.perhaps(request)
        if signed_in is not None:
            return see(PLACE[signed_in.session.stage])
        return await self._form(request, back=back_of(request.query_params.get("next", "")))

    async def _form(
        self,
        request: Request,
        *,
        back: str,
        status: int = 200,
        problem: str = "",
        address: str = "",
        remember: bool = False,
    ) -> Response:
        organisation = await self.pages.organisation(request)
        return self._page(
            request,
            "login.html",
            status=status,
            back=back,
            problem_name=problem,
            address=address,
            remember=remember,
            ended=not problem and self.door.cookies.present(request),
            question=self.desk.sign_in.question(organisation) if organisation is not None else None,
        )

    async def log_in(self, request: Request) -> Response:
        form = await self.pages.form(request, AREA)
        back, remember = back_of(form["next"]), form["remember"] == "yes"
        former = await self.door.perhaps(request)
        try:
            step = await self.desk.sign_in.with_password(
                form["address"],
                form["password"],
                client_of(request),
                self.door.cookies.device(request),
                await self.pages.organisation(request),
            )
        except WrongLogin:
            address = form["address"][:320]
            return await self._form(request, status=403, problem="wrong", back=back, address=address, remember=remember)
        if former is not None:
            await self.desk.sessions.end(former.account, former.session.id)
        return self.door.follow(step, back=back, remember=remember)

    async def by_passkey(self, request: Request) -> Response:
        form = await self.pages.form(request, AREA)
        organisation = await self.pages.organisation(request)
        back = back_of(form["next"])
        try:
            if organisation is None:
                raise WrongLogin
            step = await self.desk.sign_in.with_passkey(
                organisation,
                form["answer"],
                form["challenge"],
                prf_of(form),
                client_of(request),
                self.door.cookies.device(request),
            )
        except WrongLogin:
            return await self._form(request, back=back, status=403, problem="passkey")
        return self.door.follow(step, back=back)

    # -- the second step

    async def second(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, (Stage.SECOND,))
        return await self._second(request, signed_in, request.query_params.get("way", ""))

    async def _second(
        self,
        request: Request,
        signed_in: SignedIn,
        way: str,
        *,
        status: int = 200,
        problem: str = "",
        left: int = 0,
        back: str | None = None,
    ) -> Response:
        ways = await self.desk.second.ways(signed_in)
        kind = next((kind for kind in ways if kind.value == way), ways[0] if ways else None)
        if kind is None:
            raise NotPossible
        facts: dict[str, Any] = {"masked": "", "sent": False, "wait": 0, "question": None}
        if kind is FactorKind.SMS:
            facts["masked"], standing = await self.desk.second.phone(signed_in)
            facts["sent"] = standing.sent
            facts["wait"] = max(0, round((standing.next_at - self.pages.deps.clock()).total_seconds()))
        elif kind is FactorKind.PASSKEY:
            facts["question"] = await self.desk.second.question(signed_in)
        return self._page(
            request,
            "login_second.html",
            status=status,
            way=kind.value,
            others=[other.value for other in ways if other is not kind],
            problem_name=problem,
            left=left,
            back=back_of(request.query_params.get("next", "")) if back is None else back,
            **facts,
        )

    async def send(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, (Stage.SECOND,))
        form = await self.pages.form(request, AREA)
        back = back_of(form["next"])
        try:
            await self.desk.second.send(signed_in, client_of(request))
        except TooSoon:
            return await self._second(request, signed_in, "sms", status=429, problem="too-soon", back=back)
        except SmsFailed:
            return await self._second(request, signed_in, "sms", status=503, problem="not-sent", back=back)
        return see("/login/second?way=sms" + (f"&next={back}" if back else ""))

    async def prove(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, (Stage.SECOND,))
        form = await self.pages.form(request, AREA)
        back, way = back_of(form["next"]), form["way"]
        remember = self.door.cookies.wants_remembering(request)
        client, device = client_of(request), self.door.cookies.device(request)
        try:
            match way:
                case "app":
                    step = await self.desk.second.by_app(signed_in, form["digits"], client, device, remember=remember)
                case "sms":
                    step = await self.desk.second.by_sms(signed_in, form["digits"], client, device, remember=remember)
                case "passkey":
                    answer, challenge = form["answer"], form["challenge"]
                    step = await self.desk.second.by_passkey(
                        signed_in, answer, challenge, client, device, remember=remember
                    )
                case _:
                    raise NotPossible
        except WrongFactor as error:
            return await self._second(request, signed_in, way, status=403, problem="wrong", left=error.left, back=back)
        except NoAnswer:
            return await self._second(request, signed_in, way, status=403, problem="passkey", back=back)
        return self.door.follow(step, back=back)

    # -- the password once more

    async def again(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, (Stage.SETUP, Stage.OPEN))
        return self._again(request, signed_in, back_of(request.query_params.get("next", "")))

    def _again(
        self, request: Request, signed_in: SignedIn, back: str, *, status: int = 200, wrong: bool = False
    ) -> Response:
        facts = {"back": back or "/account", "wrong": wrong}
        return self.door.page(request, "login_again.html", signed_in, area=AREA, status=status, **facts)

    async def log_in_again(self, request: Request) -> Response:
        signed_in = await self.door.enter(request, (Stage.SETUP, Stage.OPEN))
        form = await self.pages.form(request, AREA)
        back = back_of(form["next"])
        try:
            ticket = await self.desk.sign_in.again(signed_in, form["password"], client_of(request))
        except WrongPassword:
            return self._again(request, signed_in, back, status=403, wrong=True)
        return self.door.fresh(see(back or "/account"), ticket)

    # -- a forgotten password

    async def forgotten(self, request: Request) -> Response:
        return self._page(request, "login_forgotten.html", asked=False)

    async def ask_help(self, request: Request) -> Response:
        form = await self.pages.form(request, AREA)
        await self.desk.recovery.ask(form["address"], client_of(request))
        return self._page(request, "login_forgotten.html", asked=True)

    # -- signing out

    async def log_out(self, request: Request) -> Response:
        await self.pages.form(request, "/logout")
        signed_in = await self.door.perhaps(request)
        if signed_in is not None:
            await self.desk.sessions.end(signed_in.account, signed_in.session.id)
        response = self._page(request, "logged_out.html")
        self.door.cookies.end(response)
        return response

    def _page(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
        return self.pages.page(request, template, area=AREA, status=status, **facts)


def prf_of(form: Form) -> bytes:
    """The secret that the passkey gave, 32 bytes; empty for anything else."""
    try:
        secret = base64.urlsafe_b64decode(form["prf"] + "==")
    except (ValueError, binascii.Error):
        return b""
    return secret if len(secret) == 32 else b""
