"""The sender's pages behind a manage link: who has read it, take it back, give what was missing.

The rule: these pages never show a subject or content, and every change is a POST after a page that says what it does.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.pickup import NotPossible, Unknown, WrongCode
from gateway.core.records import Event, EventKind, MessageState
from gateway.service.receipts import Overview, ReceiptState, RecipientStatus
from portal.forms import Form
from portal.pages import Pages, client_of, id_of, see
from portal.sessions import Purpose, Session, SessionEnded

ACTOR = "manage-link"
FEW = 5  # recipients whose history is shown at once
ASKS = ("waiting", "wrong-number")  # what the sender has to do something about, so it comes first

ENDED = frozenset({ReceiptState.REVOKED, ReceiptState.EXPIRED})


@dataclass(frozen=True, slots=True)
class View:
    """One recipient on the page. `key` names the standing, `open` says that there is something to take back or change."""

    address: str
    key: str
    phone: str
    events: tuple[Event, ...]
    open: bool
    changeable: bool


class Sender:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.manage = pages.deps.manage
        self.sessions = pages.sessions

    def routes(self) -> list[Route]:
        at = "/manage/{id}"
        return [
            Route(at, self.landing),
            Route(at + "/open", self.open, methods=["POST"]),
            Route(at + "/overview", self.overview),
            Route(at + "/confirm", self.confirm),
            Route(at + "/recipient", self.recipient),
            Route(at + "/change", self.change, methods=["POST"]),
            Route(at + "/leave", self.leave, methods=["POST"]),
        ]

    async def landing(self, request: Request) -> Response:
        area = _area(request)
        return await self._page(request, "manage_landing.html", here=area, wrong=False)

    async def open(self, request: Request) -> Response:
        area = _area(request)
        form = await self.pages.form(request, area)
        try:
            await self.manage.open(id_of(request), form["code"], client_of(request))
        except WrongCode:
            return await self._page(request, "manage_landing.html", here=area, status=403, wrong=True)
        response = see(f"{area}/overview")
        self.sessions.write(response, area, self.sessions.start(Purpose.MANAGE))
        return response

    async def overview(self, request: Request) -> Response:
        session, area = self._session(request), _area(request)
        overview = await self.manage.overview(id_of(request))
        response = await self._page(request, "manage.html", overview=overview, **_facts(overview))
        self.sessions.write(response, area, session)
        return response

    async def confirm(self, request: Request) -> Response:
        """Asks once more before something is taken back. `?address=` names one recipient; without it, the message."""
        self._session(request)
        address = request.query_params.get("address", "")
        overview = await self.manage.overview(id_of(request))
        if address and address not in [status.address for status in overview.recipients]:
            raise Unknown
        return await self._page(request, "manage_confirm.html", here=f"{_area(request)}/overview", address=address)

    async def recipient(self, request: Request) -> Response:
        self._session(request)
        return await self._recipient(request, request.query_params.get("address", ""))

    async def _recipient(self, request: Request, address: str, *, status: int = 200, problem: str = "") -> Response:
        """What can be given for one recipient: a number, a password, or the code only."""
        overview = await self.manage.overview(id_of(request))
        found = next((one for one in overview.recipients if one.address == address), None)
        if found is None:
            raise Unknown
        return await self._page(
            request,
            "manage_recipient.html",
            here=f"{_area(request)}/overview",
            status=status,
            recipient=found,
            waits=found.state is ReceiptState.WAITING,
            problem_name=problem,
        )

    async def change(self, request: Request) -> Response:
        self._session(request)
        form = await self.pages.form(request, _area(request))
        try:
            await self._change(id_of(request), form)
        except NotPossible:
            if form["change"] not in ("phone", "password"):
                raise
            return await self._recipient(request, form["address"], status=422, problem=form["change"])
        return see(f"{_area(request)}/overview")

    def _change(self, message_id: str, form: Form) -> Awaitable[object]:
        address = form["address"]
        match form["change"]:
            case "revoke":
                return self.manage.revoke_message(message_id, ACTOR)
            case "revoke-recipient":
                return self.manage.revoke_recipient(message_id, address, ACTOR)
            case "phone":
                return self.manage.set_phone(message_id, address, form["phone"])
            case "password":
                return self.manage.set_password(message_id, address, form["password"], form["hint"])
            case "code-only":
                return self.manage.use_code_only(message_id, address)
            case "cancel":
                return self.manage.cancel(message_id, address)
            case _:
                raise NotPossible

    async def leave(self, request: Request) -> Response:
        area = _area(request)
        await self.pages.form(request, area)
        response = await self._page(request, "left.html", here=area)
        self.sessions.end(response, area)
        return response

    async def _page(
        self, request: Request, template: str, *, here: str = "", status: int = 200, **facts: Any
    ) -> Response:
        """With the name and colours of the organisation whose message it is."""
        owner = await self.pages.organisation(request)
        return self.pages.page(
            request, template, organisation=owner, area=_area(request), here=here, status=status, **facts
        )

    def _session(self, request: Request) -> Session:
        session = self.sessions.read(request, _area(request), Purpose.MANAGE)
        if session is None:
            raise SessionEnded(_area(request))
        return session


def _area(request: Request) -> str:
    return f"/manage/{id_of(request)}"


def _facts(overview: Overview) -> dict[str, Any]:
    views = [_view(status) for status in overview.recipients]
    return {
        "views": sorted(views, key=lambda view: view.key not in ASKS),
        "asks": sum(view.key in ASKS for view in views),
        "few": FEW,
        "read": sum(any(e.kind is EventKind.READ for e in status.events) for status in overview.recipients),
        "active": overview.state is MessageState.ACTIVE,
    }


def _view(status: RecipientStatus) -> View:
    answered = status.state is ReceiptState.READ and any(e.kind is EventKind.ANSWERED for e in status.events)
    return View(
        status.address,
        "answered" if answered else status.state.value,
        status.phone,
        status.events,
        open=status.state not in ENDED,
        changeable=bool(status.phone) or status.state in (ReceiptState.WAITING, ReceiptState.WRONG_NUMBER),
    )
