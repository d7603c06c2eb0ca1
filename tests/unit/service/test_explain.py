from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from gateway.adapters.toml_folder import texts
from gateway.core.classify import Classifier
from gateway.core.directives import Directives
from gateway.core.envelope import Envelope, Session
from gateway.core.finding import Findings, Scan, Unscannable
from gateway.core.message import Message
from gateway.core.organisation import Organisation
from gateway.service.check import Files, load
from gateway.service.explain import Explanation, explain

ROOT = Path(__file__).parents[3]
RULES, POLICIES = load(Files(texts(ROOT / "dlp_rules"), texts(ROOT / "policies")))
ORGANISATION = Organisation("example", "Voorbeeld", ("example.nl",), "nl", "https://veilig.example.nl", b"")


def explained(text: str, *rcpt_tos: str, directives: Directives | None = None, language: str = "nl") -> Explanation:
    message = Message((), "Geheim onderwerp", (("Anna", "anna@example.nl"),), (), (), "", "", "", ())
    findings = Findings(
        Classifier(RULES).classify([("body", text)]), (Unscannable("attachment:foto.jpg", "image"),), RULES.digest
    )
    envelope = Envelope("example", "anna@example.nl", rcpt_tos, Session("", "", tls=False, trusted=True))
    return explain(
        Scan(message, findings),
        envelope,
        policies=POLICIES,
        rules=RULES,
        organisation=ORGANISATION,
        at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        directives=directives,
        language=language,
    )


def test_as_text() -> None:
    explanation = explained("Het BSN van de patiënt is 111222333", "jan@elders.test", "bram@example.nl")
    assert explanation.as_text() == (
        "Found:\n"
        "  nl.bsn (Burgerservicenummer) in body: 1 at high confidence\n"
        "  could not be read: attachment:foto.jpg (image)\n"
        "\n"
        "jan@elders.test (outbound): seal, verification sms (fallback none), expires after 30 days, subject hidden\n"
        "  bsn-leaves-sealed: seal\n"
        "    because direction is outbound\n"
        "    because finds nl.bsn in body: 1 at high (wanted: 1 at medium or above)\n"
        "    the sender reads: Uw bericht bevat een BSN en is daarom beveiligd verzonden.\n"
        "\n"
        "bram@example.nl (internal): relay\n"
        "  no policy takes part\n"
    )


def test_as_json() -> None:
    explanation = explained("BSN 111222333", "jan@elders.test", language="en")
    data = json.loads(json.dumps(explanation.as_json()))
    assert data["findings"] == [
        {"rule": "nl.bsn", "title": "Citizen service number", "place": "body", "confidence": "high", "count": 1}
    ]
    (recipient,) = data["recipients"]
    assert (recipient["action"], recipient["verification"], recipient["fallback"]) == ("seal", "sms", "none")
    assert recipient["expires_seconds"] == 30 * 24 * 3600
    assert recipient["reasons"][0]["policy"] == "bsn-leaves-sealed"
    assert (data["rules_digest"], data["policy_digest"]) == (RULES.digest, POLICIES.digest)


def test_nothing_secret_is_told() -> None:
    explanation = explained("BSN 111222333", "jan@elders.test")
    told = explanation.as_text() + json.dumps(explanation.as_json())
    assert "111222333" not in told
    assert "onderwerp" not in told


def test_the_senders_wish_is_told() -> None:
    explanation = explained("Hallo", "jan@elders.test", directives=Directives(seal=True))
    assert "because the sender asked to seal" in explanation.as_text()
    assert "nothing" in explanation.as_text()
