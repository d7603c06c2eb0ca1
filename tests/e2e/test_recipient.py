"""The recipient in a real browser, with real mail: open by link, code, SMS and password; read, download, answer, leave."""

from __future__ import annotations

import hashlib
import io
import random
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import office
from tests.e2e.demo import Demo, link_in, parsed, running_demo, until
from tests.e2e.office import ANNA, BSN, MASKED, PHONE, SUBJECT, TEXT, File, heading, open_by_link, sealed, somebody
from tests.e2e.site import folder
from tests.peers.chromium import OpenPage, Watch

pytestmark = pytest.mark.e2e

FILES = (
    File("verslag.pdf", "application/pdf", random.Random(1).randbytes(300_000)),
    File("Überweisung €.txt", "text/plain", "één\r\ntwee\r\n".encode()),
    File("leeg.bin", "application/octet-stream", b""),
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with folder() as place, running_demo(place) as running:
        yield running


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def download(page: Page, name: str) -> tuple[str, bytes]:
    """Presses a link; the file's suggested name and content."""
    with page.expect_download() as got:
        page.get_by_role("link", name=name).click()
    return got.value.suggested_filename, got.value.path().read_bytes()


def events(demo: Demo, page: Page, recipient: str) -> list[str]:
    """What the sender's page tells happened, in English."""
    office.open_manage(page, office.manage_link(demo, recipient))
    return page.locator(".timeline span").all_inner_texts()


# -- opening


def test_by_link(demo: Demo, open_page: OpenPage) -> None:
    link = sealed(demo, somebody())
    page = open_page()
    page.goto(link.whole)
    heading(page, "A sealed message for you")
    assert SUBJECT not in page.content()
    assert page.url == link.url  # the code has left the address bar
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)
    expect(page.get_by_text(f"Het BSN is {BSN}.")).to_be_visible()
    assert link.code not in page.url
    page.get_by_role("button", name="Close").click()
    heading(page, "The message is closed")
    page.goto(f"{link.url}/message")
    heading(page, "Please open it again")


def test_by_typed_code_without_scripts(demo: Demo, open_page: OpenPage) -> None:
    link = sealed(demo, somebody())
    page = open_page(java_script_enabled=False)
    page.goto(link.url)
    page.get_by_label("Message code").fill("0000-0000-0000-0000-0000-0000-000")
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("alert")).to_contain_text("This message code is not right.")
    page.get_by_label("Message code").fill(link.code.lower().replace("-", " "))
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)
    expect(page.get_by_text(f"Het BSN is {BSN}.")).to_be_visible()


def test_by_sms(demo: Demo, open_page: OpenPage) -> None:
    phone = "+31611111178"
    link = sealed(demo, somebody(), subject=f"[sms:{phone}] {SUBJECT}")
    page = open_page()
    open_by_link(page, link)
    heading(page, "Is this your phone?")
    expect(page.locator(".number")).to_have_text(MASKED)
    assert phone[3:10] not in page.content()
    assert [item for item in demo.sms() if item["to"] == phone] == []  # nothing is sent before a person asks
    page.get_by_role("button", name="Send me the code").click()
    digits = office.sms_digits(demo, phone)
    wrong = "000000" if digits != "000000" else "111111"
    page.get_by_label("Six digits").fill(wrong)
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("alert")).to_contain_text("4 more times")
    page.get_by_label("Six digits").fill(f"{digits[:3]} {digits[3:]}")
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)
    expect(page.get_by_text(f"Het BSN is {BSN}.")).to_be_visible()


def test_wrong_sms_codes_are_limited(demo: Demo, open_page: OpenPage) -> None:
    phone = "+31622222278"
    link = sealed(demo, somebody(), subject=f"[sms:{phone}] {SUBJECT}")
    page = open_page()
    open_by_link(page, link)
    page.get_by_role("button", name="Send me the code").click()
    digits = office.sms_digits(demo, phone)
    wrong = "000000" if digits != "000000" else "111111"
    for told in ("4 more times", "3 more times", "2 more times", "1 more time.", "not valid any more"):
        page.get_by_label("Six digits").fill(wrong)
        page.get_by_role("button", name="Open message").click()
        expect(page.get_by_role("alert")).to_contain_text(told)
    page.get_by_label("Six digits").fill(digits)  # the right one comes too late
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid any more")
    expect(page.get_by_role("button", name="Send a new code")).to_be_disabled()  # for a minute
    # Who starts anew, without the page's scripts, is refused by the server.
    other = open_page(java_script_enabled=False)
    other.goto(link.url)
    other.get_by_label("Message code").fill(link.code)
    other.get_by_role("button", name="Open message").click()
    other.get_by_role("button", name="Send me the code").click()
    expect(other.get_by_role("alert")).to_contain_text("wait a minute")
    assert len([item for item in demo.sms() if item["to"] == phone]) == 1


def test_not_my_number(demo: Demo, open_page: OpenPage) -> None:
    recipient, right = somebody(), "+31633333399"
    link = sealed(demo, recipient, subject=f"[sms:{PHONE}] {SUBJECT}")
    page = open_page()
    open_by_link(page, link)
    page.get_by_role("link", name="This is not my number").click()
    page.get_by_role("button", name="Tell the sender").click()
    heading(page, "Thank you, the sender knows")
    open_by_link(page, link)
    heading(page, "Waiting for the right number")
    # Anna gets a letter, corrects the number on the page she knows, and the same link works.
    told = office.words(office.letter(demo, recipient, "Telefoonnummer klopt niet"))
    assert "Verbeter het nummer op de beheerpagina" in told
    assert PHONE not in told
    anna = open_page()
    office.open_manage(anna, office.manage_link(demo, recipient))
    expect(anna.locator(".state")).to_contain_text("Says that the phone number is not right")
    anna.get_by_role("link", name="Change the phone number").click()
    anna.get_by_label("Mobile number").fill("06 33333399")
    anna.get_by_role("button", name="Use this number").click()
    expect(anna.locator(".state")).to_contain_text("+31 6 •••• ••99")
    open_by_link(page, link)
    expect(page.locator(".number")).to_have_text("+31 6 •••• ••99")
    page.get_by_role("button", name="Send me the code").click()
    page.get_by_label("Six digits").fill(office.sms_digits(demo, right))
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)


def test_by_password(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    link = sealed(demo, recipient, subject=f"[wachtwoord:blauwe fiets] {SUBJECT}")
    page = open_page()
    open_by_link(page, link)
    heading(page, "The agreed password")
    page.get_by_label("Password").fill("rode fiets")
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("alert")).to_contain_text("4 more times")
    page.get_by_label("Password").fill("blauwe fiets")
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)
    assert "Locked after wrong passwords" not in events(demo, open_page(), recipient)


def test_wrong_passwords_lock_for_a_while(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    link = sealed(demo, recipient, subject=f"[wachtwoord:blauwe fiets] {SUBJECT}")
    page = open_page()
    open_by_link(page, link)
    for left in (4, 3, 2, 1):
        page.get_by_label("Password").fill("rode fiets")
        page.get_by_role("button", name="Open message").click()
        expect(page.get_by_role("alert")).to_contain_text(f"{left} more time")
    page.get_by_label("Password").fill("rode fiets")
    with page.expect_response(lambda response: response.request.method == "POST") as answer:
        page.get_by_role("button", name="Open message").click()
    assert answer.value.status == 423
    assert 0 < int(answer.value.headers["retry-after"]) <= 15 * 60
    heading(page, "Locked for a while")
    open_by_link(page, link)  # not even the code gets to the question now
    heading(page, "Locked for a while")
    assert "blauwe fiets" not in office.words(office.letter(demo, recipient, "Te vaak een verkeerd wachtwoord"))
    assert "Locked after wrong passwords" in events(demo, open_page(), recipient)


# -- reading


def test_downloads_are_the_files_that_were_sent(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    page = open_page()
    open_by_link(page, sealed(demo, recipient, files=FILES))
    for file in FILES:
        name, content = download(page, file.name)
        assert name == file.name
        assert sha256(content) == sha256(file.content)

    pdf = page.get_by_role("link", name="verslag.pdf").get_attribute("href")
    piece = page.request.get(f"{demo.url}{pdf}", headers={"Range": "bytes=1000-200999"})
    assert piece.status == 206
    assert piece.headers["content-range"] == "bytes 1000-200999/300000"
    assert piece.body() == FILES[0].content[1000:201_000]
    assert page.request.get(f"{demo.url}{pdf}", headers={"Range": "bytes=300000-"}).status == 416

    told = events(demo, open_page(), recipient)
    assert told.count("Downloaded") == len(FILES)
    assert told.count("Read") == 1


def test_everything_as_eml_and_as_zip(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    html = f"<p>Het BSN is <b>{BSN}</b>.</p>"
    page = open_page()
    open_by_link(page, sealed(demo, recipient, html=html, files=FILES))

    page.locator("summary", has_text="Download").click()
    name, content = download(page, "The message for a mail program (.eml)")
    assert name == f"{SUBJECT}.eml"
    message = parsed(content)
    assert [str(message[field]) for field in ("Subject", "From", "To")] == [
        SUBJECT,
        f"Anna de Vries <{ANNA}>",
        recipient,
    ]
    text, layout = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert layout is not None
    assert text.get_content().splitlines() == TEXT.splitlines()
    assert layout.get_content().strip() == html
    found = [(part.get_filename(), part.get_payload(decode=True)) for part in message.iter_attachments()]
    assert found == [(file.name, file.content) for file in FILES]

    name, content = download(page, "Everything as a zip file")
    assert name == f"{SUBJECT}.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["message.txt", "message.html", *(file.name for file in FILES)]
        assert [archive.read(file.name) for file in FILES] == [file.content for file in FILES]
        assert archive.read("message.txt").decode().splitlines() == TEXT.splitlines()


@contextmanager
def tracker() -> Iterator[tuple[str, list[str]]]:
    """A web server that remembers who came: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_a_hostile_body_calls_nobody(demo: Demo, open_page: OpenPage, watch: Watch) -> None:
    with tracker() as (there, asked):
        html = f"""<html><head><link rel="stylesheet" href="{there}/css">
        <meta http-equiv="refresh" content="0;url={there}/meta">
        <style>@import "{there}/import"; p {{ background: url({there}/background) }}</style></head>
        <body onload="alert(1)" background="{there}/body"><p>marker {BSN}</p><img src="{there}/img" onerror="alert(2)">
        <img srcset="{there}/srcset 2x"><script src="{there}/script"></script><script>alert(3)</script>
        <iframe src="{there}/frame"></iframe><object data="{there}/object"></object><video poster="{there}/poster"></video>
        <svg><image href="{there}/svg"/><script>alert(4)</script></svg>
        <form action="{there}/form"><button autofocus onfocus="alert(5)">x</button></form>
        <p style="background:url('{there}/style')">styled</p><a href="javascript:alert(6)">press me</a></body></html>"""
        link = sealed(demo, somebody(), html=html)
        page = open_page()
        open_by_link(page, link)
        body = page.frame_locator("iframe")
        expect(body.get_by_text(f"marker {BSN}")).to_be_visible()
        expect(page.get_by_text("Pictures from other sites are not shown")).to_be_visible()
        office.shot(page, "message-hostile")
        page.goto(f"{link.url}/body", wait_until="networkidle")  # in a window of its own
        expect(page.get_by_text(f"marker {BSN}")).to_be_visible()
        if page.get_by_text("press me").count():
            page.get_by_text("press me").click(no_wait_after=True)
        page.wait_for_load_state("networkidle")
        assert asked == []
        assert watch.dialogs == []
        with pytest.raises(AssertionError, match="vain"):  # the tracker can tell: nobody came since, either
            until(lambda: asked, seconds=0.5)
        page.context.request.get(f"{there}/control")
        assert asked == ["/control"]


# -- answering


def answer(page: Page, text: str, *files: File) -> None:
    page.get_by_role("link", name="Answer", exact=True).click()
    page.get_by_label("Your answer").fill(text)
    page.get_by_label("Attachments").set_input_files(
        [{"name": file.name, "mimeType": file.content_type, "buffer": file.content} for file in files]
    )
    page.get_by_role("button", name="Send securely").click()
    heading(page, "Your answer is sent")


def test_an_answer_reaches_the_senders_ordinary_mailbox(demo: Demo, open_page: OpenPage) -> None:
    recipient = somebody()
    message = office.mail(recipient)
    office.send(demo, message)
    page = open_page()
    open_by_link(page, link_in(demo.arrived(recipient)[0]))
    answer(page, "Dank u wel.\nTot dinsdag.", *FILES[:2])

    def arrived() -> bytes | None:
        raws = [
            demo.raw(m["id"]) for m in demo.messages() if ANNA in m["rcpt_tos"] and m["subject"] == f"Re: {SUBJECT}"
        ]
        return next((raw for raw in raws if recipient.encode() in raw), None)

    got = parsed(until(arrived, 30))
    assert got["Reply-To"] == recipient
    assert got["In-Reply-To"] == message["Message-ID"]
    body = got.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[:2] == ["Dank u wel.", "Tot dinsdag."]
    found = [(part.get_filename(), part.get_payload(decode=True)) for part in got.iter_attachments()]
    assert found == [(file.name, file.content) for file in FILES[:2]]
    assert "Answered" in events(demo, open_page(), recipient)


def test_a_sealed_answer_is_opened_as_the_message_was(open_page: OpenPage) -> None:
    with folder() as place, running_demo(place, "--answers", "sealed") as demo:
        recipient = somebody()
        page = open_page()
        open_by_link(page, sealed(demo, recipient))
        answer(page, f"Mijn eigen BSN is {BSN}.", FILES[0])
        letter = until(lambda: next((r for r in demo.arrived(ANNA) if b"/m/" in r), None), 30)
        assert BSN.encode() not in letter
        assert b"verslag.pdf" not in letter
        anna = open_page()
        open_by_link(anna, link_in(letter))
        heading(anna, f"Re: {SUBJECT}")
        expect(anna.get_by_text(f"Mijn eigen BSN is {BSN}.")).to_be_visible()
        assert download(anna, "verslag.pdf") == ("verslag.pdf", FILES[0].content)


# -- what can't be opened


@pytest.mark.parametrize("path", ["/m/aaaaaaaaaaaaaaaa", "/m/x", "/m/aaaaaaaaaaaaaaaa/message", "/nothing"])
def test_an_unknown_link(demo: Demo, open_page: OpenPage, path: str) -> None:
    page = open_page()
    answer = page.goto(demo.url + path)
    assert answer is not None
    assert answer.status == (404 if not path.endswith("/message") else 403)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "There is nothing here" if answer.status == 404 else "Please open it again"
    )


def test_an_expired_message(demo: Demo, open_page: OpenPage) -> None:
    link = sealed(demo, somebody(), subject=f"[verloopt:PT6S] {SUBJECT}")
    page = open_page()
    open_by_link(page, link)
    heading(page, SUBJECT)

    def gone() -> bool:
        answer = page.goto(f"{link.url}/message")
        return answer is not None and answer.status == 410

    until(gone, every=0.5)
    heading(page, "This message has expired")
    page.goto(link.whole)
    heading(page, "This message has expired")
