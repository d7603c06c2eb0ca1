"""Link scanners follow every link of every mail before the person does. They must not use anything up, nor leave a trace."""

from __future__ import annotations

import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import pytest

from tests.e2e import office
from tests.e2e.demo import Demo, Link, link_in, parsed, running_demo, until
from tests.e2e.office import SUBJECT, heading, open_by_link, open_manage, somebody
from tests.e2e.site import folder
from tests.peers.chromium import OpenPage

pytestmark = pytest.mark.e2e

AGENT = "Mozilla/5.0 (compatible; LinkScanner/1.0)"
Dump = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with folder() as place, running_demo(place) as running:
        yield running


def dump(demo: Demo) -> Dump:
    """Every row of every table."""
    with closing(sqlite3.connect(f"file:{demo.folder}/zegel.db?mode=ro", uri=True)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(database.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


def at_rest(demo: Demo) -> Dump:
    """The tables, once nothing is left to send."""

    def look() -> Dump | None:
        tables = dump(demo)
        with closing(sqlite3.connect(f"file:{demo.folder}/zegel.db?mode=ro", uri=True)) as database:
            busy = database.execute("SELECT count(*) FROM deliveries WHERE state = 'queued'").fetchone()[0]
        return tables if not busy else None

    return until(look)


class Links(HTMLParser):
    """All that a page or an HTML mail refers to; and its forms, with the fields they would send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, list[tuple[str, str]]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.links += [found[name] for name in ("href", "src") if found.get(name)]
        if tag == "form":
            self.forms.append((found.get("action", ""), []))
        if tag in ("input", "button", "textarea") and self.forms and found.get("name"):
            self.forms[-1][1].append((found["name"], found.get("value") or "scan"))


def links_of(mail: EmailMessage) -> list[str]:
    """Every address in the plain and the HTML part, with its fragment."""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    found = re.findall(r"https?://[^\s<>\"']+", plain.get_content())
    found += [link for link in Links(html.get_content()).links if link.startswith("http")]
    return sorted(set(found))


def request(url: str, method: str = "GET") -> str:
    """The page's text; a scanner keeps no cookies and minds no errors."""
    asked = urllib.request.Request(url, method=method, headers={"User-Agent": AGENT})
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return str(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return str(error.read().decode(errors="replace"))


@pytest.fixture(scope="module")
def mails(demo: Demo) -> dict[str, list[bytes]]:
    """One message by code, one by SMS, one by password and one that waits: all mails about them."""
    tags = {"code": "veilig", "sms": "sms:+31655555578", "password": "wachtwoord:blauwe fiets", "waiting": "sms"}
    found = {}
    for kind, tag in tags.items():
        recipient = somebody()
        office.send(demo, office.mail(recipient, subject=f"[{tag}] {SUBJECT}"))
        found[kind] = [office.letter(demo, recipient, contains="/manage/")]
        if kind != "waiting":
            found[kind] += demo.arrived(recipient)
    return found


def every_link(mails: dict[str, list[bytes]]) -> list[str]:
    links = sorted({link for raws in mails.values() for raw in raws for link in links_of(parsed(raw))})
    assert len([link for link in links if "/m/" in link]) == 3
    assert len([link for link in links if "/manage/" in link]) == 4
    return links


def test_get_and_head_change_nothing(demo: Demo, mails: dict[str, list[bytes]]) -> None:
    before = at_rest(demo)
    for link in every_link(mails):
        for method in ("GET", "HEAD", "GET", "OPTIONS"):
            request(link, method)
            # Some send the fragment along, as a path, a query or in place.
            request(link.replace("#", "?"), method)
            request(link.replace("#", "%23"), method)
            request(link.replace("#", "/"), method)
    assert dump(demo) == before


def test_following_all_that_pages_refer_to_changes_nothing(demo: Demo, mails: dict[str, list[bytes]]) -> None:
    """Also every form, with its fields, but by GET; and every path below the message."""
    before = at_rest(demo)
    forms = 0
    for link in every_link(mails):
        url, _, code = link.partition("#")
        page = Links(request(url))
        below = ["open", "sms", "sms/send", "wrong-number", "password", "message", "body", "part/1", "message.eml"]
        below += ["message.zip", "answer", "answered", "leave", "overview", "confirm", "recipient", "change"]
        for path in (*page.links, *(f"{url}/{name}" for name in below)):
            target = urljoin(url, path)
            assert target.startswith(demo.url)
            request(target)
            request(target, "HEAD")
        for action, fields in page.forms:
            forms += 1
            for value in ("scan", code):
                query = urlencode([(name, value if name == "code" else kept) for name, kept in fields])
                request(f"{urljoin(url, action)}?{query}")
    assert forms == 7
    assert dump(demo) == before


def test_posting_without_a_person_is_refused(demo: Demo, mails: dict[str, list[bytes]]) -> None:
    """A form that is sent from nowhere, without the cookie that a browser keeps, does not count as a try."""
    before = at_rest(demo)
    for link in every_link(mails):
        url, _, code = link.partition("#")
        for action, fields in Links(request(url)).forms:
            data = urlencode([(name, code if name == "code" else kept) for name, kept in fields]).encode()
            asked = urllib.request.Request(urljoin(url, action), data=data, headers={"User-Agent": AGENT})
            with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(asked, timeout=20):
                pass
            refused.value.close()
            assert refused.value.code == 400
    assert dump(demo) == before


def test_rendering_changes_nothing_and_the_links_open_after_it(
    demo: Demo, mails: dict[str, list[bytes]], open_page: OpenPage
) -> None:
    before = at_rest(demo)
    page = open_page(user_agent=AGENT)
    for link in every_link(mails):
        page.goto(link, wait_until="networkidle")
        page.mouse.wheel(0, 2000)
        for inner in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            page.goto(inner, wait_until="networkidle")
    assert dump(demo) == before
    assert demo.sms() == []

    person = open_page()
    open_by_link(person, link_in(mails["code"][1]))
    heading(person, SUBJECT)
    open_by_link(person, link_in(mails["sms"][1]))
    heading(person, "Is this your phone?")
    open_by_link(person, link_in(mails["password"][1]))
    heading(person, "The agreed password")
    for kind, raws in mails.items():
        manage: Link = link_in(raws[0], "manage")
        open_manage(person, manage)
        if kind != "code":
            assert "Read" not in person.locator(".timeline").first.inner_text()
    assert dump(demo) != before  # a person's reading is seen
