"""Pages: templates with what each of them needs (language, organisation, form token, times), and the error pages.

Every page is rendered through `Pages.page`, every form goes through `Pages.form`. Templates are in portal/templates, with
autoescape; sentences are English in the template and translated by portal/locale.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.core.ids import is_id
from gateway.core.organisation import Organisation
from gateway.core.pickup import Client, Unknown
from portal.deps import PortalDeps
from portal.forms import BadForm, Form, read_form, read_upload
from portal.languages import COOKIE, LANGUAGES, Times, asked_for, choose, chosen, size_in_words, translations
from portal.security import FormTokens
from portal.sessions import Sessions

TEMPLATES = Path(__file__).parent / "templates"
YEAR = 365 * 86400


class Pages:
    """Renders pages and reads forms."""

    def __init__(self, deps: PortalDeps) -> None:
        self.deps = deps
        self.sessions = Sessions(deps.server_key, deps.clock, deps.settings.https)
        self.tokens = FormTokens(deps.server_key, https=deps.settings.https)
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def language(self, request: Request, organisation: Organisation | None = None) -> str:
        organisation = organisation or self._host_of(request)
        return choose(request, organisation.language if organisation else "en")

    async def organisation(self, request: Request) -> Organisation | None:
        """Whose page this is: by the id in its link, also when that has ended; else by the address people see."""
        _, kind, identity, *_rest = [*request.url.path.split("/"), "", ""]
        owners = self.deps.owners
        ask = {
            "m": owners.of_grant,
            "manage": owners.of_message,
            "case": owners.of_message,
            "activate": owners.of_account,
        }.get(kind)
        found = await ask(identity) if ask is not None and is_id(identity) else None
        return found or self._host_of(request)

    def _host_of(self, request: Request) -> Organisation | None:
        """The only organisation, or the only one with this address."""
        known = self.deps.organisations.all
        if len(known) > 1:
            host = request.headers.get("host", "").lower()
            known = tuple(one for one in known if urlsplit(one.portal_url).netloc.lower() == host)
        return known[0] if len(known) == 1 else None

    def page(
        self,
        request: Request,
        template: str,
        *,
        organisation: Organisation | None = None,
        area: str = "/",
        here: str = "",
        status: int = 200,
        headers: dict[str, str] | None = None,
        **facts: Any,
    ) -> Response:
        """`area` is the path that the page's forms and session belong to; `here` a path that can be fetched again."""
        organisation = organisation or self._host_of(request)
        language = self.language(request, organisation)
        seed = self.tokens.seed(request)
        times = Times(language, self.deps.settings.timezone)
        html = (
            self._environments[language]
            .get_template(template)
            .render(
                organisation=organisation,
                language=language,
                languages=LANGUAGES,
                here=here or request.url.path,
                area=area,
                token=self.tokens.token(seed, area),
                token_for=partial(self.tokens.token, seed),
                times=times,
                now=self.deps.clock(),
                size=partial(size_in_words, language=language),
                demo=self.deps.settings.demo,
                **facts,
            )
        )
        response = HTMLResponse(html, status, headers)
        response.headers["Content-Language"] = language
        self.tokens.keep(request, response, seed)
        if asked_for(request):
            response.set_cookie(
                COOKIE, language, max_age=YEAR, path="/", secure=self.deps.settings.https, httponly=True, samesite="lax"
            )
        return response

    async def form(self, request: Request, area: str) -> Form:
        """A small form's fields. Raises `BadForm` when its token is not right."""
        return self._checked(request, area, await read_form(request))

    async def upload(self, request: Request, area: str) -> Form:
        """A form with files, in memory. Raises `BadForm`, `FormTooLarge`."""
        return self._checked(request, area, await read_upload(request))

    def _checked(self, request: Request, area: str, form: Form) -> Form:
        if not self.tokens.valid(request, area, form["token"]):
            raise BadForm
        return form


def id_of(request: Request) -> str:
    """The id in the address. Raises `Unknown` for what has not the shape of one."""
    identity = str(request.path_params["id"])
    if not is_id(identity):
        raise Unknown
    return identity


def client_of(request: Request) -> Client:
    """Who asks: the address limits count by, and the browser's own words for receipts."""
    peer = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")[:200]
    return Client(peer=peer, agent=agent, language=chosen(request) or "")


def see(path: str) -> Response:
    """Go on to a page, by GET (303): a reload then sends nothing again."""
    return RedirectResponse(path, 303)


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        auto_reload=False,  # an upgrade under a running portal must not mix old code with new templates
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["paragraphs"] = _paragraphs
    return environment


def _paragraphs(text: str) -> Markup:
    """Plain text in paragraphs, escaped."""
    return Markup("").join(Markup("<p>{}</p>").format(part) for part in text.split("\n\n") if part.strip())
