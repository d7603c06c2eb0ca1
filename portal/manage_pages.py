"""The pages of one sealed message for its sender: who has read it, take it back, give what was missing.

How the sender comes in is another file's affair: by a manage link (`portal.sender`), or signed in (`portal.sent`). The rule:
every change is a POST after a page that says what it does.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core.organisation import Organisation
from gateway.core.pickup import NotPossible, Unknown
from gateway.core.records import Event, EventKind, MessageState
from gateway.service.receipts import Overview, ReceiptState, RecipientStatus
from portal.forms import Form
from portal.pages import Pages, id_of, see

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


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is at the page: the audit log's name for them, whose pages it are, and what the templates show of them."""

    actor: str
    organisation: Organisation | None
    facts: dict[str, Any]


class ManagePages:
    """`at` is where the pages stand. Children say who may enter."""

    at = ""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.manage = pages.deps.manage

    def message_routes(self) -> list[Route]:
        return [
            Route(self.at + "/overview", self.overview),
            Route(self.at + "/confirm", self.confirm),
            Route(self.at + "/recipient", self.recipient),
            Route(self.at + "/change", self.change, methods=["POST"]),
        ]

    async def enter(self, request: Request) -> Entered:
        """Raises when this request may not see the message."""
        raise NotImplementedError

    def keep(self, request: Request, response: Response) -> None:
        """Slides the session on, where the browser holds its end."""

    def area(self, request: Request) -> str:
        return self.at.replace("{id}", id_of(request))

    async def overview(self, request: Request) -> Response:
        entered = await self.enter(request)
        overview = await self.manage.overview(id_of(request))
        response = self._page(request, entered, "manage.html", overview=overview, **facts_of(overview))
        self.keep(request, response)
        return response

    async def confirm(self, request: Request) -> Response:
        """Asks once more before something is taken back. `?address=` names one recipient; without it, the message."""
        entered = await self.enter(request)
        address = request.query_params.get("address", "")
        overview = await self.manage.overview(id_of(request))
        if address and address not in [status.address for status in overview.recipients]:
            raise Unknown
        here = f"{self.area(request)}/overview"
        return self._page(request, entered, "manage_confirm.html", here=here, address=address)

    async def recipient(self, request: Request) -> Response:
        entered = await self.enter(request)
        return await self._recipient(request, entered, request.query_params.get("address", ""))

    async def _recipient(
        self, request: Request, entered: Entered, address: str, *, status: int = 200, problem: str = ""
    ) -> Response:
        """What can be given for one recipient: a number, a password, or the code only."""
        overview = await self.manage.overview(id_of(request))
        found = next((one for one in overview.recipients if one.address == address), None)
        if found is None:
            raise Unknown
        return self._page(
            request,
            entered,
            "manage_recipient.html",
            here=f"{self.area(request)}/overview",
            status=status,
            recipient=found,
            waits=found.state is ReceiptState.WAITING,
            problem_name=problem,
        )

    async def change(self, request: Request) -> Response:
        entered = await self.enter(request)
        form = await self.pages.form(request, self.area(request))
        try:
            await self._change(id_of(request), form, entered.actor)
        except NotPossible:
            if form["change"] not in ("phone", "password"):
                raise
            return await self._recipient(request, entered, form["address"], status=422, problem=form["change"])
        return see(f"{self.area(request)}/overview")

    def _change(self, message_id: str, form: Form, actor: str) -> Awaitable[object]:
        address = form["address"]
        match form["change"]:
            case "revoke":
                return self.manage.revoke_message(message_id, actor)
            case "revoke-recipient":
                return self.manage.revoke_recipient(message_id, address, actor)
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

    def _page(
        self, request: Request, entered: Entered, template: str, *, here: str = "", status: int = 200, **facts: Any
    ) -> Response:
        """With the name and colours of the organisation whose message it is."""
        return self.pages.page(
            request,
            template,
            organisation=entered.organisation,
            area=self.area(request),
            here=here,
            status=status,
            **{"frame": "base.html", "subject": None, "signed_in": None, **entered.facts},
            **facts,
        )


def facts_of(overview: Overview) -> dict[str, Any]:
    views = [view_of(status) for status in overview.recipients]
    return {
        "views": sorted(views, key=lambda view: view.key not in ASKS),
        "asks": sum(view.key in ASKS for view in views),
        "few": FEW,
        "read": sum(any(e.kind is EventKind.READ for e in status.events) for status in overview.recipients),
        "active": overview.state is MessageState.ACTIVE,
    }


def view_of(status: RecipientStatus) -> View:
    answered = status.state is ReceiptState.READ and any(e.kind is EventKind.ANSWERED for e in status.events)
    return View(
        status.address,
        "answered" if answered else status.state.value,
        status.phone,
        status.events,
        open=status.state not in ENDED,
        changeable=bool(status.phone) or status.state in (ReceiptState.WAITING, ReceiptState.WRONG_NUMBER),
    )
