"""The pages where little fits: 320 CSS pixels (also what 400 % zoom leaves of a desk), text twice as large, paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import screenshots as scenes
from tests.browser.screenshots import Scene, Stage
from tests.peers.chromium import OpenPage, complaints
from tests.portal.fakes import House

CROWDED = (
    scenes.landing,
    scenes.landing_wrong_code,
    scenes.sms_wrong,
    scenes.password_wrong,
    scenes.message_html,
    scenes.message_menu,
    scenes.message_long,
    scenes.answer_empty,
    scenes.manage_partly_read,
    scenes.manage_thirty,
    scenes.manage_confirm_one,
    scenes.manage_recipient_wrong,
    scenes.activation_differs,
    scenes.demo_inbox,
    scenes.demo_message,
    scenes.taken_back,
)
TARGETS = """() => [...document.querySelectorAll("main a, main button, main input:not([type=hidden]), main summary")]
    .filter(element => element.checkVisibility() && !element.closest(".text, dd, p:not([class])"))
    .filter(element => { const box = element.getBoundingClientRect(); return box.height < 24 || box.width < 24 })
    .map(element => element.outerHTML)"""


@pytest.mark.parametrize("scene", CROWDED, ids=lambda scene: scene.__name__)
def test_everything_fits_a_small_phone(base: str, house: House, open_page: OpenPage, scene: Scene) -> None:
    page = open_page(locale="nl", viewport={"width": 320, "height": 568}, bypass_csp=True)
    scene(Stage(base, page, house, "nl"))
    page.wait_for_load_state("load")
    assert complaints(page) == []
    assert page.evaluate(TARGETS) == []


@pytest.mark.parametrize("scene", [scenes.landing, scenes.sms_sent, scenes.message_long, scenes.manage_thirty])
def test_text_twice_as_large(base: str, house: House, open_page: OpenPage, scene: Scene) -> None:
    page = open_page(locale="nl", viewport={"width": 640, "height": 800}, bypass_csp=True)
    scene(Stage(base, page, house, "nl"))
    page.add_style_tag(content="html { font-size: 200% !important }")
    assert complaints(page) == []


def test_on_paper_the_whole_text_stands_without_buttons(base: str, house: House, open_page: OpenPage) -> None:
    page = open_page(locale="nl", color_scheme="dark")
    scenes.message_html(Stage(base, page, house, "nl"))
    expect(page.locator("iframe")).to_be_visible()
    expect(page.locator(".on-paper")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".on-paper")).to_contain_text("De uitslag is binnen.")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for hidden in ("iframe", "main button", "nav", ".bar"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.querySelector('.letter')).backgroundColor") == "rgb(255, 255, 255)"


def test_without_a_plain_text_the_frame_is_printed(base: str, house: House, open_page: OpenPage) -> None:
    house.pickup.text = None
    page = open_page(locale="nl")
    scenes.message_html(Stage(base, page, house, "nl"))
    page.emulate_media(media="print")
    expect(page.locator("iframe")).to_be_visible()


def test_forced_colours_and_reduced_motion(base: str, house: House, open_page: OpenPage) -> None:
    page = open_page(locale="nl", forced_colors="active", reduced_motion="reduce", bypass_csp=True)
    scenes.manage_partly_read(Stage(base, page, house, "nl"))
    assert complaints(page) == []
    assert page.evaluate("getComputedStyle(document.querySelector('.button')).transitionDuration") == "0s"
    assert page.evaluate("getComputedStyle(document.querySelector('.mark')).borderTopStyle") == "solid"


def test_many_recipients_fold_their_history_and_who_needs_the_sender_comes_first(
    base: str, house: House, open_page: OpenPage
) -> None:
    page = open_page()
    scenes.manage_thirty(Stage(base, page, house, "en"))
    expect(page.get_by_text("10 recipients need something from you.")).to_be_visible()
    expect(page.locator(".state").first).to_have_text("Waits for you: how shall we check this recipient?")
    expect(page.locator(".timeline").first).to_be_hidden()
    page.get_by_text("What happened").first.click()
    expect(page.locator(".timeline").first).to_be_visible()


def test_a_long_body_gets_a_tall_frame(base: str, house: House, open_page: OpenPage) -> None:
    heights = []
    for count in (1, 200):
        house.pickup.html = "<p>Een alinea.</p>" * count
        page = open_page()
        scenes.message_html(Stage(base, page, house, "nl"))
        heights.append(page.locator("iframe").bounding_box()["height"])
    assert heights[0] < 400 < 1000 < heights[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_envelope_is_whole(base: str, house: House, open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    scenes.landing(Stage(base, page, house, "nl"))
    for part in ("paper", "fold", "flap", "wax"):
        expect(page.locator(f".envelope .{part}")).to_be_visible()
