"""Every page as people really reach it, with real mail behind: no fault that axe-core finds, nothing wider than the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
from playwright.sync_api import Page, expect

from portal.languages import translations
from tests.e2e import office
from tests.e2e.demo import Demo, link_in, running_demo
from tests.e2e.office import BSN, SUBJECT, File, sealed, shot, somebody
from tests.e2e.site import folder
from tests.peers.chromium import OpenPage, complaints

pytestmark = pytest.mark.e2e

UNSEEN = "parts => parts.filter(part => getComputedStyle(part).display === 'none').map(part => part.outerHTML)"
HTML = f"""<h2 style="color:#123">Uitslag</h2><p>Het BSN is <b>{BSN}</b>.</p>
<table border=1><tr><td>Waarde</td><td>12,3</td></tr></table>
<p>{"Een langere alinea met gewone zinnen. " * 12}</p><img src="https://elders.example/spion.png">"""
FILES = (
    File(
        "verslag van het onderzoek op de afdeling radiologie 2026-11-24.pdf",
        "application/pdf",
        Random(3).randbytes(9000),
    ),
    File("waarden.csv", "text/csv", b"a;b\r\n1;2\r\n"),
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with folder() as place, running_demo(place) as running:
        yield running
        assert running.events("page_broken") == []


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_page(demo: Demo, open_page: OpenPage, language: str, width: int) -> None:
    # The checker is a script of the test's own, which the pages' policy would keep out; it has tests of its own.
    page = open_page(locale=language, viewport={"width": width, "height": 800}, bypass_csp=True)
    seen = 0
    for name in pages(demo, page, language):
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == language
        shot(page, f"{name}-{language}-{width}")
        assert complaints(page) == [], name
        assert page.locator("svg.envelope *").evaluate_all(UNSEEN) == [], (
            name
        )  # no rule for something else hits the drawing
        seen += 1
    assert seen == 24


def pages(demo: Demo, page: Page, language: str) -> Iterator[str]:
    """Goes where people go, and names each page once it is there."""

    def press(name: str) -> None:
        """A button, by its English name."""
        page.get_by_role("button", name=translations(language).gettext(name), exact=True).click()

    page.goto(demo.url)
    yield "home"
    page.goto(f"{demo.url}/m/aaaaaaaaaaaaaaaa")
    yield "unknown"

    # By code, reading and answering.
    jan = somebody()
    link = sealed(demo, jan, subject=f"[veilig] {SUBJECT}", html=HTML, files=FILES)
    page.goto(link.url)
    yield "landing-without-code"
    page.locator("#code").fill("FOUT-FOUT")
    press("Open message")
    expect(page.get_by_role("alert")).to_be_visible()
    yield "landing-wrong-code"
    page.goto(link.whole)
    yield "landing"
    press("Open message")
    page.wait_for_url("**/message")
    yield "message"
    page.goto(f"{link.url}/message?view=text")
    yield "message-as-text"
    page.goto(f"{link.url}/answer")
    press("Send securely")
    expect(page.get_by_role("alert")).to_be_visible()
    yield "answer-empty"
    page.locator("#text").fill("Dank u wel.")
    page.locator("#files").set_input_files({"name": "brief.txt", "mimeType": "text/plain", "buffer": b"x" * 5000})
    yield "answer"
    press("Send securely")
    page.wait_for_url("**/answered")
    yield "answered"
    page.goto(f"{link.url}/message")
    page.locator("form[action$=leave] button").click()
    page.wait_for_url("**/leave")
    yield "left"

    yield from by_phone(demo, page, press)
    yield from by_password(demo, page, press)
    yield from sender(demo, page, press, jan)


def by_phone(demo: Demo, page: Page, press: Callable[[str], None]) -> Iterator[str]:
    phone = f"+3161000{next(office.numbers):04}"
    link = sealed(demo, somebody(), subject=f"[sms:{phone}] {SUBJECT}")
    page.goto(link.whole)
    press("Open message")
    page.wait_for_url("**/sms")
    yield "sms-is-this-your-phone"
    page.locator("button.main").click()
    page.locator("#digits").fill("000000")
    yield "sms-type-the-code"
    press("Open message")
    expect(page.get_by_role("alert")).to_be_visible()
    yield "sms-wrong-code"
    page.goto(f"{link.url}/wrong-number")
    yield "wrong-number"
    press("Tell the sender")
    expect(page.locator(".number")).to_have_count(0)
    yield "wrong-number-told"


def by_password(demo: Demo, page: Page, press: Callable[[str], None]) -> Iterator[str]:
    link = sealed(demo, somebody(), subject=f"[wachtwoord:blauwe fiets] {SUBJECT}")
    page.goto(link.whole)
    press("Open message")
    page.wait_for_url("**/password")
    for _ in range(4):
        page.locator("#password").fill("rode fiets")
        press("Open message")
        expect(page.get_by_role("alert")).to_be_visible()
    yield "password-wrong"
    page.locator("#password").fill("rode fiets")
    press("Open message")
    expect(page.locator(".status")).to_have_text("423")
    yield "locked"


def sender(demo: Demo, page: Page, press: Callable[[str], None], jan: str) -> Iterator[str]:
    """The page of the message that Jan has read, and one that waits."""
    manage = office.manage_link(demo, jan)
    page.goto(manage.whole)
    yield "manage-landing"
    press("Show the message's status")
    page.wait_for_url("**/overview")
    yield "manage"
    page.goto(f"{manage.url}/confirm")
    yield "manage-confirm"
    press("Take back")
    page.wait_for_url("**/overview")
    yield "manage-taken-back"
    page.goto(f"{link_in(demo.arrived(jan)[0]).url}")
    yield "taken-back"

    piet = somebody()
    office.send(demo, office.mail(piet, subject=f"[sms] {SUBJECT}"))
    page.goto(office.manage_link(demo, piet).whole)
    press("Show the message's status")
    page.wait_for_url("**/overview")
    page.locator(".recipient a.main").click()
    page.locator("#phone").fill("geen nummer")
    page.locator("button.main").first.click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "manage-recipient"
