"""Messages that mail clients read in different ways, from published research and imagination: in each hides a BSN, and each
is sealed by the default policies, since the number is found or the message counts as unreadable."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.adapters.scan_now import scan_with
from gateway.core import policy, rules
from gateway.core.classify import Classifier
from gateway.core.decision import Action
from gateway.core.directives import Directives
from gateway.core.envelope import Envelope, Session
from gateway.core.finding import Confidence, Scan
from gateway.core.limits import Limits
from gateway.core.organisation import Organisation
from gateway.core.policy_file import load as load_policies

ROOT = Path(__file__).parents[4]
VECTORS = ROOT / "tests" / "vectors" / "mime"
OUTCOMES: dict[str, str] = tomllib.loads((VECTORS / "outcomes.toml").read_text())
RULES = rules.load([(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))], [])
POLICIES = load_policies([("default.toml", (ROOT / "policies" / "default.toml").read_text())], RULES)
OUTSIDE = "jan@elsewhere.example"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(RULES)


def outcome(scan: Scan) -> str:
    if any(item.rule == "nl.bsn" and item.confidence >= Confidence.MEDIUM for item in scan.findings.findings):
        return "found"
    return "unscannable" if scan.findings.unscannable else "missed"


def decided(scan: Scan, size: int) -> Action:
    organisation = Organisation("gemeente", "Gemeente", ("gemeente.example",), "nl", "https://zegel.example", b"")
    session = Session("192.0.2.1", "client", tls=True, account="a", trusted=False)
    envelope = Envelope(organisation.id, "anna@gemeente.example", (OUTSIDE,), session)
    facts = policy.Facts.of(
        organisation=organisation,
        envelope=envelope,
        scan=scan,
        directives=Directives(plain=True),
        size=size,
        at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    return policy.decide(POLICIES, facts, OUTSIDE).action


def test_every_message_has_an_outcome() -> None:
    assert {path.stem for path in VECTORS.glob("*.eml")} == OUTCOMES.keys()


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_hidden_numbers_do_not_leave_in_clear(name: str, classifier: Classifier) -> None:
    raw = (VECTORS / f"{name}.eml").read_bytes()
    scan = scan_with(classifier, raw, Limits())
    assert outcome(scan) == OUTCOMES[name]
    assert decided(scan, len(raw)) is Action.SEAL
