"""Trying policies on the past: what was kept answers, and what was not kept is never taken for no."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.core import policy_file
from gateway.core.decision import Action
from gateway.core.directives import Directives
from gateway.core.facts import Attachment, Facts
from gateway.core.finding import Confidence, Finding, Findings, Unscannable
from gateway.core.misdirected import Sign
from gateway.core.past_facts import facts_of, kept
from gateway.core.policy import PolicySet, decide
from gateway.core.records import PastDecision
from gateway.service.replay import Compared, Tally, replay
from tests.unit.service.mail_world import INSIDE, OUTSIDE, RULES

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = Facts(
    mail_from="anna@example.nl",
    domains=("example.nl",),
    subject="geheim plan",
    size=5000,
    attachments=(Attachment("plan.docx", "application/msword", 4000, "office"),),
    findings=Findings(
        (Finding("nl.bsn", "attachment:plan.docx", Confidence.HIGH, 2),),
        (Unscannable("attachment:x.zip", "encrypted"),),
        RULES.digest,
    ),
    directives=Directives(plain=True),
    authenticated=True,
    recipients=(OUTSIDE, INSIDE),
    visible=(OUTSIDE,),
    headers=(("X-Project", "tulp"),),
    at=NOW,
    signs={OUTSIDE: {Sign.FIRST_TIME: ""}},
)


def policies(*whens: str, action: str = "hold") -> PolicySet:
    texts = [f'[[policy]]\nid = "p{n}"\n{when}\nthen.action = "{action}"\n' for n, when in enumerate(whens)]
    return policy_file.load([("p.toml", "\n".join(texts))], RULES)


def row(facts: Facts = FACTS, rules_digest: str = RULES.digest) -> PastDecision:
    return PastDecision(
        id="a",
        organisation="example",
        at=NOW,
        mail_from=facts.mail_from,
        recipients=facts.recipients,
        actions=("relay",) * len(facts.recipients),
        policies=(),
        policy_digest="p",
        rules_digest=rules_digest,
        facts=kept(facts),
    )


def outside(present: PolicySet, tried: PolicySet, past: PastDecision | None = None) -> Compared:
    return next(item for item in replay([past or row()], present, tried) if item.recipient == OUTSIDE)


@pytest.mark.parametrize(
    "when",
    [
        'when.direction = "outbound"',
        'when.sender_domain = "example.nl"',
        'when.recipient = "jan@*"',
        "when.recipients_over = 1",
        "when.visible_recipients_over = 0",
        'when.misdirected = "first-time"',
        'when.attachment_kind = "office"',
        'when.attachment_type = "application/*"',
        "when.attachment_size_over = 3999",
        "when.attachments_over = 0",
        "when.size_over = 4999",
        'when.finds = { rules = "nl.bsn", confidence = "high", count = 2 }',
        'when.finds = { rules = "nl.bsn", places = "attachment:*" }',
        'when.unscannable = "encrypted"',
        'when.asked = "plain"',
        "when.authenticated = true",
        'when.schedule = { timezone = "UTC", days = ["mon"] }',
    ],
)
def test_what_is_kept_answers_as_the_message_did(when: str) -> None:
    tried = policies(when)
    assert decide(tried, FACTS, OUTSIDE).action is Action.HOLD
    compared = outside(policies(), tried)
    assert (compared.present, compared.tried, compared.at_most) == (Action.RELAY, Action.HOLD, Action.HOLD)
    assert (compared.policies, compared.unsure) == (("p0",), {})


@pytest.mark.parametrize(
    ("when", "key"),
    [
        ('when.subject = "*geheim*"', "subject"),
        ('when.header = { name = "X-Project" }', "header"),
        ('when.label = "secret"', "label"),
        ('when.attachment_name = "*.docx"', "attachment_name"),
        ('when.finds = { rules = "nl.bsn", places = "attachment:plan*" }', "finds"),
        ('when.direction = "outbound"\nexcept.subject = "*klaar*"', "subject"),
    ],
)
def test_what_is_not_kept_is_not_taken_for_no(when: str, key: str) -> None:
    compared = outside(policies(), policies(when))
    assert (compared.tried, compared.at_most) == (Action.RELAY, Action.HOLD)
    assert compared.unsure == {"p0": {key}}


def test_a_condition_that_fails_for_sure_needs_no_subject() -> None:
    compared = outside(policies(), policies('when.subject = "*geheim*"\nwhen.direction = "inbound"'))
    assert (compared.at_most, compared.unsure) == (Action.RELAY, {})


def test_with_other_rules_a_finding_may_have_been_missed() -> None:
    tried = policies('when.finds = { rules = "payment.card" }', 'when.finds = { rules = "nl.bsn" }')
    assert outside(policies(), tried).unsure == {}
    older = outside(policies(), tried, row(rules_digest="older"))
    assert older.unsure == {"p0": {"finds"}}
    assert older.policies == ("p1",)


def test_a_policy_that_stays_makes_no_difference_and_no_doubt() -> None:
    both = policies('when.subject = "*geheim*"', 'when.direction = "outbound"')
    compared = outside(both, both)
    assert not compared.changed
    assert compared.unsure == {}


def test_a_policy_that_goes_is_told() -> None:
    compared = outside(policies('when.direction = "outbound"', action="seal"), policies())
    assert (compared.present, compared.tried, compared.policies) == (Action.SEAL, Action.RELAY, ("p0",))


def test_nothing_that_a_person_wrote_is_kept() -> None:
    text = kept(FACTS)
    for word in ("geheim", "plan", "tulp", "X-Project"):
        assert word not in text
    facts = facts_of(row(), RULES.digest)
    assert facts.attachments == (Attachment("", "application/msword", 4000, "office"),)


def test_the_tally() -> None:
    tally = Tally()
    tried = policies('when.direction = "outbound"', 'when.subject = "x"')
    for item in replay([row(), row()], policies(), tried):
        tally.add(item)
    assert tally.lines() == [
        "4 recipients of past messages, 2 with another action",
        "  relay -> hold: 2",
        "policies that are new, changed or gone, and took part:",
        "  p0: 2",
        "cannot tell for 4: p1 asks for subject, which is not kept",
    ]
