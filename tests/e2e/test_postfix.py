"""Postfix in front by content_filter, Dovecot behind: one mail to two people, plain inside, sealed outside, answered."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from tests.e2e.demo import free_port, link_in, parsed, until
from tests.e2e.installation import Installation, running_installation
from tests.e2e.site import folder
from tests.peers.chromium import OpenPage
from tests.peers.dovecot import Dovecot
from tests.peers.place import wait_until
from tests.peers.postfix import Postfix, postfix
from tests.peers.sink import Sink, sink

pytestmark = pytest.mark.e2e

ANNA, BRAM, JAN = "anna@example.test", "bram@example.test", "jan@elsewhere.example"
PIET = "piet@elsewhere.example"
BSN = "111222333"


@pytest.fixture(scope="module")
def world() -> Iterator[Sink]:
    with sink() as running:
        yield running


@pytest.fixture(scope="module")
def house(mailboxes: Dovecot, world: Sink) -> Iterator[tuple[Installation, Postfix]]:
    """The gateway and the mail server that it filters for; each knows the other's port."""
    port = free_port()
    with folder() as place, postfix(mailboxes, world.port, gateway=port) as mta:
        made = Installation(place, smtp_port=port, smarthost=f"smtp://127.0.0.1:{mta.reinject}")
        with running_installation(made) as zegel:
            yield zegel, mta


def submit(mta: Postfix, subject: str, body: str, *recipients: str) -> None:
    command = ["swaks", "--server", f"127.0.0.1:{mta.submission}", "--helo", "client.example.test"]
    login = ["--auth", "PLAIN", "--auth-user", ANNA, "--auth-password", "geheim"]
    mail = ["--from", ANNA, "--to", ",".join(recipients), "--header", f"Subject: {subject}", "--body", body]
    done = subprocess.run([*command, *login, *mail], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def newest(mailboxes: Dovecot, user: str, mark: str) -> EmailMessage:
    """The message in the user's mailbox with this mark in its subject or body."""

    def look() -> bytes | None:
        return next((raw for raw in reversed(mailboxes.messages(user)) if mark.encode() in raw), None)

    return parsed(until(look))


def test_one_mail_plain_inside_and_sealed_outside(
    house: tuple[Installation, Postfix], mailboxes: Dovecot, world: Sink, open_page: OpenPage
) -> None:
    zegel, mta = house
    mark = uuid.uuid4().hex
    before = len(mailboxes.messages(BRAM))
    submit(mta, f"Referral {mark}", f"The patient's number is BSN {BSN}.", BRAM, JAN)

    # Bram is inside: he gets the mail itself, and nothing else.
    inside = newest(mailboxes, BRAM, mark)
    assert inside["Subject"] == f"Referral {mark}"
    assert BSN in inside.get_content()
    assert len(mailboxes.messages(BRAM)) == before + 1

    # Jan is outside: he gets the notification only.
    [notification] = until(lambda: world.to(JAN))
    assert notification.rcpt_tos == (JAN,)
    for secret in (BSN, mark):
        assert secret.encode() not in notification.raw
        assert secret not in str(parsed(notification.raw).get_body(("plain",)))
    link = link_in(notification.raw)

    # Anna's report comes to her mailbox, and names who got a notification.
    report = newest(mailboxes, ANNA, "/manage/")
    words = str(report.get_body(("plain",)))
    assert JAN in words
    assert BRAM not in words
    assert mark not in report.as_string()

    # Postfix told whose mail it was: its own queue id is in our log, and the client's name came along.
    accepted = zegel.events("smtp_queued")[-1]
    assert re.fullmatch(r"[0-9A-Za-z]{6,}", accepted["upstream"])
    assert accepted["upstream"] in mta.log()
    wait_until(mta.queue_is_empty, "an empty queue")

    # Jan answers; Anna reads the answer in her ordinary mailbox.
    page = open_page()
    page.goto(link.whole)
    page.get_by_role("button", name="Open message").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Referral {mark}")
    page.get_by_role("link", name="Answer").click()
    page.get_by_label("Your answer").fill(f"Thank you.\nSeen: {mark}")
    page.get_by_label("Attachments").set_input_files(
        {"name": "consent.pdf", "mimeType": "application/pdf", "buffer": bytes(range(256)) * 40}
    )
    page.get_by_role("button", name="Send securely").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is sent")

    answer = newest(mailboxes, ANNA, f"Re: Referral {mark}")
    body = answer.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[:2] == ["Thank you.", f"Seen: {mark}"]
    [file] = answer.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("consent.pdf", bytes(range(256)) * 40)
    assert answer["Reply-To"] == JAN
    assert answer["In-Reply-To"] == inside["Message-ID"]


def test_harmless_mail_passes_to_both(house: tuple[Installation, Postfix], mailboxes: Dovecot, world: Sink) -> None:
    zegel, mta = house
    mark = uuid.uuid4().hex
    submit(mta, f"Lunch {mark}", "At noon?", BRAM, PIET)
    inside, [sent] = newest(mailboxes, BRAM, mark), until(lambda: world.to(PIET))
    assert parsed(sent.raw).get_content() == inside.get_content()
    assert inside.get_content().strip() == "At noon?"
    assert zegel.events("accepted")[-1]["actions"] == "relay"
