"""The reviewer's pages of held mail: read it, download its files, and decide, with a note to the sender.

The rule: the message is shown as recipients see it: sanitised, in a frame without scripts; every page needs the login.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.core.decision import Choice
from gateway.core.pickup import NotPossible, Unknown
from gateway.service.case_desk import CaseReading
from portal import shown
from portal.case_entrance import case_area, case_page, case_session
from portal.downloads import Download, attachment, begun, clean_name
from portal.html_body import CSP, safe_body
from portal.languages import Times
from portal.pages import Pages, id_of, see
from portal.sender_choice import found_lines, key_of
from portal.sessions import Purpose, Session

DECISIONS = {choice.value: choice for choice in (Choice.SEND, Choice.SEAL, Choice.CANCEL)}


class Reviews:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.cases = pages.deps.cases
        self.sessions = pages.sessions

    def routes(self) -> list[Route]:
        at = "/case/{id}"
        return [
            Route(at + "/review", self.review),
            Route(at + "/review", self.decide, methods=["POST"]),
            Route(at + "/body", self.body),
            Route(at + "/part/{number:int}", self.part),
            Route(at + "/decided", self.done),
        ]

    async def review(self, request: Request) -> Response:
        session, area = self._session(request), case_area(request)
        reading = await self._read(request, session)
        view = reading.view
        language = self.pages.language(request, view.organisation)
        as_text = request.query_params.get("view") == "text"
        times = Times(language, self.pages.deps.settings.timezone)
        response = await case_page(
            self.pages,
            request,
            "case_review.html",
            here=f"{area}/review",
            view=view,
            found=found_lines(view, language),
            reasons=view.sheet.sentences(language),
            choices=[choice for choice in DECISIONS if choice in view.choices],
            date=shown.date(reading.manifest, view.case.created_at, times),
            **shown.facts(reading.manifest, reading.text, reading.html, as_text=as_text),
        )
        self.sessions.write(response, area, session)
        return response

    async def body(self, request: Request) -> Response:
        session = self._session(request)
        reading = await self._read(request, session)
        if reading.html is None:
            raise Unknown
        images: dict[str, tuple[str, bytes]] = {}
        for image in shown.inline_images(reading.manifest, reading.html):
            part, chunks = await self.cases.part(id_of(request), key_of(session), image.number, record=False)
            images[part.content_id.strip("<>")] = (part.content_type, b"".join([chunk async for chunk in chunks]))
        language = self.pages.language(request)
        page = safe_body(reading.html, images, language=language, title=reading.manifest.subject).page
        return HTMLResponse(page, headers={"Content-Security-Policy": CSP, "X-Frame-Options": "SAMEORIGIN"})

    async def part(self, request: Request) -> Response:
        session, number = self._session(request), int(request.path_params["number"])
        reading = await self._read(request, session)
        part = next((p for p in shown.attachments(reading.manifest, reading.html) if p.number == number), None)
        if part is None:
            raise Unknown
        headers = {
            "Content-Disposition": attachment(clean_name(part.name, f"part-{number}")),
            "Content-Type": "application/octet-stream",
            "Content-Length": str(part.size),
        }
        if request.method == "HEAD":
            return Response(headers=headers)
        _, chunks = await self.cases.part(id_of(request), key_of(session), number)
        return Download(await begun(chunks), 200, headers, partial(self.cases.ended, id_of(request)))

    async def decide(self, request: Request) -> Response:
        area, session = case_area(request), self._session(request)
        form = await self.pages.form(request, area)
        choice = DECISIONS.get(form["choice"])
        if choice is None:
            raise NotPossible
        await self.cases.answer(id_of(request), key_of(session), choice, words=form["note"])
        response = see(f"{area}/decided")
        facts = {"chosen": choice.value}
        self.sessions.write(response, area, Session(session.purpose, session.started_at, b"", b"", facts))
        return response

    async def done(self, request: Request) -> Response:
        session = self._session(request)
        return await case_page(
            self.pages,
            request,
            "case_chosen.html",
            here=f"{case_area(request)}/decided",
            chosen=session.facts.get("chosen", ""),
            review=True,
        )

    async def _read(self, request: Request, session: Session) -> CaseReading:
        return await self.cases.read(id_of(request), key_of(session))

    def _session(self, request: Request) -> Session:
        return case_session(self.pages, request, Purpose.REVIEW)
