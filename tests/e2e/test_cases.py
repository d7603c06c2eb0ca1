"""Warn and hold as people meet them, in Dutch and in English: mail by real SMTP, the letter, the page in a browser, and what
leaves then. Every page that is passed on the way is looked at by axe-core, on a desk and on a phone."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal.languages import translations
from tests.e2e.demo import Link, link_in, parsed, until
from tests.e2e.office import shot, words
from tests.e2e.site import Site, running_site
from tests.peers.chromium import OpenPage, complaints

pytestmark = pytest.mark.e2e

ANNA, ELS, PASSWORD = "anna@example.nl", "els@example.nl", "een lang wachtwoord"
BSN = "111222333"
POLICIES = f"""
[[policy]]
id = "bsn-leaves-sealed"
when.direction = "outbound"
when.finds = {{ rules = ["nl.bsn"] }}
then.action = "warn"
then.choices = ["seal", "send", "remove", "cancel"]
then.explain.nl = "Een BSN hoort niet in een gewone mail."
then.explain.en = "A BSN does not belong in an ordinary mail."

[[policy]]
id = "soon-over"
when.subject = "*kort*"
then.action = "warn"
then.choices = ["seal", "cancel"]
then.answer_within = "PT4S"
then.unanswered = "cancel"
then.explain.nl = "Dit onderwerp vraagt om een keuze."
then.explain.en = "This subject asks for a choice."

[[policy]]
id = "hold-drafts"
when.subject = "*concept*"
then.action = "hold"
then.reviewers = ["{ELS}"]
then.explain.nl = "Concepten gaan eerst langs een collega."
then.explain.en = "Drafts are reviewed first."
"""
FOUND = {"nl": "Burgerservicenummer", "en": "Citizen service number"}
WHY = {"nl": "Een BSN hoort niet in een gewone mail.", "en": "A BSN does not belong in an ordinary mail."}
numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["nl", "en"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with running_site(POLICIES, language=request.param) as running:
        running.zegel("account", "add", ELS, "--name", "Els van den Berg", stdin=f"{PASSWORD}\n{PASSWORD}\n")
        yield running
        assert running.events("page_broken") == []
        assert running.events("answer_failed") == []


@pytest.fixture
def language(request: pytest.FixtureRequest, site: Site) -> str:
    return "en" if 'language = "en"' in site.config.read_text() else "nl"


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest, open_page: OpenPage, language: str) -> Page:
    return open_page(locale=language, viewport={"width": request.param, "height": 800}, bypass_csp=True)


def somebody() -> str:
    return f"jan{next(numbers)}@elders.example"


def letters(site: Site, to: str, about: str, contains: str = "") -> list[bytes]:
    """What somebody got about this recipient, oldest first."""
    got = [message.raw for message in site.world.to(to)]
    return [raw for raw in got if about in words(raw) and contains in words(raw)]


def letter(site: Site, about: str, contains: str = "", to: str = ANNA) -> bytes:
    return until(lambda: letters(site, to, about, contains), 30)[0]


def warned(site: Site, tmp_path: Path, recipient: str, *, attach: bool = False) -> Link:
    """Anna sends a number; the link in the letter that she gets instead of her mail leaving."""
    arguments = ["--from", ANNA, "--to", recipient, "--header", "Subject: Overzicht"]
    if attach:
        for name, text in (("patienten maart.txt", f"BSN {BSN}"), ("agenda.txt", "Overleg om tien uur.")):
            (tmp_path / name).write_text(text)
            arguments += ["--attach-name", name, "--attach-type", "text/plain", "--attach", f"@{tmp_path / name}"]
    site.swaks(*arguments, body="Zie de bijlage." if attach else f"Het BSN is {BSN}.")
    return link_in(letter(site, recipient, "/case/"), "case")


def look(page: Page, name: str, language: str) -> None:
    """One page as it stands: in the right language, no fault."""
    page.wait_for_load_state("networkidle")
    assert page.locator("html").get_attribute("lang") == language
    width = page.viewport_size["width"] if page.viewport_size else 0
    shot(page, f"case-{name}-{language}-{width}")
    assert complaints(page) == [], name


def press(page: Page, name: str, language: str) -> None:
    page.get_by_role("button", name=translations(language).gettext(name), exact=True).click()


def choosing(page: Page, link: Link, language: str) -> None:
    """By the link, to the page with the choices."""
    page.goto(link.whole)
    press(page, "See why, and choose", language)
    page.wait_for_url("**/choose")


def chosen(page: Page) -> None:
    page.wait_for_url("**/chosen*")


def text_of(raw: bytes) -> str:
    return "".join(str(part.get_content()) for part in parsed(raw).walk() if part.get_content_maintype() == "text")


# -- a warning


def test_send_it_securely(site: Site, page: Page, language: str, tmp_path: Path) -> None:
    jan = somebody()
    link = warned(site, tmp_path, jan)
    told = words(letter(site, jan))
    assert FOUND[language] in told
    assert WHY[language] in told
    assert BSN not in told
    page.goto(link.url)
    look(page, "landing-without-code", language)
    page.goto(link.whole)
    look(page, "landing", language)
    assert link.code not in page.url
    press(page, "See why, and choose", language)
    page.wait_for_url("**/choose")
    look(page, "choose", language)
    expect(page.locator(".found")).to_contain_text(FOUND[language])
    press(page, "Send it securely", language)
    chosen(page)
    look(page, "chosen", language)
    [notification] = site.arrived(jan)
    assert BSN not in text_of(notification)
    assert link_in(notification).code
    assert link_in(letter(site, jan, "/manage/"), "manage").code
    page.goto(link.whole)
    look(page, "settled", language)
    expect(page.locator(".status")).to_have_text("410")


def test_send_it_as_it_is_with_a_reason(site: Site, page: Page, language: str, tmp_path: Path) -> None:
    jan = somebody()
    choosing(page, warned(site, tmp_path, jan), language)
    page.locator("#reason").evaluate("field => field.required = false")
    press(page, "Send as it is", language)
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "choose-without-reason", language)
    assert site.world.to(jan) == []
    page.locator("#reason").fill("De patient vroeg erom: kenmerk 77-XYZ.")
    press(page, "Send as it is", language)
    chosen(page)
    [mail] = site.arrived(jan)
    assert f"Het BSN is {BSN}." in text_of(mail)
    confirmed = words(until(lambda: letters(site, ANNA, jan)[1:], 30)[0])
    assert "/case/" not in confirmed
    assert "77-XYZ" in site.zegel("held", "cases")
    assert "77-XYZ" not in site.log.decode()


def test_without_the_attachment(site: Site, page: Page, language: str, tmp_path: Path) -> None:
    jan = somebody()
    choosing(page, warned(site, tmp_path, jan, attach=True), language)
    expect(page.locator(".found")).to_contain_text("patienten maart.txt")
    look(page, "choose-attachments", language)
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)
    press(page, "Remove and send", language)
    chosen(page)
    [mail] = site.arrived(jan)
    text = text_of(mail)
    assert BSN not in text
    assert "Overleg om tien uur." in text
    assert [part.get_filename() for part in parsed(mail).iter_attachments()][-1] == "agenda.txt"
    assert not [part for part in parsed(mail).walk() if part.get_filename() == "patienten maart.txt"]


def test_do_not_send(site: Site, page: Page, language: str, tmp_path: Path) -> None:
    jan = somebody()
    choosing(page, warned(site, tmp_path, jan), language)
    press(page, "Do not send", language)
    chosen(page)
    look(page, "cancelled", language)
    until(lambda: letters(site, ANNA, jan)[1:], 30)
    assert site.world.to(jan) == []
    assert jan not in site.zegel("held", "list")


def test_without_an_answer_the_policy_decides(site: Site, language: str) -> None:
    jan = somebody()
    site.swaks("--from", ANNA, "--to", jan, "--header", "Subject: kort", body="Tot morgen.")
    first, last = until(lambda: found if len(found := letters(site, ANNA, jan)) == 2 else None, 40)
    assert "/case/" in words(first)
    late = {"nl": "U hebt niet op tijd gekozen.", "en": "You did not choose in time."}
    assert late[language] in words(last)
    assert site.world.to(jan) == []
    assert site.status(f"/case/{link_in(first, 'case').identity}") == 410


def test_a_page_without_scripts_takes_the_typed_code(
    site: Site, open_page: OpenPage, language: str, tmp_path: Path
) -> None:
    link = warned(site, tmp_path, somebody())
    page = open_page(locale=language, java_script_enabled=False)
    page.goto(link.url)
    page.locator("#code").fill(link.code.lower())
    press(page, "See why, and choose", language)
    page.wait_for_url("**/choose")
    press(page, "Do not send", language)
    chosen(page)


# -- a review


def reviewing(site: Site, page: Page, language: str, recipient: str, text: str) -> None:
    """Anna sends a draft; Els follows the link in her letter and signs in."""
    site.swaks("--from", ANNA, "--to", recipient, "--header", "Subject: concept contract", body=text)
    mail = letter(site, recipient, "/case/", to=ELS)
    assert text not in words(mail)
    page.goto(link_in(mail, "case").whole)
    look(page, "review-landing", language)
    press(page, "Sign in to read it", language)
    page.wait_for_url("**/login")
    page.locator("#address").fill(ELS)
    page.locator("#password").fill("een verkeerd wachtwoord")
    press(page, "Sign in", language)
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "login-wrong", language)
    page.locator("#password").fill(PASSWORD)
    press(page, "Sign in", language)
    page.wait_for_url("**/review")
    look(page, "review", language)
    expect(page.get_by_role("heading", level=1)).to_have_text("concept contract")
    expect(page.locator(".text")).to_contain_text(text)


@pytest.mark.parametrize("decision", ["Release", "Send it securely", "Refuse"])
def test_a_reviewer_decides(site: Site, page: Page, language: str, decision: str) -> None:
    jan = somebody()
    reviewing(site, page, language, jan, "Het bod is 12 miljoen.")
    waits = {"nl": "wacht op goedkeuring", "en": "waits for approval"}
    assert waits[language] in str(parsed(letter(site, jan))["Subject"])
    page.locator("#note").fill("Let op de datum.")
    press(page, decision, language)
    page.wait_for_url("**/decided")
    look(page, f"decided-{decision.split()[0].lower()}", language)
    told = words(letter(site, jan, "Let op de datum."))
    assert "Els van den Berg" in told
    if decision == "Refuse":
        assert site.world.to(jan) == []
    else:
        [mail] = site.arrived(jan)
        assert ("Het bod is 12 miljoen." in text_of(mail)) is (decision == "Release")
    steps = audit(site)
    for action in ("case:open:hold", "case:read", "case:done:hold"):
        assert action in steps


def audit(site: Site) -> list[str]:
    with contextlib.closing(sqlite3.connect(f"file:{site.folder / 'zegel.db'}?mode=ro", uri=True)) as database:
        return [action for (action,) in database.execute("select action from audit")]
