"""The actions of policies, and the commands of the people who answer for them, on a running installation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demo import link_in, parsed, until
from tests.e2e.site import Site, running_site

pytestmark = pytest.mark.e2e

POLICIES = """
[[policy]]
id = "hold-drafts"
when.subject = "*concept*"
then.action = "hold"
then.explain.nl = "Concepten gaan eerst langs een collega."
then.explain.en = "Drafts are reviewed first."

[[policy]]
id = "block-tenders"
when.subject = "*aanbesteding*"
then.action = "block"
then.explain.nl = "Aanbestedingen gaan alleen via het inkoopportaal."
then.explain.en = "Tenders go through the purchasing portal only."

[[policy]]
id = "tag-letters"
when.subject = "*nieuwsbrief*"
then.action = "tag"
then.tag_header = "newsletter"
then.tag_subject = "[intern]"
then.explain.nl = "Nieuwsbrieven krijgen een label."
then.explain.en = "Newsletters get a tag."
"""
BSN = "Het BSN van de patient is 111222333."


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(POLICIES) as running:
        yield running


def send(site: Site, recipient: str, subject: str, body: str = "Goedemiddag.", *more: str, check: bool = True) -> str:
    subject = f"Subject: {subject}"
    return site.swaks(
        "--from", "anna@example.nl", "--to", recipient, "--header", subject, *more, body=body, check=check
    )


def held(site: Site, recipient: str) -> list[str]:
    """The ids of a recipient's held mail."""
    lines = site.zegel("held", "list").splitlines()
    return [line.split()[0] for line in lines if line.endswith(f"anna@example.nl -> {recipient}")]


def letters(site: Site, text: str) -> list[bytes]:
    """What anna got that says this."""
    got = [message.raw for message in site.world.to("anna@example.nl")]
    return [raw for raw in got if (body := parsed(raw).get_body(("plain",))) and text in body.get_content()]


def test_held_mail_is_released_by_a_reviewer(site: Site) -> None:
    send(site, "vrijgave@elders.example", "concept een", "Nog niet af.")
    [told] = until(lambda: letters(site, "vrijgave@elders.example"))
    assert "Concepten gaan eerst langs een collega." in parsed(told).get_body(("plain",)).get_content()
    [delivery] = held(site, "vrijgave@elders.example")
    assert site.world.to("vrijgave@elders.example") == []
    assert site.zegel("held", "release", delivery) == "released\n"
    [raw] = site.arrived("vrijgave@elders.example")
    assert raw.split(b"\r\n\r\n", 1)[1].startswith(b"Nog niet af.\r\n")
    assert held(site, "vrijgave@elders.example") == []
    assert site.zegel("held", "release", delivery, code=1) == "no mail with that id is held\n"


def test_held_mail_is_refused_by_a_reviewer(site: Site) -> None:
    send(site, "weigering@elders.example", "concept twee", "Het kenmerk is 77-XYZ.")
    [delivery] = held(site, "weigering@elders.example")
    before = len(until(lambda: letters(site, "weigering@elders.example")))
    assert site.zegel("held", "refuse", delivery) == "refused\n"
    report = until(lambda: letters(site, "weigering@elders.example")[before:])[0]
    assert b"77-XYZ" not in report
    assert held(site, "weigering@elders.example") == []
    assert site.zegel("held", "refuse", delivery, code=1) == "no mail with that id is held\n"
    assert site.world.to("weigering@elders.example") == []


def test_blocked_mail_is_refused_with_the_clerks_reason(site: Site) -> None:
    transcript = send(site, "inkoop@elders.example", "aanbesteding", check=False)
    assert "<** 554 5.7.1 Aanbestedingen gaan alleen via het inkoopportaal." in transcript
    send(site, "inkoop@elders.example", "daarna")
    assert len(site.arrived("inkoop@elders.example")) == 1  # so the first one was not taken


def test_one_block_refuses_all_recipients(site: Site) -> None:
    transcript = send(site, "a@blok.example,b@blok.example", "aanbesteding", check=False)
    assert "<** 554 5.7.1" in transcript


def test_a_tag_is_a_header_and_a_prefix_of_the_subject(site: Site) -> None:
    send(site, "lezer@elders.example", "nieuwsbrief mei", "Beste lezer,")
    [raw] = site.arrived("lezer@elders.example")
    message = parsed(raw)
    assert message["X-Zegel-Tag"] == "newsletter"
    assert message["Subject"] == "[intern] nieuwsbrief mei"
    assert raw.split(b"\r\n\r\n", 1)[1].startswith(b"Beste lezer,\r\n")


@pytest.mark.parametrize("wish", ["subject", "header"])
def test_a_wish_for_plain_never_beats_a_policy(site: Site, wish: str) -> None:
    recipient = f"gewoon.{wish}@elders.example"
    subject, more = ("[plain] uitslag", ()) if wish == "subject" else ("uitslag", ("--header", "X-Zegel: plain"))
    send(site, recipient, subject, BSN, *more)
    [raw] = site.arrived(recipient)
    assert b"111222333" not in raw
    assert link_in(raw).code


def test_explain_tells_what_would_happen_and_does_nothing(site: Site, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(f"From: anna@example.nl\r\nSubject: concept uitslag\r\n\r\n{BSN}\r\n".encode())
    arguments = ("explain", str(mail), "--from", "anna@example.nl", "--to", "uitleg@elders.example")
    text = site.zegel(*arguments)
    assert "hold-drafts" in text
    assert "bsn-leaves-sealed" in text
    told = json.loads(site.zegel(*arguments, "--json"))
    assert "111222333" not in text + json.dumps(told)
    [recipient] = told["recipients"]
    assert (recipient["recipient"], recipient["action"]) == ("uitleg@elders.example", "hold")
    assert held(site, "uitleg@elders.example") == []


def test_check_reads_everything_and_names_file_line_and_key(site: Site) -> None:
    assert site.zegel("check").startswith("good: ")
    broken = site.policies / "zz-broken.toml"
    broken.write_text('[[policy]]\nid = "typo"\nwhen.subject = "*x*"\nthen.action = "seel"\n', encoding="utf-8")
    try:
        told = site.zegel("check", code=1)
    finally:
        broken.unlink()
    assert "zz-broken.toml:4: policy[1].then.action:" in told
    assert "seal" in told


def test_revoke_takes_one_recipient_and_then_the_message_back(site: Site) -> None:
    send(site, "een@intrek.example,twee@intrek.example", "uitslag", BSN)
    links = [link_in(site.arrived(f"{name}@intrek.example")[0]) for name in ("een", "twee")]
    [report] = until(lambda: letters(site, "een@intrek.example"))
    message = link_in(report, "manage").identity
    assert page(site, links[0].identity) == 200
    site.zegel("revoke", message, "--recipient", "een@intrek.example")
    assert [page(site, link.identity) for link in links] == [410, 200]
    site.zegel("revoke", message)
    assert [page(site, link.identity) for link in links] == [410, 410]
    assert "nothing to revoke" in site.zegel("revoke", message, code=1)


def page(site: Site, grant: str) -> int:
    """The status of a recipient's page."""
    return site.status(f"/m/{grant}")
