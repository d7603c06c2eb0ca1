"""Signing in on a running installation: mail that was really sent, a second factor, and a forgotten password that is helped."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gateway.demo import PASSWORD
from tests.e2e.demo import link_in, parsed, until
from tests.e2e.site import Site, running_site
from tests.peers.chromium import OpenPage
from tests.unit.service.lab import app_digits

pytestmark = pytest.mark.e2e

ANNA, NEW = "anna@example.nl", "vier paarse olifanten"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running
        assert running.events("page_broken") == []


def send(site: Site, recipient: str, subject: str) -> None:
    body = "Het BSN van de patient is 111222333."
    site.swaks("--from", ANNA, "--to", recipient, "--header", f"Subject: {subject}", body=body)


def log_in(site: Site, page: Page, password: str) -> None:
    page.goto(f"{site.url}/login")
    page.get_by_label("Your mail address").fill(ANNA)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def next_digits(secret: bytes, used: str) -> str:
    """What the app shows, once it is another code: each counts once."""
    return until(lambda: (now := app_digits(secret, datetime.now(UTC))) != used and now, 40)


def test_sign_in_read_what_was_sent_and_come_back_after_a_forgotten_password(site: Site, open_page: OpenPage) -> None:
    send(site, "jan@elders.example", "Uitslag-Kwikstaart")
    site.arrived("jan@elders.example")
    page = open_page()
    log_in(site, page, PASSWORD)
    page.get_by_role("link", name="Authenticator app").click()
    link = page.get_by_role("link", name="On the phone itself? Open the app").get_attribute("href") or ""
    text = parse_qs(urlsplit(link).query)["secret"][0]
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    first = app_digits(secret, datetime.now(UTC))
    page.get_by_label("Six digits").fill(first)
    page.get_by_role("button", name="Use this app").click()
    read(page)

    # Forgotten. The admin hears of it, and helps with the printed key.
    stranger = open_page()
    stranger.goto(f"{site.url}/login/forgotten")
    stranger.get_by_label("Your mail address").fill(ANNA)
    stranger.get_by_role("button", name="Ask for help").click()
    expect(stranger.get_by_role("status")).to_contain_text("its organisation has been told")
    told = parsed(site.arrived("beheer@example.nl")[0]).get_body(("plain",))
    assert told is not None
    assert f"zegel account recover {ANNA}" in told.get_content()
    groups = re.findall(r"^ +((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})$", site.init_output, re.MULTILINE)
    key = " ".join(groups)
    assert site.zegel("account", "recover", ANNA, stdin="1234-5678\n", code=1)
    assert "on its way" in site.zegel("account", "recover", ANNA, stdin=f"{key}\n")
    mail = until(lambda: [raw for raw in site.arrived(ANNA) if b"/activate/" in raw][-1:], 30)
    stranger.goto(link_in(mail[0], "activate").whole)
    stranger.get_by_label("New password").fill(NEW)
    stranger.get_by_label("The same password again").fill(NEW)
    stranger.get_by_role("button", name="Activate").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Your account is active")

    # The former session has ended, the former password too; old messages are readable.
    page.goto(f"{site.url}/sent")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    log_in(site, page, PASSWORD)
    expect(page.get_by_role("alert")).to_be_visible()
    log_in(site, page, NEW)
    page.get_by_label("Six digits").fill(next_digits(secret, first))
    page.get_by_role("button", name="Verify").click()
    read(page)
    for secret_word in (NEW, PASSWORD, first, text, link_in(mail[0], "activate").code):
        assert secret_word.encode() not in site.log


def read(page: Page) -> None:
    page.get_by_role("link", name="Uitslag-Kwikstaart").click()
    expect(page.locator(".state").first).to_contain_text("Delivered")
    page.get_by_role("link", name="Read the message").click()
    expect(page.get_by_text("111222333")).to_be_visible()
