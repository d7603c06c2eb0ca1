"""What the commands about rules and policies tell."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.store import SqlStore
from gateway.app import accept_of, accounts_of, opened
from gateway.commands import check_everything
from gateway.config import load
from gateway.core.decision import Action
from gateway.core.delivery import DeliveryState
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import Misconfigured
from gateway.installation import initialise
from gateway.policy_commands import Explained, explain_files, messages_in, policies_in, replay_policies, run_rules
from gateway.rule_files import PolicyHolder, rule_and_policy_files
from gateway.service.check import load as load_rules_and_policies
from tests.unit.service.mail_world import NowScanner

CONFIG = """
hostname = "mail.example.nl"
data = "data"
keys = "keys"
policies = ["site"]

[[smtp.listener]]
address = "127.0.0.1:2525"
tls = "none"

[[organisation]]
id = "example"
name = "Voorbeeld"
domains = ["example.nl"]
portal_url = "https://veilig.example.nl"
"""
WARN = '[[policy]]\nid = "look"\nwhen.misdirected = ["first-time", "mistyped-domain"]\nthen.action = "hold"\n'
BSN = "Het BSN van de patient is 111222333"


def mail(body: str = "Tot morgen", to: str = "jan@klant.nl", subject: str = "Afspraak") -> bytes:
    return f"From: Anna <anna@example.nl>\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


RULE = """
[nl.bsn]
title.nl = "Burgerservicenummer"
title.en = "Citizen service number"
pattern = '\\b\\d{9}\\b'
validator = "bsn"
near = ["bsn"]
match = ["BSN 111222333"]
no_match = ["BSN 111222334"]
"""
POLICY = """
[[policy]]
id = "bsn-leaves-sealed"
when.direction = "outbound"
when.finds = { rules = "nl.bsn" }
then.action = "seal"
"""


@pytest.fixture(autouse=True)
def house(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule and one policy instead of all packs: reading those takes seconds, and these tests read them often."""
    folder = tmp_path_factory.mktemp("house")
    for name, text in (("dlp_rules", RULE), ("policies", POLICY)):
        (folder / name).mkdir()
        (folder / name / "own.toml").write_text(text)
    for module in ("gateway.config", "gateway.commands", "gateway.policy_commands"):
        monkeypatch.setattr(f"{module}.resource", lambda name: folder / name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "zegel.toml").write_text(CONFIG)
    return tmp_path / "zegel.toml"


async def explained(config: Path | None, path: Path, sender: str = "", *to: str) -> list[Explained]:
    return [item async for item in explain_files(config, messages_in(path), sender, to)]


async def send(config: Path, raw: bytes, *to: str) -> None:
    """Takes a message in, by the real store and keys."""
    settings = load(config)
    async with opened(settings) as base:
        policies = PolicyHolder(settings)
        scanner = NowScanner()
        scanner.rules = load_rules_and_policies(rule_and_policy_files(settings))[0]
        accept = accept_of(base, policies, scanner, accounts_of(base))  # type: ignore[arg-type]
        session = Session(peer="192.0.2.1", helo="client", tls=True, trusted=True)
        await accept.accept(Envelope("example", "anna@example.nl", to, session), raw)


async def test_a_folder_of_messages(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.eml").write_bytes(mail(BSN))
    (tmp_path / "in" / "b.eml").write_bytes(mail())
    (tmp_path / "c.eml").write_bytes(b"no header")
    (tmp_path / "notes.txt").write_text(BSN)
    a, c, b = await explained(None, tmp_path)
    assert a.cells() == ("a.eml", "anna@example.nl", "1", "seal", "bsn-leaves-sealed")
    assert (b.file, b.cells()[3]) == ("in/b.eml", "relay")
    assert c.explanation is None
    lines = [json.dumps(item.as_json()) for item in (a, b, c)]
    assert json.loads(lines[0])["recipients"][0]["action"] == "seal"
    assert "mistake" in json.loads(lines[2])
    assert "111222333" not in "".join(lines)
    assert "Afspraak" not in "".join(lines)


async def test_wishes_are_those_that_taking_in_would_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail())
    (plus,) = await explained(None, tmp_path / "a.eml", "anna@example.nl", "jan+veilig@klant.nl")
    assert plus.explanation is not None
    (decision,) = plus.explanation.decisions
    assert (decision.recipient, decision.action) == ("jan@klant.nl", Action.SEAL)
    assert plus.recipients == ("jan@klant.nl",)


async def test_the_past_is_asked_where_there_is_one(config: Path) -> None:
    (config.parent / "site" / "p.toml").write_text(WARN)
    message = config.parent / "m.eml"
    message.write_bytes(mail())
    [before] = await explained(config, message)
    assert before.cells()[3] == "relay"  # no keys, no past
    initialise(load(config))
    [first] = await explained(config, message)
    assert first.cells()[3] == "hold"
    assert "signs of a wrong recipient: first-time, first-time-of-organisation" in first.explanation.as_text()  # type: ignore[union-attr]
    (config.parent / "site" / "p.toml").write_text("")
    await send(config, mail(), "jan@klant.nl")
    (config.parent / "site" / "p.toml").write_text(WARN)
    [later] = await explained(config, message)
    assert later.cells()[3] == "relay"
    [mistyped] = await explained(config, message, "", "jan@gmial.com")
    assert "mistyped-domain (gmail.com)" in mistyped.explanation.as_text()  # type: ignore[union-attr]


async def test_replay_over_the_past_and_over_mail_that_waits(config: Path, tmp_path: Path) -> None:
    (config.parent / "site" / "p.toml").write_text(
        '[[policy]]\nid = "wait"\nwhen.subject = "*wacht*"\nthen.action = "hold"\n'
    )
    settings = load(config)
    initialise(settings)
    await send(config, mail(BSN), "jan@klant.nl", "bram@example.nl")
    await send(config, mail(subject="geheim wacht"), "piet@klant.nl")
    new = tmp_path / "new.toml"
    new.write_text(
        '[[policy]]\nid = "bsn-leaves-sealed"\nwhen.finds = { rules = "nl.bsn" }\nthen.action = "block"\n'
        '[[policy]]\nid = "secret"\nwhen.subject = "*geheim*"\nthen.action = "block"\n'
    )
    found, tally = await replay_policies(settings, policies_in(new), timedelta(days=1), held=False)
    assert {
        (item.recipient, item.present.name, item.tried.name) for item in found if item.present is not item.tried
    } == {
        ("jan@klant.nl", "SEAL", "BLOCK"),
        ("bram@example.nl", "RELAY", "BLOCK"),
    }
    assert "cannot tell for 3: secret asks for subject, which is not kept" in tally.lines()
    found, tally = await replay_policies(settings, policies_in(new), timedelta(days=1), held=True)
    assert ("piet@klant.nl", "HOLD", "BLOCK") in {(i.recipient, i.present.name, i.tried.name) for i in found}
    store = SqlStore(settings.store_url)
    async with store.read() as tx:
        assert len(await tx.deliveries_in(DeliveryState.HELD, 9)) == 1  # nothing was changed
    await store.close()


def test_what_rules_find_in_a_text(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text(f"Hallo,\n\n{BSN}\n")
    [match], unread = run_rules(text, "nl.bsn", ())
    assert match.cells()[:4] == ("nl.bsn", "body", "high", "1")
    assert unread == []
    assert "111222333" not in " ".join(match.cells())
    assert (match.lines, match.texts) == ((3,), ("111222333",))
    (tmp_path / "b.txt").write_text("Hallo")
    assert run_rules(tmp_path / "b.txt", "", ())[0] == []


def test_what_rules_find_in_documents_and_messages(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("in/lijst.txt", BSN)
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    [match], _ = run_rules(tmp_path / "a.zip", "nl.bsn", ())
    assert match.finding.place == "attachment:a.zip/in/lijst.txt"
    (tmp_path / "a.eml").write_bytes(mail(BSN))
    assert [match.finding.place for match in run_rules(tmp_path / "a.eml", "nl.bsn", ())[0]] == ["body"]
    (tmp_path / "x.bin").write_bytes(bytes(range(256)))
    assert run_rules(tmp_path / "x.bin", "", ())[1] == ["could not be read: attachment:x.bin (unknown-type)"]


def test_a_rule_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(Misconfigured, match=r"no rule is called nl\.bns"):
        run_rules(tmp_path / "a.txt", "nl.bns", ())


def test_addresses_that_policies_name_must_be_inside(config: Path) -> None:
    site = config.parent / "site" / "p.toml"
    site.write_text(WARN + 'then.reviewers = "fg@example.nl"\nthen.notify = "fg@example.nl"\n')
    assert check_everything(config, (), ()).good
    site.write_text(WARN + 'then.reviewers = "fg@elders.nl"\nthen.notify = "fg@example.nl"\n')
    report = check_everything(config, (), ())
    assert not report.good
    assert report.lines == ("policies: look.then.reviewers: fg@elders.nl is in no domain of this installation",)
