"""The account's pages over real services: closed doors, cookies, forged forms, other people's messages."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from gateway.core.login import LoginEnded
from gateway.core.organisation import Organisations, SecondFactor
from gateway.core.records import ApiToken, MessageState
from tests.portal.conftest import Browser
from tests.portal.fakes import ORGANISATION, House, login_lab
from tests.unit.service.lab import BIG, CLIENT, SENDER, Lab, app_digits

PASSWORD = "appeltaart met room"
OPEN_TO_ALL = ("/login", "/login/passkey", "/login/forgotten", "/logout")
OTHERS = "bram@example.nl"
COOKIE, DEVICE = "zegel-login", "zegel-device"


FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>.*?name="token" value="([0-9a-f]+)"', re.DOTALL)


class Person(Browser):
    """Sends the token of the form that it presses: signed-in pages have several forms."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.forms: dict[str, str] = {}

    async def press(self, path: str, **fields: str) -> httpx.Response:
        self.token = self.forms.get(path, self.token)
        return await super().press(path, **fields)

    def _learn(self, answer: httpx.Response) -> None:
        super()._learn(answer)
        self.forms.update(FORM.findall(answer.text))


@pytest.fixture
async def lab() -> Lab:
    lab = login_lab(ORGANISATION)
    await lab.accounts.create(organisation=lab.organisation, address=SENDER, name="Anna de Vries", password=PASSWORD)
    return lab


@pytest.fixture
async def browser(lab: Lab) -> AsyncIterator[Person]:
    async with client(lab) as made:
        yield made


def client(lab: Lab, *, https: bool = False) -> Person:
    app = House(https=https).over(lab)
    base = "https://localhost:8080" if https else "http://localhost:8080"
    return Person(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=base)


def optional(lab: Lab) -> None:
    lab.organisation = replace(lab.organisation, second_factor=SecondFactor.OPTIONAL)
    lab.organisations = Organisations((lab.organisation,))
    lab.build()


async def log_in(browser: Person, address: str = SENDER, password: str = PASSWORD, **more: str) -> httpx.Response:
    await browser.see("/login")
    return await browser.press("/login", address=address, password=password, **more)


async def signed_in(lab: Lab) -> Person:
    """A browser with an open session."""
    optional(lab)
    browser = client(lab)
    assert (await log_in(browser)).headers["location"] == "/sent"
    return browser


def routes(lab: Lab, method: str, message: str = "aaaaaaaaaaaaaaaa") -> list[str]:
    """Every route of signed-in accounts that takes the method."""
    found = []
    for route in House().over(lab).routes:
        own = isinstance(route, Route) and route.path.startswith(("/account", "/sent", "/login"))
        if isinstance(route, Route) and own and method in (route.methods or ()):
            found.append(route.path.replace("{id}", message).replace("{number:int}", "3"))
    return found


# -- the door


async def test_every_route_is_closed_without_a_session(lab: Lab, browser: Person) -> None:
    sealed = await lab.seal()
    await browser.see("/login")
    closed = 0
    for method in ("GET", "POST"):
        for path in routes(lab, method, sealed.message.id):
            if path in OPEN_TO_ALL:
                continue
            answer = await browser.request(method, path, data={"token": browser.token} if method == "POST" else None)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login"), path
            closed += 1
    assert closed >= 25
    assert lab.store.tables.messages[sealed.message.id].state is MessageState.ACTIVE


async def test_every_route_is_closed_to_a_session_that_is_not_far_enough(lab: Lab, browser: Person) -> None:
    assert (await log_in(browser)).headers["location"] == "/account/factors"
    sealed = await lab.seal()
    for method in ("GET", "POST"):
        for path in routes(lab, method, sealed.message.id):
            if path in OPEN_TO_ALL or path.startswith(("/account/factors", "/login/again")):
                continue
            answer = await browser.request(method, path, data={"token": "x"} if method == "POST" else None)
            assert answer.status_code == 303, path
            assert answer.headers["location"] == "/account/factors", path
    # Of what belongs to setting up, only adding.
    assert (await browser.get("/account/factors/remove")).headers["location"] == "/account/factors"


async def test_forms_without_their_token_change_nothing(lab: Lab) -> None:
    sealed = await lab.seal()
    browser = await signed_in(lab)
    before = lab.store.tables.copy()
    for path in [*routes(lab, "POST", sealed.message.id), "/logout"]:
        for token in ("", "x" * 40):
            answer = await browser.post(path, data={"token": token, "change": "revoke", "all": "yes", "name": "x"})
            # A GoFirst page is for another stage; a form that is read without its token is refused.
            assert answer.status_code in (303, 400), path
            if answer.status_code == 303:
                assert path.startswith("/login/second"), path
    after = lab.store.tables
    assert (after.sessions.keys(), after.accounts, after.messages) == (
        before.sessions.keys(),
        before.accounts,
        before.messages,
    )


async def test_foreign_forms_are_refused_on_every_route(lab: Lab) -> None:
    sealed = await lab.seal()
    browser = await signed_in(lab)
    await browser.see("/account")
    for path in [*routes(lab, "POST", sealed.message.id), "/logout"]:
        headers = {"sec-fetch-site": "cross-site"}
        answer = await browser.post(path, data={"token": browser.token}, headers=headers)
        assert answer.status_code == 403, path
        assert "another site" in answer.text


async def test_looking_changes_nothing_on_any_route(lab: Lab) -> None:
    sealed = await lab.seal()
    browser = await signed_in(lab)
    before = lab.store.tables
    for method in ("GET", "HEAD"):
        for path in routes(lab, "GET", sealed.message.id):
            answer = await browser.request(method, path, params={"id": "x", "address": "jan@elders.example"})
            assert answer.status_code in (200, 303), path
    assert lab.store.tables is before  # not one write


async def test_anothers_message_is_as_if_it_were_not_there(lab: Lab) -> None:
    sealed = await lab.seal()
    optional(lab)
    await lab.accounts.create(organisation=lab.organisation, address=OTHERS, name="Bram", password=PASSWORD)
    browser = client(lab)
    await log_in(browser, OTHERS)
    assert sealed.message.id not in (await browser.see("/sent")).text
    for path in routes(lab, "GET", sealed.message.id):
        if sealed.message.id in path:
            mine = await browser.get(path)
            never = await browser.get(path.replace(sealed.message.id, "bbbbbbbbbbbbbbbb"))
            assert (mine.status_code, never.status_code) == (404, 404), path
    await browser.see("/account")
    answer = await browser.press(f"/sent/{sealed.message.id}/change", change="revoke")
    assert answer.status_code == 404
    assert lab.store.tables.messages[sealed.message.id].state is MessageState.ACTIVE


# -- signing in


async def test_wrong_address_and_wrong_password_look_the_same(lab: Lab) -> None:
    pages = []
    for address, password in ((SENDER, "verkeerd wachtwoord"), ("niemand@example.nl", PASSWORD), ("geen adres", "x")):
        async with client(lab) as browser:
            answer = await log_in(browser, address, password)
            assert answer.status_code == 403
            pages.append(re.sub(r'value="[^"]*"|data-options="[^"]*"', "", answer.text))
            assert answer.headers.get_list("set-cookie") == []
    assert len(set(pages)) == 1


async def test_too_many_tries_wait(lab: Lab, browser: Person) -> None:
    for _ in range(5):
        assert (await log_in(browser, password="verkeerd wachtwoord")).status_code == 403
    answer = await log_in(browser)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) <= 60
    lab.later(minutes=1)
    assert (await log_in(browser)).status_code == 303


async def test_cookies_are_sealed_http_only_and_new_at_each_step(lab: Lab) -> None:
    optional(lab)
    async with client(lab, https=True) as browser:
        answer = await log_in(browser)
        first = browser.cookies["__Host-zegel-login"]
        for line in answer.headers.get_list("set-cookie"):
            assert line.startswith("__Host-")
            for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
                assert word in line
        assert "Max-Age" not in next(x for x in answer.headers.get_list("set-cookie") if "zegel-login" in x)
        await browser.see("/login/again")
        await browser.press("/login/again", password=PASSWORD)
        assert browser.cookies["__Host-zegel-login"] != first
    async with client(lab, https=True) as thief:
        thief.cookies.set("__Host-zegel-login", first)
        assert (await thief.get("/sent")).status_code == 303


async def test_a_session_that_was_known_before_is_nothing_after(lab: Lab, browser: Person) -> None:
    """Fixation: what a thief put into, or knew of, the browser before a step means nothing after it."""
    await log_in(browser)
    before = browser.cookies[COOKIE]
    page = (await browser.see("/account/factors/app")).text
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    secret = re.search(r"secret=([A-Z2-7]+)", page)
    assert sealed
    assert secret
    digits = app_digits(base64.b32decode(secret[1]), lab.now)
    answer = await browser.press("/account/factors/app", sealed=sealed[1], digits=digits)
    assert answer.headers["location"] == "/sent"
    assert (await browser.get("/sent")).status_code == 200
    async with client(lab) as thief:
        thief.cookies.set(COOKIE, before)
        assert (await thief.get("/sent")).status_code == 303
        assert (await thief.get("/account/factors")).status_code == 303


async def test_signing_in_anew_ends_the_former_session(lab: Lab) -> None:
    browser = await signed_in(lab)
    former = browser.cookies[COOKIE]
    # The form was open in another tab.
    answer = await browser.press("/login", address=SENDER, password=PASSWORD)
    assert answer.status_code == 303
    assert (await browser.get("/sent")).status_code == 200
    async with client(lab) as thief:
        thief.cookies.set(COOKIE, former)
        assert (await thief.get("/sent")).status_code == 303


async def test_signing_out_ends_the_session_on_the_server(lab: Lab) -> None:
    browser = await signed_in(lab)
    copied = browser.cookies[COOKIE]
    page = await browser.get("/sent")
    token = re.search(r'action="/logout"><input type="hidden" name="token" value="([0-9a-f]+)"', page.text)
    assert token
    answer = await browser.post("/logout", data={"token": token[1]})
    assert answer.status_code == 200
    assert COOKIE not in browser.cookies
    browser.cookies.set(COOKIE, copied)
    assert (await browser.get("/sent")).status_code == 303


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/logout",
        "/sent\r\nX: y",
        "javascript:alert(1)",
        "/m/x",
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(lab: Lab, target: str) -> None:
    optional(lab)
    async with client(lab) as browser:
        assert (await log_in(browser, next=target)).headers["location"] == "/sent"


async def test_signing_in_leads_back(lab: Lab) -> None:
    optional(lab)
    browser = client(lab)
    answer = await browser.get("/account/password")
    assert answer.headers["location"] == "/login?next=/account/password"
    page = await browser.see(answer.headers["location"])
    assert 'name="next" value="/account/password"' in page.text
    assert (await log_in(browser, next="/account/password")).headers["location"] == "/account/password"


async def test_a_forgotten_password_tells_nothing(lab: Lab, browser: Person) -> None:
    answers = []
    for address in (SENDER, "niemand@example.nl"):
        await browser.see("/login/forgotten")
        answer = await browser.press("/login/forgotten", address=address)
        assert answer.status_code == 200
        answers.append(answer.text)
    assert len(set(answers)) == 1


async def test_nonsense_as_a_passkey_is_refused_in_words(lab: Lab, browser: Person) -> None:
    page = (await browser.see("/login")).text
    challenge = re.search(r'name="challenge" value="([^"]+)"', page)
    assert challenge
    for answer in (
        "",
        "{}",
        "[]",
        "null",
        '{"id": 3}',
        "x" * 9000,
        '{"id":"aa","rawId":"aa","type":"public-key","response":{}}',
    ):
        for given in (challenge[1], "", "AAAA", "é"):
            refused = await browser.press("/login/passkey", answer=answer, challenge=given, prf="A" * 43)
            if refused.status_code == 429:
                return
            assert refused.status_code == 403, (answer, given)


# -- the account's pages


async def test_names_and_subjects_are_text(lab: Lab) -> None:
    hostile = '<script>alert(1)</script>"><img src=x>'
    await lab.seal(subject=hostile)
    browser = await signed_in(lab)
    await browser.see("/account")
    await browser.press("/account/profile", name=hostile, language="nl")
    for path in ("/account", "/sent"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;" in page


async def test_the_list_is_paged(lab: Lab) -> None:
    for number in range(27):
        await lab.seal(subject=f"Bericht {number:02}")
        lab.later(minutes=1)
    browser = await signed_in(lab)
    first = (await browser.get("/sent")).text
    older = re.search(r'href="(/sent\?before=[^"]+)"', first)
    assert older
    second = (await browser.get(older[1])).text
    shown = [re.findall(r"Bericht \d\d", page) for page in (first, second)]
    assert [len(page) for page in shown] == [25, 2]
    assert shown[0] + shown[1] == [f"Bericht {number:02}" for number in reversed(range(27))]
    assert 'rel="next"' not in second
    for nonsense in ("x", "nan-aaaaaaaaaaaaaaaa", "9" * 400 + "-aaaaaaaaaaaaaaaa", "-", "1-x"):
        assert (await browser.get("/sent", params={"before": nonsense})).status_code == 200


async def test_a_sent_message_is_read_downloaded_and_taken_back(lab: Lab) -> None:
    sealed = await lab.seal()
    browser = await signed_in(lab)
    at = f"/sent/{sealed.message.id}"
    assert "Uitslag" in (await browser.see(f"{at}/overview")).text
    assert "Het BSN is 111222333" in (await browser.get(f"{at}/message?view=text")).text
    assert "Hallo" in (await browser.get(f"{at}/body")).text
    assert (await browser.get(f"{at}/part/3")).content == BIG
    ranged = await browser.get(f"{at}/part/3", headers={"range": "bytes=10-19"})
    assert (ranged.status_code, ranged.content) == (206, BIG[10:20])
    assert (await browser.get(f"{at}/part/3", headers={"range": "bytes=999999999-"})).status_code == 416
    assert b"Subject: Uitslag" in (await browser.get(f"{at}/message.eml")).content
    assert (await browser.get(f"{at}/message.zip")).content.startswith(b"PK")
    assert (await browser.get(f"{at}/part/9")).status_code == 404
    await browser.see(f"{at}/confirm")
    assert (await browser.press(f"{at}/change", change="revoke")).status_code == 303
    assert lab.store.tables.messages[sealed.message.id].state is MessageState.REVOKED
    assert lab.store.tables.audit[-1].actor == sealed.message.account_id
    assert (await browser.get(f"{at}/message")).status_code == 410
    page = (await browser.get("/sent")).text
    assert "Onderwerp niet meer leesbaar" in page
    assert "Uitslag" not in page


async def test_the_password_once_more_leads_back_to_what_was_asked_for(lab: Lab) -> None:
    browser = await signed_in(lab)
    lab.later(minutes=20)
    answer = await browser.get("/account/factors/phone")
    assert answer.headers["location"] == "/login/again?next=/account/factors/phone"
    await browser.see(answer.headers["location"])
    assert (await browser.press("/login/again", next="/account/factors/phone", password="verkeerd")).status_code == 403
    done = await browser.press("/login/again", next="/account/factors/phone", password=PASSWORD)
    assert done.headers["location"] == "/account/factors/phone"
    assert (await browser.get("/account/factors/phone")).status_code == 200


async def test_idle_sessions_end_and_say_so(lab: Lab) -> None:
    browser = await signed_in(lab)
    lab.now += timedelta(hours=1)
    answer = await browser.get("/sent")
    assert answer.headers["location"] == "/login?next=/sent"
    assert "Uw sessie is afgelopen" in (await browser.get(answer.headers["location"])).text


async def test_a_download_ends_with_its_session(lab: Lab) -> None:
    sealed = await lab.seal()
    browser = await signed_in(lab)
    [session] = lab.store.tables.sessions.values()
    step = await lab.login.sign_in.with_password(SENDER, PASSWORD, CLIENT)
    person = await lab.login.sessions.enter(step.ticket, (session.stage,), CLIENT)
    await lab.login.sessions.end(person.account, person.session.id)
    with pytest.raises(LoginEnded):
        await lab.login.sent.ended(person, sealed.message.id)
    await browser.aclose()


async def test_programs_are_listed_and_ended_by_their_owner_only(lab: Lab) -> None:
    optional(lab)
    account = await lab.accounts.create(organisation=lab.organisation, address=OTHERS, name="Bram", password=PASSWORD)
    async with lab.store.write() as tx:
        owner = await tx.account_by_address(SENDER)
        assert owner is not None
        for name, whose in (("mine", owner.id), ("brams", account.id)):
            soon = lab.now + timedelta(days=1)
            await tx.add_api_token(ApiToken(name, whose, f"Program {name}", ("check",), name.encode(), lab.now, soon))
    browser = client(lab)
    await log_in(browser)
    page = (await browser.see("/account")).text
    assert "Program mine" in page
    assert "Program brams" not in page
    for name in ("brams", "mine"):
        assert (await browser.press("/account/programs", program=name)).status_code == 303
    assert list(lab.store.tables.tokens) == ["brams"]


# -- activation leads here


async def test_an_activated_account_signs_in(lab: Lab, browser: Person) -> None:
    account = await lab.accounts.first_contact(lab.organisation, OTHERS, "Bram")
    [order] = await lab.orders("activation")
    code = lab.vault.format_code(order.code)
    at = f"/activate/{account.id}"
    await browser.see(at)
    weak = await browser.press(at, code=code, password="Welkom2026!!", again="Welkom2026!!")
    assert weak.status_code == 422
    assert "te makkelijk te raden" in weak.text
    done = await browser.press(at, code=code, password=PASSWORD, again=PASSWORD)
    assert 'href="/login"' in done.text
    assert (await log_in(browser, OTHERS)).headers["location"] == "/account/factors"


async def test_the_account_of_another_organisation_is_unknown_here(lab: Lab) -> None:
    """Two organisations with addresses of their own: each signs in at its own."""
    other = replace(
        lab.organisation, id="other", name="Ander", domains=("ander.nl",), portal_url="http://ander.example:8080"
    )
    own = replace(lab.organisation, second_factor=SecondFactor.OPTIONAL)
    lab.organisations = Organisations((own, replace(other, second_factor=SecondFactor.OPTIONAL)))
    lab.build()
    await lab.accounts.create(organisation=other, address="x@ander.nl", name="X", password=PASSWORD)
    async with client(lab) as browser:
        assert (await log_in(browser, "x@ander.nl")).status_code == 403
        assert (await log_in(browser)).status_code == 303
