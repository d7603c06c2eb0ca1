"""The recipient's pages: open, prove who you are, read, download, answer, leave.

The rule: a GET or HEAD without a session changes nothing; what counts (a try, a text message, a receipt) needs a person's
POST with the message code. The code comes from the link's fragment, which no server sees, or is typed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.core.pickup import (
    Landing,
    NeedsPassword,
    NeedsSms,
    Opened,
    Step,
    TooSoon,
    Unknown,
    Unlock,
    WrongCode,
    WrongFactor,
)
from gateway.service.answer import Upload
from gateway.service.reading import Reading
from portal import shown
from portal.downloads import Download, attachment, begun, clean_name
from portal.html_body import CSP, safe_body
from portal.languages import Times
from portal.pages import Pages, client_of, id_of, see
from portal.ranges import Unsatisfiable, wanted
from portal.sessions import Purpose, Session, SessionEnded


class Recipient:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.pickup = pages.deps.pickup
        self.sessions = pages.sessions

    def routes(self) -> list[Route]:
        at = "/m/{id}"
        return [
            Route(at, self.landing),
            Route(at + "/open", self.open, methods=["POST"]),
            Route(at + "/sms", self.sms),
            Route(at + "/sms", self.enter_digits, methods=["POST"]),
            Route(at + "/sms/send", self.send_digits, methods=["POST"]),
            Route(at + "/wrong-number", self.wrong_number),
            Route(at + "/wrong-number", self.tell_wrong_number, methods=["POST"]),
            Route(at + "/password", self.password),
            Route(at + "/password", self.enter_password, methods=["POST"]),
            Route(at + "/message", self.message),
            Route(at + "/body", self.body),
            Route(at + "/part/{number:int}", self.part),
            Route(at + "/message.eml", self.eml),
            Route(at + "/message.zip", self.zip),
            Route(at + "/answer", self.answer_form),
            Route(at + "/answer", self.answer, methods=["POST"]),
            Route(at + "/answered", self.answered),
            Route(at + "/leave", self.leave, methods=["POST"]),
        ]

    # -- opening

    async def landing(self, request: Request) -> Response:
        return await self._landing(request)

    async def _landing(self, request: Request, *, status: int = 200, wrong: bool = False) -> Response:
        landing = await self.pickup.landing(id_of(request))
        return self._page(request, "landing.html", landing, here=_area(request), status=status, wrong=wrong)

    async def open(self, request: Request) -> Response:
        grant_id, area = id_of(request), _area(request)
        form = await self.pages.form(request, area)
        try:
            step = await self.pickup.open(grant_id, form["code"], client_of(request))
        except WrongCode:
            return await self._landing(request, status=403, wrong=True)
        return self._follow(area, step, self.pages.deps.parse_code(form["code"]) or b"")

    def _follow(self, area: str, step: Step, code: bytes) -> Response:
        match step:
            case Opened(unlock=unlock):
                return self._unlocked(area, unlock)
            case NeedsSms():
                response = see(f"{area}/sms")
                facts = _sms_facts(step)
            case NeedsPassword():
                response = see(f"{area}/password")
                facts = {"hint": step.hint}
        self.sessions.write(response, area, self.sessions.start(Purpose.CHECKED, code=code, facts=facts))
        return response

    def _unlocked(self, area: str, unlock: Unlock) -> Response:
        response = see(f"{area}/message")
        session = self.sessions.start(Purpose.OPEN, code=unlock.code, factor=unlock.factor)
        self.sessions.write(response, area, session)
        return response

    # -- by text message

    async def sms(self, request: Request) -> Response:
        return await self._sms(request, self._checked(request))

    async def _sms(
        self, request: Request, session: Session, *, status: int = 200, problem: str = "", left: int = 0
    ) -> Response:
        landing = await self.pickup.landing(id_of(request))
        next_at = session.facts.get("next_at")
        return self._page(
            request,
            "sms.html",
            landing,
            here=f"{_area(request)}/sms",
            status=status,
            masked=session.facts.get("masked", ""),
            sent=session.facts.get("sent") == "yes",
            wait=_seconds_until(next_at, self.pages.deps.clock()),
            problem_name=problem,
            left=left,
        )

    async def send_digits(self, request: Request) -> Response:
        session, area = self._checked(request), _area(request)
        await self.pages.form(request, area)
        try:
            step = await self.pickup.send_code(id_of(request), session.code, client_of(request))
        except TooSoon:
            return await self._sms(request, session, status=429, problem="too-soon")
        response = see(f"{area}/sms")
        self.sessions.write(
            response, area, Session(session.purpose, session.started_at, session.code, b"", _sms_facts(step))
        )
        return response

    async def enter_digits(self, request: Request) -> Response:
        session, area = self._checked(request), _area(request)
        form = await self.pages.form(request, area)
        digits = "".join(form["digits"].split())
        try:
            unlock = await self.pickup.verify_code(id_of(request), session.code, digits, client_of(request))
        except WrongFactor as error:
            return await self._sms(request, session, status=403, problem="wrong", left=error.left)
        return self._unlocked(area, unlock)

    async def wrong_number(self, request: Request) -> Response:
        session = self._checked(request)
        landing = await self.pickup.landing(id_of(request))
        return self._page(request, "wrong_number.html", landing, told=False, masked=session.facts.get("masked", ""))

    async def tell_wrong_number(self, request: Request) -> Response:
        session, area = self._checked(request), _area(request)
        await self.pages.form(request, area)
        landing = await self.pickup.landing(id_of(request))
        await self.pickup.not_my_number(id_of(request), session.code, client_of(request))
        response = self._page(request, "wrong_number.html", landing, here=area, told=True, masked="")
        self.sessions.end(response, area)
        return response

    # -- by password

    async def password(self, request: Request) -> Response:
        return await self._password(request, self._checked(request))

    async def _password(
        self, request: Request, session: Session, *, status: int = 200, left: int | None = None
    ) -> Response:
        landing = await self.pickup.landing(id_of(request))
        here = f"{_area(request)}/password"
        hint = session.facts.get("hint", "")
        return self._page(request, "password.html", landing, here=here, status=status, hint=hint, left=left)

    async def enter_password(self, request: Request) -> Response:
        session, area = self._checked(request), _area(request)
        form = await self.pages.form(request, area)
        try:
            unlock = await self.pickup.verify_password(
                id_of(request), session.code, form["password"], client_of(request)
            )
        except WrongFactor as error:
            return await self._password(request, session, status=403, left=error.left)
        return self._unlocked(area, unlock)

    # -- reading

    async def message(self, request: Request) -> Response:
        session, area = self._opened(request), _area(request)
        landing = await self.pickup.landing(id_of(request))
        reading = await self._read(request, session)
        times = Times(self.pages.language(request, landing.organisation), self.pages.deps.settings.timezone)
        response = self._page(
            request,
            "message.html",
            landing,
            date=shown.date(reading.manifest, reading.message.created_at, times),
            **shown.facts(
                reading.manifest, reading.text, reading.html, as_text=request.query_params.get("view") == "text"
            ),
        )
        self.sessions.write(response, area, session)
        return response

    async def body(self, request: Request) -> Response:
        session = self._opened(request)
        reading = await self._read(request, session)
        if reading.html is None:
            raise Unknown
        images = await self._images(request, session, reading)
        language = self.pages.language(request)
        page = safe_body(reading.html, images, language=language, title=reading.manifest.subject).page
        headers = {"Content-Security-Policy": CSP, "X-Frame-Options": "SAMEORIGIN"}
        return HTMLResponse(page, headers=headers)

    async def _images(self, request: Request, session: Session, reading: Reading) -> dict[str, tuple[str, bytes]]:
        """The inline images that the body shows, by Content-ID."""
        images: dict[str, tuple[str, bytes]] = {}
        for part in shown.inline_images(reading.manifest, reading.html):
            stream = await self.pickup.part(
                id_of(request), _unlock(session), part.number, client_of(request), record=False
            )
            images[part.content_id.strip("<>")] = (
                part.content_type,
                b"".join([chunk async for chunk in stream.chunks]),
            )
        return images

    async def part(self, request: Request) -> Response:
        session, number = self._opened(request), int(request.path_params["number"])
        reading = await self._read(request, session)
        part = next((p for p in shown.attachments(reading.manifest, reading.html) if p.number == number), None)
        if part is None:
            raise Unknown
        etag = f'"{part.sha256}"'
        headers = {"ETag": etag, "Content-Disposition": attachment(clean_name(part.name, f"part-{number}"))}
        try:
            span = wanted(request.headers.get("range"), request.headers.get("if-range"), etag, part.size)
        except Unsatisfiable:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{part.size}"})
        headers |= span.headers | {"Content-Type": "application/octet-stream"}
        status = 206 if span.partial else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        stream = await self.pickup.part(
            id_of(request), _unlock(session), number, client_of(request), span.start, span.end
        )
        return self._download(request, await begun(stream.chunks), status, headers)

    async def eml(self, request: Request) -> Response:
        return await self._whole(request, "eml", "message/rfc822")

    async def zip(self, request: Request) -> Response:
        return await self._whole(request, "zip", "application/zip")

    async def _whole(self, request: Request, kind: str, media_type: str) -> Response:
        session = self._opened(request)
        reading = await self._read(request, session)
        name = clean_name(reading.manifest.subject, "message")
        headers = {"Content-Disposition": attachment(f"{name}.{kind}"), "Content-Type": media_type}
        if request.method == "HEAD":
            return Response(headers=headers)
        whole = self.pickup.eml if kind == "eml" else self.pickup.zip
        chunks = await whole(id_of(request), _unlock(session), client_of(request))
        return self._download(request, await begun(chunks), 200, headers)

    def _download(
        self, request: Request, chunks: AsyncIterator[bytes], status: int, headers: dict[str, str]
    ) -> Download:
        return Download(chunks, status, headers, partial(self.pickup.ended, id_of(request)))

    async def _read(self, request: Request, session: Session) -> Reading:
        return await self.pickup.read(id_of(request), _unlock(session), client_of(request))

    # -- answering

    async def answer_form(self, request: Request) -> Response:
        return await self._answer_form(request, self._opened(request))

    async def _answer_form(
        self, request: Request, session: Session, *, status: int = 200, problem: str = ""
    ) -> Response:
        landing = await self.pickup.landing(id_of(request))
        reading = await self._read(request, session)
        response = self._page(
            request,
            "answer.html",
            landing,
            here=f"{_area(request)}/answer",
            status=status,
            subject=reading.manifest.subject,
            problem_name=problem,
        )
        self.sessions.write(response, _area(request), session)
        return response

    async def answer(self, request: Request) -> Response:
        session, area = self._opened(request), _area(request)
        form = await self.pages.upload(request, area)
        if not form["text"].strip() and not form.files:
            return await self._answer_form(request, session, status=422, problem="empty")
        files = [Upload(clean_name(file.name, "file"), file.content_type, file.content) for file in form.files]
        await self.pages.deps.answers.answer(id_of(request), _unlock(session), form["text"], files, client_of(request))
        return see(f"{area}/answered")

    async def answered(self, request: Request) -> Response:
        self._opened(request)
        landing = await self.pickup.landing(id_of(request))
        return self._page(request, "answered.html", landing)

    async def leave(self, request: Request) -> Response:
        area = _area(request)
        await self.pages.form(request, area)
        owner = await self.pages.organisation(request)  # the message may have ended by now
        response = self.pages.page(request, "left.html", organisation=owner, area=area, here=area)
        self.sessions.end(response, area)
        return response

    # -- what all pages need

    def _page(
        self, request: Request, template: str, landing: Landing, *, here: str = "", status: int = 200, **facts: Any
    ) -> Response:
        return self.pages.page(
            request,
            template,
            organisation=landing.organisation,
            area=_area(request),
            here=here,
            status=status,
            landing=landing,
            **facts,
        )

    def _checked(self, request: Request) -> Session:
        return self._session(request, Purpose.CHECKED)

    def _opened(self, request: Request) -> Session:
        return self._session(request, Purpose.OPEN)

    def _session(self, request: Request, purpose: Purpose) -> Session:
        session = self.sessions.read(request, _area(request), purpose)
        if session is None:
            raise SessionEnded(_area(request))
        return session


def _area(request: Request) -> str:
    return f"/m/{id_of(request)}"


def _unlock(session: Session) -> Unlock:
    return Unlock(session.code, session.factor)


def _sms_facts(step: NeedsSms) -> dict[str, str]:
    next_at = step.next_at.isoformat() if step.next_at else ""
    return {"masked": step.masked, "sent": "yes" if step.sent else "no", "next_at": next_at}


def _seconds_until(moment: str | None, now: datetime) -> int:
    return max(0, round((datetime.fromisoformat(moment) - now).total_seconds())) if moment else 0
