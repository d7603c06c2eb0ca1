"""One whole session over HTTP: no secret in a log, an address or a redirect; strict headers and cookies on everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e import office
from tests.e2e.at_rest import finds
from tests.e2e.demo import Demo, Link, running_demo
from tests.e2e.office import BSN, File, heading, open_by_link, open_manage, sealed, somebody
from tests.e2e.site import folder
from tests.peers.chromium import OpenPage

pytestmark = pytest.mark.e2e

SUBJECT = "Zeldzaamonderwerp"
PHONE, LATER = "+31698765412", "+31687654398"
PASSWORD, HINT = "zwarte-kat-op-zolder", "huisdierhint"
NAME, ANSWER = "geheimverslag.pdf", "Antwoordtekst met inhoud"
TEXT = f"Bijzonderewoorden en BSN {BSN}."
HTML = f"<p>Bijzonderewoorden en <b>BSN {BSN}</b>.</p>"
TIMESTAMP = re.compile(rb'"timestamp": "[^"]*"')


@dataclass
class Recorded:
    """Every response that a browser got, with the headers as they were sent."""

    responses: list[tuple[str, int, dict[str, str], list[str]]] = field(default_factory=list)

    def on(self, page: Page) -> Page:
        page.on("response", self._keep)
        return page

    def _keep(self, response: Response) -> None:
        self._pending.append(response)

    _pending: list[Response] = field(default_factory=list)

    def settle(self) -> None:
        """Headers can only be asked for outside an event handler."""
        for response in self._pending:
            cookies = [item["value"] for item in response.headers_array() if item["name"].lower() == "set-cookie"]
            self.responses.append((response.url, response.status, response.all_headers(), cookies))
        self._pending.clear()


@dataclass
class Session:
    demo: Demo
    recorded: Recorded
    secrets: list[str]


def code_forms(link: Link) -> list[str]:
    return [link.code, link.code.replace("-", "")]


@pytest.fixture
def session(open_page: OpenPage) -> Iterator[Session]:
    with folder() as place, running_demo(place) as demo:
        recorded = Recorded()
        secrets = [SUBJECT, PHONE[1:], PHONE[3:], LATER[3:], PASSWORD, HINT, NAME, ANSWER, "Bijzonderewoorden", BSN]
        for act in (by_code, by_sms, by_password, as_sender):
            page = recorded.on(open_page())
            secrets += act(demo, page)
            recorded.settle()
        yield Session(demo, recorded, secrets)


def message(demo: Demo, tag: str) -> tuple[str, Link]:
    recipient = somebody()
    file = File(NAME, "application/pdf", bytes(200_000))
    return recipient, sealed(demo, recipient, subject=f"[{tag}] {SUBJECT}", text=TEXT, html=HTML, files=[file])


def by_code(demo: Demo, page: Page) -> list[str]:
    """Wrong and right code, reading, every download, an answer, leaving, and pages that are not there."""
    _, link = message(demo, "veilig")
    page.goto(f"{link.url}#{link.code[:-4]}0000")
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="Nederlands").click()
    page.get_by_role("link", name="English").click()
    open_by_link(page, link)
    heading(page, SUBJECT)
    page.goto(f"{link.url}/message?view=text")
    page.goto(f"{link.url}/message")
    with page.expect_download() as got:
        page.get_by_role("link", name=NAME).click()
    assert got.value.path().stat().st_size == 200_000
    for path in ("message.eml", "message.zip", "body"):
        assert page.request.get(f"{link.url}/{path}").ok
    page.get_by_role("link", name="Answer", exact=True).click()
    page.get_by_label("Your answer").fill(ANSWER)
    page.get_by_label("Attachments").set_input_files({"name": NAME, "mimeType": "text/plain", "buffer": b"x"})
    page.get_by_role("button", name="Send securely").click()
    heading(page, "Your answer is sent")
    page.goto(f"{link.url}/message")
    page.get_by_role("button", name="Close").click()
    heading(page, "The message is closed")
    for path in (f"{link.url}/message", f"{demo.url}/m/aaaaaaaaaaaaaaaa", f"{demo.url}/nothing", demo.url):
        page.goto(path)
    return code_forms(link)


def by_sms(demo: Demo, page: Page) -> list[str]:
    _, link = message(demo, f"sms:{PHONE}")
    open_by_link(page, link)
    page.get_by_role("button", name="Send me the code").click()
    digits = office.sms_digits(demo, PHONE)
    page.get_by_label("Six digits").fill(f"{int(digits) // 2:06}")
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Six digits").fill(digits)
    page.get_by_role("button", name="Open message").click()
    heading(page, SUBJECT)
    return [*code_forms(link), digits]


def by_password(demo: Demo, page: Page) -> list[str]:
    """Too many wrong ones, too."""
    secrets = []
    for tries in (1, 5):
        _, link = message(demo, f"wachtwoord:{PASSWORD}")
        open_by_link(page, link)
        for _ in range(tries):
            page.get_by_label("Password").fill(f"{PASSWORD}-niet")
            page.get_by_role("button", name="Open message").click()
            expect(page.locator("#wrong, .status")).to_be_visible()
        if tries == 1:
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Open message").click()
            heading(page, SUBJECT)
        secrets += code_forms(link)
    return secrets


def as_sender(demo: Demo, page: Page) -> list[str]:
    """Gives a number and a password, takes one message back."""
    secrets = []
    for way in ("phone", "password"):
        recipient = somebody()
        office.send(demo, office.mail(recipient, subject=f"[sms] {SUBJECT}"))
        manage = office.manage_link(demo, recipient)
        open_manage(page, manage)
        page.get_by_role("link", name="Choose how").click()
        if way == "phone":
            page.get_by_label("Mobile number").fill(LATER)
            page.get_by_role("button", name="Use this number").click()
        else:
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_label("Hint").fill(HINT)
            page.get_by_role("button", name="Use this password").click()
        heading(page, "Your sealed message")
        demo.arrived(recipient)
        page.get_by_role("link", name="Take the whole message back").click()
        page.get_by_role("button", name="Take back").click()
        heading(page, "Your sealed message")
        secrets += code_forms(manage)
    return secrets


def test_a_session_leaks_nothing(session: Session) -> None:
    demo, responses = session.demo, session.recorded.responses
    assert len(responses) > 80

    # The logs of all processes, the requests' lines among them. Microseconds look like six digits; and what begins with
    # "sms to" is the demo's phone, which is this console.
    lines = demo.log.partition(b"\nready\n")[2].splitlines(keepends=True)
    assert len([line for line in lines if line.startswith(b"sms to ")]) == 1
    log = TIMESTAMP.sub(b"", b"".join(line for line in lines if not line.startswith(b"sms to ")))
    assert finds(log, session.secrets, "log") == []
    assert len(demo.events("request")) > 80
    assert finds(log + session.secrets[-1].encode(), session.secrets, "log") != []

    for url, status, headers, cookies in responses:
        where = f"{status} {url}"
        assert finds(url.partition("#")[0].encode(), session.secrets, url) == []
        assert finds(headers.get("location", "").encode(), session.secrets, f"Location of {where}") == []
        assert "#" not in headers.get("location", "")
        kept = " ".join(value for name, value in headers.items() if name != "content-disposition")
        assert finds(kept.encode(), session.secrets, f"headers of {where}") == []
        assert urlsplit(url).netloc == urlsplit(demo.url).netloc
        check_headers(where, headers)
        for cookie in cookies:
            check_cookie(urlsplit(url).path, cookie)
    kinds = {status for _, status, _, _ in responses}
    assert {200, 303, 403, 404, 423} <= kinds
    assert any("zegel-session" in cookie for *_, cookies in responses for cookie in cookies)


def check_headers(where: str, headers: dict[str, str]) -> None:
    assert headers["x-content-type-options"] == "nosniff", where
    assert headers["referrer-policy"] == "no-referrer", where
    assert "server" not in headers, where
    policy = dict(item.strip().partition(" ")[::2] for item in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'", where
    assert "unsafe-eval" not in headers["content-security-policy"], where
    if not headers.get("content-type", "").startswith("text/html"):
        return
    assert headers["cache-control"] == "no-store", where
    if where.endswith("/body"):  # a stranger's HTML
        assert "script-src" not in policy, where
        assert "sandbox" in policy, where
        assert "allow-scripts" not in policy["sandbox"], where
        assert "allow-same-origin" not in policy["sandbox"], where
        assert headers["x-frame-options"] == "SAMEORIGIN", where
    else:
        assert "unsafe-inline" not in headers["content-security-policy"], where
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'", where
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'", where
        assert headers["x-frame-options"] == "DENY", where
        assert headers["cross-origin-opener-policy"] == "same-origin", where
        assert "permissions-policy" in headers, where


def check_cookie(path: str, cookie: str) -> None:
    """Cookies that prove something go to one message's pages only."""
    name, *attributes = (item.strip() for item in cookie.split(";"))
    found = dict(item.lower().partition("=")[::2] for item in attributes)
    assert "httponly" in found, name
    if name.startswith("zegel-session="):
        area = "/".join(path.split("/")[:3])
        assert re.fullmatch(r"/(m|manage)/[a-z2-7]{16}", area), path
        assert (found["path"], found["samesite"]) == (area, "strict")
        assert "max-age" not in found or found["max-age"] == "0"
    else:
        assert name.split("=")[0] in ("zegel-form", "zegel-language")
        assert (found["path"], found["samesite"]) == ("/", "lax")
