"""Signing in, in a real browser: every page without faults, the steps of the manual, passkeys by a virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import login_scenes as scenes
from tests.browser.login_scenes import PASSWORD, SCENES, Scene, Served, Stage, World, in_thread, serving
from tests.peers.chromium import OpenPage, Watch, complaints
from tests.unit.service.lab import SENDER


@pytest.fixture(scope="module")
def served() -> Served:
    return Served()


@pytest.fixture(scope="module")
def address(served: Served) -> Iterator[str]:
    with serving(served) as base:
        yield base


@pytest.fixture
def world(served: Served, address: str) -> World:
    served.world = in_thread(lambda: World(address))
    return served.world


@pytest.fixture
def base(address: str) -> str:
    return address


class Authenticator:
    """Chromium's virtual one, of this page's browser. With `prf` it gives secrets."""

    def __init__(self, page: Page, *, prf: bool) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            "hasPrf": prf,
        }
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def refuse(self) -> None:
        """The person is not recognised any more."""
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})

    def credentials(self) -> int:
        return len(self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"])


def add_passkey(stage: Stage, *, prf: bool) -> Authenticator:
    authenticator = Authenticator(stage.page, prf=prf)
    stage.password()
    stage.go("/account/factors/passkey")
    stage.page.get_by_label("A name to know it by").fill("Laptop")
    stage.page.get_by_role("button", name="Make passkey").click()
    stage.page.wait_for_url("**/sent")
    return authenticator


def sign_out(stage: Stage) -> None:
    stage.page.get_by_role("button", name="Sign out").click()
    expect(stage.page.get_by_role("heading", level=1)).to_have_text("You are signed out")


# -- every page


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_page_fits_a_phone_and_has_no_fault(
    world: World, open_page: OpenPage, watch: Watch, scene: Scene
) -> None:
    page = open_page(locale="nl", viewport={"width": 320, "height": 600}, bypass_csp=True)
    scene(Stage(world, page))
    page.wait_for_load_state("load")
    assert page.locator("html").get_attribute("lang") == "nl"
    assert complaints(page) == []
    assert (watch.dialogs, watch.outside, watch.errors) == ([], [], [])


@pytest.mark.parametrize(
    "scene", [scenes.login, scenes.account, scenes.sent, scenes.factor_app, scenes.second_sms_wrong]
)
def test_in_the_dark_and_in_english_on_a_desk(world: World, open_page: OpenPage, scene: Scene) -> None:
    page = open_page(locale="en", color_scheme="dark", viewport={"width": 1280, "height": 800}, bypass_csp=True)
    scene(Stage(world, page))
    assert page.locator("html").get_attribute("lang") == "en"
    assert complaints(page) == []


@pytest.mark.parametrize("scene", [scenes.login, scenes.account, scenes.sent_overview])
def test_text_twice_as_large(world: World, open_page: OpenPage, scene: Scene) -> None:
    page = open_page(locale="nl", viewport={"width": 640, "height": 800}, bypass_csp=True)
    scene(Stage(world, page))
    page.add_style_tag(content="html { font-size: 200% !important }")
    assert complaints(page) == []


# -- the manual's chapter 1, and chapter 3 on a phone


@pytest.mark.parametrize("width", [375, 1280])
def test_chapter_1_sign_in_with_a_text_message_and_be_remembered(world: World, open_page: OpenPage, width: int) -> None:
    page = open_page(locale="nl", viewport={"width": width, "height": 800}, java_script_enabled=False)
    stage = Stage(world, page)
    stage.phone()
    world.lab.later(minutes=2)
    page.get_by_role("button", name="Uitloggen").click()
    for step in ("first", "remembered"):
        page.goto(f"{world.base}/login")
        page.get_by_label("Uw e-mailadres").fill(SENDER)
        page.get_by_label("Wachtwoord", exact=True).fill(PASSWORD)
        page.get_by_label("Onthoud mij").check()
        page.get_by_role("button", name="Inloggen", exact=True).click()
        if step == "first":
            page.get_by_role("button", name="Stuur mij de code").click()
            page.get_by_label("Zes cijfers").fill(world.sms_digits())
            page.get_by_role("button", name="Verifieer").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Verzonden")
        page.get_by_role("button", name="Uitloggen").click()
    assert len(world.lab.sms.sent) == 2


def test_by_keyboard_only(world: World, open_page: OpenPage) -> None:
    world.optional()
    page = open_page()
    page.goto(f"{world.base}/login")
    page.get_by_label("Your mail address").focus()
    page.keyboard.type(SENDER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sent")
    page.get_by_role("link", name="Account").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")


def test_the_app_reads_the_picture_that_the_page_shows(world: World, open_page: OpenPage) -> None:
    page = open_page()
    stage = Stage(world, page)
    stage.password()
    page.get_by_role("link", name="Authenticator app").click()
    link = page.get_by_role("link", name="On the phone itself? Open the app").get_attribute("href")
    assert link is not None
    assert link.startswith("otpauth://totp/Voorbeeldziekenhuis:anna%40example.nl?")
    world.learn(link)
    page.get_by_label("Six digits").fill(world.app_digits())
    page.get_by_role("button", name="Use this app").click()
    page.wait_for_url("**/sent")
    sign_out(stage)
    stage.password()
    page.get_by_label("Six digits").fill(world.app_digits())
    page.get_by_role("button", name="Verify").click()
    page.wait_for_url("**/sent")


# -- passkeys


def test_a_passkey_with_a_secret_signs_in_alone_and_reads(world: World, open_page: OpenPage) -> None:
    world.seal("Uitslag")
    page = open_page()
    stage = Stage(world, page)
    add_passkey(stage, prf=True)
    sign_out(stage)
    page.goto(f"{world.base}/login?next=/account")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account")
    expect(page.get_by_text("also without password")).to_be_visible()
    page.get_by_role("link", name="Sent").click()
    page.get_by_role("link", name="Uitslag").click()
    page.get_by_role("link", name="Read the message").click()
    expect(page.frame_locator("iframe").get_by_text("Hallo")).to_be_visible()


def test_a_passkey_without_a_secret_is_a_second_step_only(world: World, open_page: OpenPage) -> None:
    page = open_page()
    stage = Stage(world, page)
    add_passkey(stage, prf=False)
    sign_out(stage)
    stage.go("/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Sign in with your password")
    stage.password()
    page.get_by_role("button", name="Use passkey").click()
    page.wait_for_url("**/sent")


def test_an_authenticator_that_does_not_know_the_person_opens_nothing(world: World, open_page: OpenPage) -> None:
    page = open_page()
    stage = Stage(world, page)
    add_passkey(stage, prf=True).refuse()
    sign_out(stage)
    stage.go("/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-failed]")).to_be_visible()
    assert page.url == f"{world.base}/login"


def test_a_passkey_that_was_removed_opens_nothing(world: World, open_page: OpenPage) -> None:
    world.optional()
    page = open_page()
    stage = Stage(world, page)
    authenticator = Authenticator(page, prf=True)
    stage.password()
    stage.go("/account/factors/passkey")
    page.get_by_role("button", name="Make passkey").click()
    expect(page.get_by_role("status")).to_contain_text("without your password")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("Taken off")
    sign_out(stage)
    assert authenticator.credentials() == 1
    stage.go("/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("can't sign you in")


def test_an_answer_counts_once(world: World, open_page: OpenPage) -> None:
    page = open_page()
    stage = Stage(world, page)
    add_passkey(stage, prf=True)
    sign_out(stage)
    stage.go("/login")
    with page.expect_request("**/login/passkey") as asked:
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/sent")
    sent = asked.value.post_data
    assert sent is not None
    sign_out(stage)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    again = page.request.post(f"{world.base}/login/passkey", data=sent, headers=headers, max_redirects=0)
    assert again.status == 403


def test_ended_elsewhere_is_ended_here(world: World, open_page: OpenPage) -> None:
    world.optional()
    here, there = Stage(world, open_page()), Stage(world, open_page())
    here.password()
    there.password()
    there.go("/account")
    there.page.get_by_role("button", name="End all others").click()
    here.go("/sent")
    expect(here.page.get_by_text("Your session has ended. Please sign in again.")).to_be_visible()
    there.go("/sent")
    expect(there.page.get_by_role("heading", level=1)).to_have_text("Sent")
