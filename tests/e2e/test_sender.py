"""The sender's pages in a real browser: who has read it, take it back (also under way), give what was missing."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TypeVar
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.adapters.store import SqlStore
from gateway.core.directives import VerificationKind
from gateway.core.errors import CannotOpen
from gateway.core.records import Grant, GrantKind, GrantState, MessageState, SealedMessage
from gateway.vault.vault import Vault
from tests.e2e import office
from tests.e2e.demo import Demo, Link, link_in, running_demo, until
from tests.e2e.office import SUBJECT, File, heading, open_by_link, open_manage, sealed, somebody
from tests.e2e.site import folder
from tests.peers.chromium import OpenPage

pytestmark = pytest.mark.e2e

T = TypeVar("T")
LARGE = File("scan.bin", "application/octet-stream", Random(2).randbytes(24_000_000))


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with folder() as place, running_demo(place) as running:
        yield running


def standing(page: Page, recipient: str) -> Locator:
    return page.locator(".recipient", has=page.get_by_role("heading", name=recipient, exact=True))


def state(page: Page, recipient: str) -> Locator:
    return standing(page, recipient).locator(".state")


def stored(demo: Demo, message_id: str) -> tuple[SealedMessage, list[Grant]]:
    """A message and its grants as the product's own code reads them from the database."""

    async def look() -> tuple[SealedMessage, list[Grant]]:
        store = SqlStore(f"sqlite:///{demo.folder}/zegel.db")
        try:
            async with store.read() as tx:
                message = await tx.message(message_id)
                assert message is not None
                return message, list(await tx.grants(message_id))
        finally:
            await store.close()

    return in_a_loop(look())


def in_a_loop(work: Coroutine[None, None, T]) -> T:
    """Playwright's loop holds this thread, so the work gets a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(20)


def opens(message: SealedMessage, grant: Grant, link: Link) -> bool:
    """Whether the code in the mail opens the grant and the message's head behind it."""
    vault = Vault()
    code = vault.parse_code(link.code)
    assert code is not None
    try:
        key = vault.open_recipient_key(grant.wrapped, message.id, grant.id, code, b"", grant.share)
        return bool(vault.open_head(key, message.id, message.head))
    except CannotOpen:
        return False


# -- who has read it


def test_read_and_not_read(demo: Demo, open_page: OpenPage) -> None:
    jan, piet = somebody(), somebody()
    office.send(demo, office.mail(jan, piet))
    link = link_in(demo.arrived(jan)[0])
    demo.arrived(piet)
    page = open_page()
    open_manage(page, office.manage_link(demo, jan))
    for recipient in (jan, piet):
        expect(state(page, recipient)).to_have_text("Delivered, not opened yet")
    expect(page.locator(".sum")).to_have_text("Read by 0 of 2")
    assert SUBJECT not in page.content()
    open_by_link(open_page(), link)
    until(lambda: page.reload() and state(page, jan).inner_text() == "Read")
    expect(state(page, piet)).to_have_text("Delivered, not opened yet")
    expect(page.locator(".sum")).to_have_text("Read by 1 of 2")
    assert page.url.endswith("/overview")


def test_a_wrong_code_shows_nothing(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    sealed(demo, recipient)
    link = office.manage_link(demo, recipient)
    page = open_page(java_script_enabled=False)
    page.goto(link.url)
    page.get_by_label("Code").fill(link.code[:-4] + "0000")
    page.get_by_role("button", name="Show the message's status").click()
    expect(page.get_by_role("alert")).to_contain_text("This code is not right.")
    assert recipient not in page.content()
    page.goto(f"{link.url}/overview")
    heading(page, "Please open it again")


# -- taking back


def test_one_recipient_taken_back(demo: Demo, open_page: OpenPage) -> None:
    jan, piet = somebody(), somebody()
    office.send(demo, office.mail(jan, piet))
    links = {recipient: link_in(demo.arrived(recipient)[0]) for recipient in (jan, piet)}
    reading = {recipient: open_page() for recipient in links}
    for recipient, page in reading.items():
        open_by_link(page, links[recipient])
        heading(page, SUBJECT)

    anna = open_page()
    open_manage(anna, office.manage_link(demo, jan))
    standing(anna, jan).get_by_role("link", name="Take back access").click()
    expect(anna.locator(".number")).to_have_text(jan)
    anna.get_by_role("button", name="Take back").click()
    expect(state(anna, jan)).to_have_text("Taken back")
    expect(state(anna, piet)).to_have_text("Read")

    reading[jan].reload()
    heading(reading[jan], "The sender has taken this back")
    reading[piet].reload()
    heading(reading[piet], SUBJECT)
    message, grants = stored(demo, office.manage_link(demo, jan).identity)
    by = {grant.holder: grant for grant in grants if grant.kind is GrantKind.RECIPIENT}
    assert (by[jan].wrapped, by[jan].share, by[jan].state) == (b"", b"", GrantState.REVOKED)
    assert not opens(message, by[jan], links[jan])
    assert opens(message, by[piet], links[piet])


class SlowReader:
    """A download over a slow line: 200 kB a second, with small buffers."""

    def __init__(self, demo: Demo, path: str, page: Page) -> None:
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies(demo.url + path))
        self.received = 0
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.socket.connect(("127.0.0.1", demo.http_port))
        request = f"GET {path} HTTP/1.1\r\nHost: localhost:{demo.http_port}\r\nCookie: {cookies}\r\n\r\n"
        self.socket.sendall(request.encode())

    def close(self) -> None:
        self.socket.close()

    def read(self, seconds: float) -> bool:
        """Reads for so long; whether the server ended the connection."""
        end = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        while time.monotonic() < end:
            try:
                piece = self.socket.recv(10_000)
            except ConnectionResetError:
                return True
            except TimeoutError:
                return False
            if not piece:
                return True
            self.received += len(piece)
            time.sleep(0.05)
        return False


def large_blobs(demo: Demo) -> list[Path]:
    """The files that could hold the large attachment."""
    files = [path for path in (demo.folder / "blobs").rglob("*") if path.is_file()]
    return [path for path in files if path.stat().st_size >= len(LARGE.content)]


def test_the_message_taken_back_stops_a_running_download(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    link = sealed(demo, recipient, files=[LARGE])
    page = open_page()
    open_by_link(page, link)
    part = page.get_by_role("link", name=LARGE.name).get_attribute("href")
    manage = office.manage_link(demo, recipient)
    anna = open_page()
    open_manage(anna, manage)
    message, grants = stored(demo, manage.identity)
    assert any(opens(message, grant, link) for grant in grants if grant.kind is GrantKind.RECIPIENT)
    assert large_blobs(demo)

    with closing(SlowReader(demo, str(part), page)) as slow:
        assert not slow.read(1)
        assert slow.received > 50_000
        anna.get_by_role("link", name="Take the whole message back").click()
        anna.get_by_role("button", name="Take back").click()
        expect(state(anna, recipient)).to_have_text("Taken back")
        assert slow.read(2)
        assert slow.received < len(LARGE.content) / 2

    page.reload()
    heading(page, "The sender has taken this back")
    page.goto(link.whole)
    heading(page, "The sender has taken this back")
    assert page.request.get(demo.url + str(part)).status == 410
    message, grants = stored(demo, manage.identity)
    assert message.state is MessageState.REVOKED
    assert message.head == b""
    assert [(grant.wrapped, grant.share, grant.sealed_factor) for grant in grants if grant.wrapped] == []
    assert [part.inline for part in message.parts if part.inline] == []
    assert not large_blobs(demo)


# -- giving what was missing


def waiting(demo: Demo, open_page: OpenPage, tag: str) -> tuple[str, Page]:
    """A message that waits for the sender, and her page at the choice."""
    recipient = somebody()
    office.send(demo, office.mail(recipient, subject=f"[{tag}] {SUBJECT}"))
    page = open_page()
    open_manage(page, office.manage_link(demo, recipient))
    expect(state(page, recipient)).to_have_text("Waits for you: how shall we check this recipient?")
    assert [m for m in demo.messages() if recipient in m["rcpt_tos"]] == []
    page.get_by_role("link", name="Choose how").click()
    return recipient, page


def test_the_number_comes_later(demo: Demo, open_page: OpenPage) -> None:
    recipient, anna = waiting(demo, open_page, "sms")
    anna.get_by_label("Mobile number").fill("geen nummer")
    anna.get_by_role("button", name="Use this number").click()
    expect(anna.get_by_role("alert")).to_contain_text("not a mobile number")
    anna.get_by_label("Mobile number").fill("+31 6 4444 4478")
    anna.get_by_role("button", name="Use this number").click()
    page = open_page()
    open_by_link(page, link_in(demo.arrived(recipient)[0]))
    expect(page.locator(".number")).to_have_text("+31 6 •••• ••78")
    page.get_by_role("button", name="Send me the code").click()
    page.get_by_label("Six digits").fill(office.sms_digits(demo, "+31644444478"))
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)
    anna.reload()
    until(lambda: anna.reload() and "Read · +31 6 •••• ••78" in state(anna, recipient).inner_text())


def test_a_password_instead_with_a_hint(demo: Demo, open_page: OpenPage) -> None:
    recipient, anna = waiting(demo, open_page, "sms")
    anna.get_by_label("Password").fill("blauwe fiets")
    anna.get_by_label("Hint").fill("Het is mijn blauwe fiets")  # tells it
    anna.get_by_role("button", name="Use this password").click()
    expect(anna.get_by_role("alert")).to_contain_text("can't be used")
    anna.get_by_label("Password").fill("blauwe fiets")
    anna.get_by_label("Hint").fill("Waarop reed u & ik <toen>?")
    anna.get_by_role("button", name="Use this password").click()
    page = open_page()
    open_by_link(page, link_in(demo.arrived(recipient)[0]))
    expect(page.locator(".said")).to_have_text("Waarop reed u & ik <toen>?")
    page.get_by_label("Password").fill("blauwe fiets")
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)


def test_the_code_only(demo: Demo, open_page: OpenPage) -> None:
    recipient, anna = waiting(demo, open_page, "wachtwoord")
    anna.get_by_role("button", name="Send with the code only").click()
    expect(anna.get_by_role("heading", level=1)).to_have_text("Your sealed message")
    page = open_page()
    open_by_link(page, link_in(demo.arrived(recipient)[0]))
    heading(page, SUBJECT)
    _, grants = stored(demo, office.manage_link(demo, recipient).identity)
    assert [g.verification for g in grants if g.kind is GrantKind.RECIPIENT] == [VerificationKind.NONE]
    assert not [g for g in grants if g.kind is GrantKind.QUEUE]  # nobody waits any more


def test_not_sent_after_all(demo: Demo, open_page: OpenPage) -> None:
    recipient, anna = waiting(demo, open_page, "sms")
    anna.get_by_role("button", name="Do not send to this recipient").click()
    expect(state(anna, recipient)).to_have_text(re.compile("Not sent|Taken back"))
    manage = office.manage_link(demo, recipient)
    _, grants = stored(demo, manage.identity)
    assert not [g for g in grants if g.kind in (GrantKind.RECIPIENT, GrantKind.QUEUE)]
    anna.goto(f"{manage.url}/recipient?address={quote(recipient)}")
    expect(anna.get_by_role("button", name="Send with the code only")).to_have_count(0)
    assert [m for m in demo.messages() if recipient in m["rcpt_tos"]] == []
