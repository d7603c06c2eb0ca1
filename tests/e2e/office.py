"""What the people of the demo do: Anna sends a mail and reads her report, the recipient opens what came."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage

from playwright.sync_api import Page, expect

from tests.e2e.demo import Demo, Link, link_in, parsed, until

ANNA = "anna@example.nl"
PHONE = "+31612345678"
MASKED = "+31 6 •••• ••78"
BSN = "111222333"
SUBJECT = "Uitslag van het onderzoek"
TEXT = f"Beste Jan,\n\nHet BSN is {BSN}.\n"

numbers = itertools.count(1)


def somebody() -> str:
    """An address that no other test writes to."""
    return f"jan{next(numbers)}@elders.example"


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    content: bytes


def mail(
    *recipients: str, subject: str = SUBJECT, text: str = TEXT, html: str = "", files: Sequence[File] = ()
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Anna de Vries <{ANNA}>"
    message["To"] = ", ".join(recipients)
    message["Subject"] = subject
    message["Message-ID"] = f"<{next(numbers)}.{recipients[0]}>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for file in files:
        kind, _, subtype = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return message


def send(demo: Demo, message: EmailMessage) -> None:
    recipients = [address.strip() for address in str(message["To"]).split(",")]
    demo.submit(message.as_bytes(policy=message.policy.clone(linesep="\r\n")), *recipients)


def sealed(demo: Demo, recipient: str, subject: str = SUBJECT, **more: object) -> Link:
    """Sends one sealed mail; the link in the recipient's notification."""
    send(demo, mail(recipient, subject=subject, **more))  # type: ignore[arg-type]
    return link_in(demo.arrived(recipient)[-1])


def letter(demo: Demo, about: str, subject: str = "", contains: str = "") -> bytes:
    """Anna's first letter about this recipient, with that subject and that in it."""

    def look() -> bytes | None:
        hers = (
            demo.raw(m["id"]) for m in reversed(demo.messages()) if ANNA in m["rcpt_tos"] and subject in m["subject"]
        )
        return next((raw for raw in hers if about.encode() in raw and contains.encode() in raw), None)

    return until(look, 30)


def manage_link(demo: Demo, recipient: str) -> Link:
    return link_in(letter(demo, recipient, contains="/manage/"), "manage")


def words(raw: bytes) -> str:
    """The plain text of a mail, its lines joined."""
    body = parsed(raw).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def sms_digits(demo: Demo, phone: str = PHONE) -> str:
    """The newest code on this phone."""
    text = next(item["text"] for item in demo.sms() if item["to"] == phone)
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, "no six digits in the text message"
    return found[0]


def open_by_link(page: Page, link: Link) -> None:
    page.goto(link.whole)
    page.get_by_role("button", name="Open message").click()


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def open_manage(page: Page, link: Link) -> None:
    page.goto(link.whole)
    page.get_by_role("button", name="Show the message's status").click()
    expect(page.locator(".recipient").first).to_be_visible()


def shot(page: Page, name: str) -> None:
    """Keeps a picture of the page, to be looked at: screenshots/ is not part of the repository."""
    page.screenshot(path=f"screenshots/e2e/{name}.png", full_page=True)
