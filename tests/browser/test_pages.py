from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from gateway.core.directives import VerificationKind
from gateway.core.message import Disposition
from tests.browser.xss import BODIES, WORDS
from tests.peers.chromium import OpenPage, Watch, complaints
from tests.portal.fakes import ACCOUNT, CODE_TEXT, DIGITS, GRANT, MESSAGE, House, stored


def link(base: str) -> str:
    return f"{base}/m/{GRANT}#{CODE_TEXT}"


def test_the_code_leaves_the_address_bar_and_its_field_hides(base: str, open_page: OpenPage, watch: Watch) -> None:
    page = open_page()
    page.goto(link(base))
    expect(page.locator("[data-code-field]")).to_be_hidden()
    assert page.url == f"{base}/m/{GRANT}"
    page.get_by_role("link", name="Nederlands").click()  # the code goes along
    page.get_by_role("button", name="Bericht openen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Uitslag van uw onderzoek")
    page.go_back()
    assert "#" not in page.url
    assert (watch.dialogs, watch.outside, watch.errors) == ([], [], [])


def test_looking_without_pressing_changes_nothing(base: str, house: House, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(link(base), wait_until="networkidle")
    assert house.pickup.calls == []


def test_without_scripts_the_code_is_typed(base: str, open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{base}/m/{GRANT}")
    page.get_by_label("Message code").fill(CODE_TEXT)
    page.get_by_role("button", name="Open message").click()
    expect(page.frame_locator("iframe").get_by_text("Beste Jan")).to_be_visible()


def test_by_keyboard_only(base: str, house: House, open_page: OpenPage) -> None:
    house.pickup.verification = VerificationKind.SMS
    page = open_page()
    page.goto(link(base))
    page.get_by_role("button", name="Open message").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send me the code").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Six digits")).to_be_focused()
    page.keyboard.type(DIGITS)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Uitslag van uw onderzoek")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_an_answer_with_a_file_arrives(base: str, house: House, open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 375, "height": 700})
    page.goto(link(base))
    page.get_by_role("button", name="Open message").click()
    page.get_by_role("link", name="Answer").click()
    page.get_by_label("Your answer").fill("Dank u wel")
    page.get_by_label("Attachments").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc"})
    page.get_by_role("button", name="Send securely").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is sent")
    assert house.answers.answers == [("Dank u wel", [("a.txt", b"abc")])]


def test_the_sender_takes_a_message_back(base: str, house: House, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{base}/manage/{MESSAGE}#{CODE_TEXT}")
    page.get_by_role("button", name="Show the message's status").click()
    page.get_by_role("link", name="Take the whole message back").click()
    assert ("revoke_message",) not in house.manage.calls
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your sealed message")
    assert ("revoke_message",) in house.manage.calls


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_hostile_body_does_nothing(base: str, house: House, open_page: OpenPage, watch: Watch, number: int) -> None:
    house.pickup.html = f"<p>marker</p>{BODIES[number]}"
    page = open_page()
    page.goto(link(base))
    page.get_by_role("button", name="Open message").click()
    expect(page.frame_locator("iframe").get_by_text("marker")).to_be_visible()
    page.goto(f"{base}/m/{GRANT}/body", wait_until="networkidle")  # also in a window of its own
    assert page.url.endswith("/body")
    assert (watch.dialogs, watch.outside) == ([], [])


@pytest.mark.parametrize("number", range(len(WORDS)))
def test_hostile_words_do_nothing(base: str, house: House, open_page: OpenPage, watch: Watch, number: int) -> None:
    words = WORDS[number]
    house.pickup.subject = house.pickup.sender_name = words
    house.pickup.html, house.pickup.text = None, words
    house.pickup.files = [stored(3, Disposition.ATTACHMENT, words, words, b"x")]
    page = open_page()
    page.goto(link(base))
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(" ".join(words.split()))
    page.goto(f"{base}/m/{GRANT}/answer", wait_until="networkidle")
    assert (watch.dialogs, watch.outside) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "width"), [("nl", 375), ("en", 1280)])
def test_axe_finds_nothing_and_nothing_overflows(
    base: str, house: House, open_page: OpenPage, scheme: str, language: str, width: int
) -> None:
    # The test's own script needs the policy out of the way; the pages' policy has tests of its own.
    page = open_page(locale=language, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    for path in way_through(page, base, house):
        page.wait_for_load_state("load")  # with its stylesheet
        assert complaints(page) == [], path


def way_through(page: Page, base: str, house: House) -> Iterator[str]:
    """Visits every page, and names each when it is there."""
    area, manage = f"{base}/m/{GRANT}", f"{base}/manage/{MESSAGE}"
    for path in (base, area, manage, f"{base}/activate/{ACCOUNT}", f"{base}/demo/inbox", f"{base}/nothing"):
        page.goto(path)
        yield path
    for kind, last in ((VerificationKind.SMS, "/sms"), (VerificationKind.PASSWORD, "/password")):
        house.pickup.verification = kind
        page.goto(link(base))
        page.locator("main button").click()
        page.wait_for_url(area + last)
        yield last
        if kind is VerificationKind.SMS:
            page.locator("main button").click()
            expect(page.locator("#digits")).to_be_visible()
            yield "sms sent"
            page.goto(f"{area}/wrong-number")
            yield "wrong-number"
    house.pickup.verification = VerificationKind.NONE
    page.goto(link(base))
    page.locator("main button").click()
    page.wait_for_url(f"{area}/message")
    for path in ("/message", "/message?view=text", "/answer", "/answered"):
        page.goto(area + path)
        yield path
    page.goto(f"{manage}#{CODE_TEXT}")
    page.locator("main button").click()
    page.wait_for_url(f"{manage}/overview")
    for path in ("/overview", "/confirm", "/recipient?address=piet@elders.example"):
        page.goto(manage + path)
        yield path
