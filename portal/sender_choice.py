"""The sender's page about a message that waits: what was found, and each choice with what follows from it.

The rule: it shows names of files and counts, never the text; every choice is one POST, and counts once.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.cases import Found
from gateway.core.decision import Choice
from gateway.core.pickup import NotPossible
from gateway.service.case_desk import CaseKey, CaseView
from portal import shown
from portal.case_entrance import case_area, case_page, case_session
from portal.forms import Form
from portal.pages import Pages, id_of, see
from portal.sessions import Purpose, Session

RECOMMENDED = ("seal", "remove", "send", "cancel")  # in this order, the first that is offered in front
CHOICES = {choice.value: choice for choice in Choice}


class SenderChoice:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.cases = pages.deps.cases
        self.sessions = pages.sessions

    def routes(self) -> list[Route]:
        at = "/case/{id}"
        return [
            Route(at + "/choose", self.choose),
            Route(at + "/choose", self.chosen, methods=["POST"]),
            Route(at + "/chosen", self.done),
        ]

    async def choose(self, request: Request) -> Response:
        return await self._choose(request, self._session(request))

    async def _choose(self, request: Request, session: Session, *, status: int = 200, problem: str = "") -> Response:
        view = await self.cases.view(id_of(request), key_of(session))
        language = self.pages.language(request, view.organisation)
        response = await case_page(
            self.pages,
            request,
            "case_choose.html",
            here=f"{case_area(request)}/choose",
            status=status,
            view=view,
            found=found_lines(view, language),
            reasons=view.sheet.sentences(language),
            choices=[choice for choice in RECOMMENDED if choice in view.choices],
            kinds={file.number: shown.letters(file.name, file.content_type) for file in view.sheet.files},
            problem_name=problem,
        )
        self.sessions.write(response, case_area(request), session)
        return response

    async def chosen(self, request: Request) -> Response:
        area, session = case_area(request), self._session(request)
        form = await self.pages.form(request, area)
        choice = CHOICES.get(form["choice"])
        if choice is None:
            raise NotPossible
        try:
            await self.cases.answer(
                id_of(request), key_of(session), choice, words=form["reason"], remove=_numbers(form)
            )
        except NotPossible:
            return await self._choose(request, session, status=422, problem=choice.value)
        response = see(f"{area}/chosen")
        facts = {**session.facts, "chosen": choice.value}
        self.sessions.write(response, area, Session(session.purpose, session.started_at, b"", b"", facts))
        return response

    async def done(self, request: Request) -> Response:
        session = self._session(request)
        return await case_page(
            self.pages,
            request,
            "case_chosen.html",
            here=f"{case_area(request)}/chosen",
            chosen=session.facts.get("chosen", ""),
            review=False,
        )

    def _session(self, request: Request) -> Session:
        return case_session(self.pages, request, Purpose.CASE)


def key_of(session: Session) -> CaseKey:
    return CaseKey(session.facts.get("grant", ""), session.code)


def found_lines(view: CaseView, language: str) -> list[tuple[str, Found]]:
    """What was found with the rule's title in the page's language; empty for what could not be read."""
    return [(one.title(language), one) for one in view.sheet.found]


def _numbers(form: Form) -> tuple[int, ...]:
    """The parts that are ticked: fields `part-3`."""
    found = (name.removeprefix("part-") for name in form.fields if name.startswith("part-"))
    return tuple(sorted(int(number) for number in found if number.isascii() and number.isdigit() and len(number) < 6))
