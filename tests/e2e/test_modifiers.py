"""What policies do beside their action, and what an installation knows of its own past: on a running one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demo import parsed, until
from tests.e2e.site import Site, running_site

pytestmark = pytest.mark.e2e

POLICIES = """
[group.finance]
members = ["anna@example.nl"]

[[policy]]
id = "finance-marks"
when.direction = "outbound"
when.sender_group = "finance"
when.subject = "*factuur*"
then.action = "relay"
then.header = { name = "X-Classification", value = "finance" }
then.notify = ["bram@example.nl"]

[[policy]]
id = "nobody-sees-the-others"
when.direction = "outbound"
when.visible_recipients_over = 1
then.action = "relay"
then.bcc = true

[[policy]]
id = "over-tls-only"
when.subject = "*versleuteld*"
then.action = "relay"
then.require_tls = true

[[policy]]
id = "first-time"
when.direction = "outbound"
when.misdirected = "first-time"
when.subject = "*kennismaking*"
then.action = "hold"
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(POLICIES) as running:
        yield running


def send(site: Site, recipients: str, subject: str, *more: str) -> None:
    site.swaks(
        "--from", "anna@example.nl", "--to", recipients, "--header", f"Subject: {subject}", *more, body="Goedemiddag."
    )


def state(site: Site, recipient: str) -> tuple[str, str] | None:
    """The state of the delivery and the last answer, as the database tells it."""
    database = sqlite3.connect(f"file:{site.folder}/zegel.db?mode=ro", uri=True)
    try:
        found = database.execute("SELECT state, last_reply FROM deliveries WHERE rcpt_to = ?", (recipient,)).fetchone()
    finally:
        database.close()
    return found or None


def test_a_group_gets_its_header_and_who_wants_to_know_a_letter(site: Site) -> None:
    send(site, "boek@elders.example", "factuur 12")
    [raw] = site.arrived("boek@elders.example")
    assert parsed(raw)["X-Classification"] == "finance"
    [letter] = site.arrived("bram@example.nl")
    text = parsed(letter).get_body(("plain",)).get_content()
    assert "finance-marks: gewoon verzonden" in text
    assert "boek@elders.example" in text
    assert b"factuur 12" not in letter


def test_with_bcc_nobody_outside_sees_the_others(site: Site) -> None:
    send(site, "een@bcc.example,twee@bcc.example", "nieuws", "--header", "To: een@bcc.example, twee@bcc.example")
    for recipient in ("een@bcc.example", "twee@bcc.example"):
        [raw] = site.arrived(recipient)
        assert parsed(raw)["To"] == "undisclosed-recipients:;"
        assert b"@bcc.example" not in raw.split(b"\r\n\r\n", 1)[0]


def test_required_tls_waits_rather_than_go_in_clear(site: Site) -> None:
    send(site, "dicht@elders.example", "versleuteld verslag")
    waiting = until(lambda: (found := state(site, "dicht@elders.example")) and found[1] and found)
    assert waiting[0] == "queued"
    assert "TLS" in waiting[1]
    send(site, "open@elders.example", "gewoon verslag")
    assert site.arrived("open@elders.example")
    assert site.world.to("dicht@elders.example") == []


def test_a_first_letter_waits_and_a_second_does_not(site: Site) -> None:
    send(site, "nieuw@elders.example", "kennismaking een")
    assert site.zegel("held", "list").count("nieuw@elders.example") == 1
    send(site, "nieuw@elders.example", "gewone brief")
    assert site.arrived("nieuw@elders.example")
    send(site, "nieuw@elders.example", "kennismaking twee")
    assert len(site.arrived("nieuw@elders.example", 2)) == 2
    assert site.zegel("held", "list").count("nieuw@elders.example") == 1


def test_other_policies_are_tried_on_the_past(site: Site, tmp_path: Path) -> None:
    send(site, "replay@elders.example", "zomaar")
    site.arrived("replay@elders.example")
    new = tmp_path / "new.toml"
    new.write_text(
        '[[policy]]\nid = "stop"\nwhen.recipient = "replay@*"\nthen.action = "block"\n'
        '[[policy]]\nid = "by-subject"\nwhen.subject = "*zomaar*"\nthen.action = "hold"\n'
    )
    told = site.zegel("policy", "replay", str(new))
    assert "relay -> block: 1" in told
    assert "by-subject asks for subject, which is not kept" in told
    lines = [json.loads(line) for line in site.zegel("policy", "replay", str(new), "--json").splitlines()]
    [changed] = [line for line in lines if line["to"] == "replay@elders.example"]
    assert (changed["present"], changed["tried"], changed["policies"]) == ("relay", "block", ["stop"])
    assert len(site.world.to("replay@elders.example")) == 1
