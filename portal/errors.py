"""Error pages: what happened, what it means, what to do next, with the right status. No cause and no secret is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import ceil
from typing import Any
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.core.errors import CannotOpen, Unavailable
from gateway.core.login import LoginEnded, NeedsPassword
from gateway.core.organisation import Organisation
from gateway.core.pickup import (
    Expired,
    Locked,
    PickupError,
    Revoked,
    Settled,
    TooMany,
    TooSoon,
    Unknown,
    WrongCode,
    WrongFactor,
    WrongNumber,
)
from portal.door import GoFirst, back_of, for_login
from portal.forms import BadForm, FormTooLarge
from portal.languages import Times, translations
from portal.pages import Pages, see
from portal.sessions import SessionEnded

log = structlog.get_logger()

Words = Callable[[str], str]
Sentences = tuple[str, ...]  # the title, then paragraphs


class ErrorPages:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def handlers(self) -> Mapping[Any, Any]:
        return {
            PickupError: self.pickup,
            SessionEnded: self.session_ended,
            LoginEnded: self.login_ended,
            GoFirst: self.go_first,
            NeedsPassword: self.needs_password,
            FormTooLarge: self.too_large,
            BadForm: self.bad_form,
            Unavailable: self.unavailable,
            CannotOpen: self.broken,
            ClientDisconnect: self.gone,
            HTTPException: self.http,
        }

    async def pickup(self, request: Request, error: PickupError) -> Response:
        until = getattr(error, "until", None) or getattr(error, "retry_at", None)
        retry = max(1, ceil((until - self.pages.deps.clock()).total_seconds())) if until else 0
        headers = {"Retry-After": str(retry)} if until else None
        again = _area(request) if isinstance(error, Locked | TooMany | TooSoon | WrongCode | WrongFactor) else ""
        words = await self._pickup_words(request, error, until)
        return await self._page(request, error.http, words, back=again, headers=headers)

    async def _pickup_words(self, request: Request, error: PickupError, until: datetime | None) -> Sentences:
        _ = await self._words(request)
        clock = Times(
            self.pages.language(request, await self._organisation(request)), self.pages.deps.settings.timezone
        )
        moment = clock.moment(until) if until else ""
        match error:
            case Unknown():
                return _unknown(_)
            case Revoked():
                return (
                    _("The sender has taken this back"),
                    _("You can no longer open the message. It has been made unreadable for good."),
                    _("Do you think that this is a mistake? Then ask the sender."),
                )
            case Expired():
                return (
                    _("This message has expired"),
                    _("The sender chose until when you could read it. After that it was destroyed."),
                    _("Do you still need it? Then ask the sender to send it again."),
                )
            case Locked():
                return (
                    _("Locked for a while"),
                    _("The password was wrong too often. You can try again after {moment}.").format(moment=moment),
                    _("Was it not you? The sender has been told. You need to do nothing."),
                )
            case WrongNumber():
                return (
                    _("Waiting for the right number"),
                    _("You told us that the phone number is not yours. The sender knows, and has to correct it."),
                    _("When that is done, open the link in the mail again."),
                )
            case Settled():
                return (
                    _("This has been decided"),
                    _("Somebody has decided about this message, or the time to choose is over."),
                    _("A mail tells the sender what happened to it. You need to do nothing."),
                )
            case TooMany() | TooSoon():
                return (
                    _("Please wait a little"),
                    _("There were too many attempts. You can try again after {moment}.").format(moment=moment),
                )
            case _:
                return (
                    _("This is not possible now"),
                    _("Something changed in the meantime. Go back, look at the page again and repeat what you did."),
                )

    async def session_ended(self, request: Request, error: SessionEnded) -> Response:
        _ = await self._words(request)
        words = (
            _("Please open it again"),
            _("For your safety a message closes when you have not used it for twenty minutes."),
            _("Open the link in the mail again, or type the code that is printed there."),
        )
        return await self._page(request, 403, words, back=error.area, back_words=_("Type the code"))

    async def login_ended(self, request: Request, _error: LoginEnded) -> Response:
        return see(for_login(request))

    async def go_first(self, _request: Request, error: GoFirst) -> Response:
        return see(error.path)

    async def needs_password(self, request: Request, _error: NeedsPassword) -> Response:
        """Back to the page that was asked for, after the password; what was typed there is lost, which is rare."""
        path = request.url.path.removesuffix("/code")
        back = path if back_of(path) else "/account"
        return see(f"/login/again?next={quote(back)}")

    async def too_large(self, request: Request, _error: FormTooLarge) -> Response:
        _ = await self._words(request)
        words = (
            _("This is too much for one answer"),
            _("The attachments may be 25 MB in all. Nothing was sent."),
            _("Go back, choose fewer or smaller files, and send the rest in a second answer."),
        )
        # The rest of the form is not read: the browser must not send its next request behind it.
        return await self._page(request, 413, words, back=_area(request) + "/answer", headers={"Connection": "close"})

    async def bad_form(self, request: Request, _error: BadForm) -> Response:
        _ = await self._words(request)
        words = (
            _("This form is no longer valid"),
            _("It was open for too long, or your browser keeps no cookies. Nothing was sent."),
            _("Go back, reload the page and try once more."),
        )
        return await self._page(request, 400, words, back=_area(request))

    async def unavailable(self, request: Request, error: Exception) -> Response:
        log.warning("page_unavailable", error=type(error).__name__)
        _ = await self._words(request)
        words = (
            _("This does not work for the moment"),
            _("Nothing is lost. Please try again in a few minutes."),
        )
        return await self._page(request, 503, words, back=_area(request), headers={"Retry-After": "120"})

    async def broken(self, request: Request, error: Exception) -> Response:
        log.error("page_broken", error=type(error).__name__, exc_info=error)
        _ = await self._words(request)
        words = (
            _("Something went wrong on our side"),
            _("Your message is safe. Please try again in a few minutes."),
        )
        return await self._page(request, 500, words, back="")

    async def http(self, request: Request, error: HTTPException) -> Response:
        _ = await self._words(request)
        words = _unknown(_) if error.status_code == 404 else (_("This is not possible now"),)
        return await self._page(request, error.status_code, words, back="", headers=dict(error.headers or {}))

    async def gone(self, _request: Request, _error: ClientDisconnect) -> Response:
        return Response(status_code=400)

    async def _words(self, request: Request) -> Words:
        return translations(self.pages.language(request, await self._organisation(request))).gettext

    async def _organisation(self, request: Request) -> Organisation | None:
        """Whose page it would have been; asked once. An error page must not fail in its turn: then it bears no name."""
        if not hasattr(request.state, "organisation"):
            try:
                request.state.organisation = await self.pages.organisation(request)
            except Exception as error:
                log.warning("organisation_unknown", error=type(error).__name__)
                request.state.organisation = None
        found: Organisation | None = request.state.organisation
        return found

    async def _page(
        self,
        request: Request,
        status: int,
        words: Sentences,
        *,
        back: str,
        back_words: str = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        return self.pages.page(
            request,
            "error.html",
            organisation=await self._organisation(request),
            here=_area(request) or "/",
            status=status,
            headers=headers,
            status_code=status,
            title=words[0],
            sentences=words[1:],
            back=back,
            back_words=back_words,
        )


def _area(request: Request) -> str:
    """The path of the message or the account's page that the page belongs to; empty for other pages."""
    pieces = request.url.path.split("/")
    if pieces[1] in ("login", "account", "sent"):
        return f"/{pieces[1]}"
    return "/".join(pieces[:3]) if len(pieces) > 2 and pieces[1] in ("m", "manage", "case", "activate") else ""


def _unknown(_: Words) -> Sentences:
    return (
        _("There is nothing here"),
        _("The link may be incomplete, or the message may have been removed long ago."),
        _("Open the link in the mail again, or copy all of it into the address bar."),
    )
