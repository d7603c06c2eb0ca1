from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import policy_file, rules
from gateway.core.classify import Classifier
from gateway.core.decision import Action, Answered, Choice, Fallback, Waiting
from gateway.core.directives import Directives, Verification, VerificationKind
from gateway.core.envelope import Envelope, Session
from gateway.core.errors import Misconfigured
from gateway.core.facts import Attachment, Direction, Facts
from gateway.core.finding import Confidence, Finding, Findings, Scan, Unscannable
from gateway.core.message import Disposition, Message, Part
from gateway.core.misdirected import Sign
from gateway.core.organisation import Organisation
from gateway.core.policy import PolicySet, decide

ROOT = Path(__file__).parents[3]
RULES = rules.load([(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))])
DEFAULT = policy_file.load([("default.toml", (ROOT / "policies/default.toml").read_text())], RULES)
CLASSIFIER = Classifier(RULES)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
OUTSIDE, INSIDE = "jan@elders.test", "bram@example.nl"
SMS = Verification(VerificationKind.SMS, phone="+31612345678")
PASSWORD = Verification(VerificationKind.PASSWORD, password="tulp", hint="de bloem")


def facts(
    *findings: Finding, unscannable: tuple[str, ...] = (), directives: Directives | None = None, **changes: object
) -> Facts:
    found = Findings(findings, tuple(Unscannable("attachment:geheim.bin", reason) for reason in unscannable), "")
    whole = Facts(
        "anna@example.nl", ("example.nl",), "Hallo", 1000, (), found, directives or Directives(), True, at=NOW
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def facts_of(text: str, **changes: object) -> Facts:
    return facts(*CLASSIFIER.classify([("body", text)]), **changes)  # type: ignore[arg-type]


def policies(text: str) -> PolicySet:
    return policy_file.load([("test.toml", text)], RULES)


def one(when: str, then: str = 'then.action = "hold"') -> PolicySet:
    return policies(f'[[policy]]\nid = "one"\n{when}\n{then}\n')


def takes_part(when: str, found: Facts, recipient: str = OUTSIDE) -> bool:
    return decide(one(when), found, recipient).action is Action.HOLD


BSN = Finding("nl.bsn", "body", Confidence.HIGH, 2)
CARD = Finding("payment.card", "attachment:a.csv", Confidence.MEDIUM, 3)


# -- the policies of the house


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("Het BSN van de patiënt is 111222333", "bsn-leaves-sealed"),
        ("Paspoort XR1001R58", "identity-documents-leave-sealed"),
        ("4111 1111 1111 1111", "payment-cards-leave-sealed"),
        ("De diagnose is diabetes, de medicatie volgt", "health-leaves-sealed"),
        ("-----BEGIN RSA PRIVATE KEY-----", "credentials-leave-sealed"),
    ],
)
def test_what_leaves_sealed(text: str, policy: str) -> None:
    decision = decide(DEFAULT, facts_of(text), OUTSIDE)
    assert decision.action is Action.SEAL
    assert policy in [reason.policy for reason in decision.reasons]


@pytest.mark.parametrize(
    "text",
    [
        "Hallo, tot morgen!",
        "Bel mij op 06-12345678",
        "Maak het over naar NL91 ABNA 0417 1643 00",
        "Mijn kenteken is GT-491-R",
        "Bestelling 123456782",
        "De arts belt u terug",
    ],
)
def test_what_leaves_in_the_ordinary_way(text: str) -> None:
    decision = decide(DEFAULT, facts_of(text), OUTSIDE)
    assert (decision.action, decision.reasons) == (Action.RELAY, ())


def test_a_bsn_leaves_with_sms_or_without() -> None:
    decision = decide(DEFAULT, facts(BSN), OUTSIDE)
    assert (decision.verification, decision.fallback) == (VerificationKind.SMS, Fallback.NONE)
    assert (decision.expires, decision.hide_subject) == (timedelta(days=30), True)
    assert decision.policy_digest == DEFAULT.digest
    assert decision.reasons[0].sentence("nl") == "Uw bericht bevat een BSN en is daarom beveiligd verzonden."


def test_inside_the_organisation_nothing_is_sealed_unasked() -> None:
    assert decide(DEFAULT, facts(BSN, unscannable=("encrypted",)), INSIDE).action is Action.RELAY


def test_what_can_not_be_read_leaves_sealed_but_images_do_not() -> None:
    assert decide(DEFAULT, facts(unscannable=("encrypted",)), OUTSIDE).action is Action.SEAL
    assert decide(DEFAULT, facts(unscannable=("limit:depth",)), OUTSIDE).action is Action.SEAL
    assert decide(DEFAULT, facts(unscannable=("image",)), OUTSIDE).action is Action.RELAY


# -- conditions


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ('when.direction = "outbound"', True),
        ('when.direction = ["internal", "inbound"]', False),
        ('when.sender = "anna@*"', True),
        ('when.sender = ["bram@example.nl"]', False),
        ('when.sender_domain = "example.nl"', True),
        ('when.recipient = "JAN@elders.test"', True),
        ('when.recipient_domain = ["a.test", "*.test"]', True),
        ('when.recipient_domain = "*.elders.test"', False),
        ('when.subject = "[hallo]*"', False),
        ('when.subject = "*HALLO*"', True),
        ('when.attachment_name = "*.pdf"', True),
        ('when.attachment_type = "image/*"', False),
        ("when.size_over = 999", True),
        ('when.size_over = "1 kB"', False),
        ("when.authenticated = true", True),
        ("when.authenticated = false", False),
        ("when.unscannable = true", True),
        ('when.unscannable = "limit:*"', False),
        ('when.unscannable = ["image*"]', True),
        ('when.finds = { rules = ["nl.bsn"], confidence = "high" }', True),
        ('when.finds = { rules = "nl.*", count = 2 }', True),
        ('when.finds = { rules = "nl.*", count = 3 }', False),
        ('when.finds = { rules = "*", count = 5 }', True),
        ('when.finds = { rules = "*", count = 3, confidence = "high" }', False),
        ('when.finds = { tags = "pci" }', True),
        ('when.finds = { tags = "health", confidence = "low" }', False),
        ('when.finds = { tags = "pci", places = ["body", "subject"] }', False),
        ('when.finds = { tags = "pci", places = "attachment:*" }', True),
        ('when.finds = [{ rules = "nl.bsn" }, { tags = "pci" }]', True),
        ('when.finds = [{ rules = "nl.bsn" }, { rules = "nl.iban" }]', False),
        ('when.direction = "outbound"\nwhen.size_over = 2000', False),
        ('when.direction = "outbound"\nexcept.recipient_domain = "elders.test"', False),
        ('when.direction = "outbound"\nexcept.recipient_domain = "x.test"', True),
        ('when.direction = "outbound"\nexcept.recipient_domain = "x.test"\nexcept.size_over = 1', False),
        ('when.asked = "seal"', False),
        ("when.recipients_over = 2", True),
        ("when.recipients_over = 3", False),
        ("when.visible_recipients_over = 1", True),
        ("when.visible_recipients_over = 2", False),
        ('when.header = { name = "x-project" }', True),
        ('when.header = { name = "X-Pro*", value = ["a", "*TULP*"] }', True),
        ('when.header = { name = "X-Project", value = "roos" }', False),
        ('when.header = [{ name = "X-Other" }, { name = "X-Project" }]', True),
        ('when.label = "Strictly*"', True),
        ('when.label = "public"', False),
        ('when.label = "company-confidential"', True),
        ('when.attachment_kind = ["pdf", "office"]', True),
        ('when.attachment_kind = "zip"', False),
        ("when.attachment_size_over = 9", True),
        ("when.attachment_size_over = 10", False),
        ("when.attachments_over = 0", True),
        ("when.attachments_over = 1", False),
        ('when.finds = { rules = "*", different = 2 }', True),
        ('when.finds = { rules = "*", different = 3 }', False),
        ('when.misdirected = "first-time"', True),
        ('when.misdirected = ["unusual", "many-visible"]', False),
        ('when.schedule = { timezone = "UTC", days = ["mon"] }', True),
        ('when.schedule = { timezone = "UTC", days = ["tue"] }', False),
        ('when.direction = "outbound"\nexcept.label = "Strictly*"', False),
    ],
)
def test_conditions(when: str, holds: bool) -> None:
    attachment = Attachment("Geheim.PDF", "application/pdf", 10, "pdf")
    label = "MSIP_Label_01234567-89ab-cdef-0123-456789abcdef_"
    found = facts(
        BSN,
        CARD,
        unscannable=("encrypted", "image"),
        attachments=(attachment,),
        recipients=(OUTSIDE, INSIDE, "piet@elders.test"),
        visible=(OUTSIDE, "piet@elders.test"),
        headers=(
            ("X-Project", "de Tulp"),
            ("Sensitivity", "Company-Confidential"),
            ("msip_labels", f"{label}Enabled=true; {label}Name=Strictly Confidential; {label}SiteId=x"),
        ),
        signs={OUTSIDE: {Sign.FIRST_TIME: ""}},
    )
    assert takes_part(when, found) is holds


GROUPS = """
[group.finance]
members = ["*@finance.example.nl", "anna@example.nl"]

[group.partners]
members = "*@elders.test"

[[policy]]
id = "finance-to-partners"
when.sender_group = "finance"
when.recipient_group = ["partners"]
then.action = "hold"
"""


def test_groups() -> None:
    whole = policies(GROUPS)
    assert decide(whole, facts(), "Jan@ELDERS.test").action is Action.HOLD
    assert decide(whole, facts(), "jan@anders.test").action is Action.RELAY
    assert decide(whole, facts(mail_from="bram@example.nl"), OUTSIDE).action is Action.RELAY
    assert decide(whole, facts(), OUTSIDE).reasons[0].because == (
        'sender is in group "finance"',
        'recipient is in group "partners"',
    )


def test_a_site_replaces_a_group_also_for_policies_of_the_house() -> None:
    site = ("site", '[group.finance]\nmembers = ["piet@example.nl"]\n')
    replaced = policy_file.load([("own", GROUPS)], RULES, [site])
    assert decide(replaced, facts(), OUTSIDE).action is Action.RELAY
    assert replaced.digest != policies(GROUPS).digest


def test_what_can_not_be_told_takes_part() -> None:
    whole = one('when.direction = "outbound"\nwhen.subject = "*geheim*"')
    unknown = facts(unknown=frozenset({"subject"}))
    assert decide(whole, facts(), OUTSIDE).action is Action.RELAY
    assert decide(whole, unknown, OUTSIDE).action is Action.HOLD
    assert decide(whole, unknown, INSIDE).action is Action.RELAY
    excepted = one('when.direction = "outbound"\nexcept.subject = "*"')
    assert decide(excepted, unknown, OUTSIDE).action is Action.HOLD


# -- what is done besides

MODIFIERS = """
[[policy]]
id = "everything-outside"
when.direction = "outbound"
then.action = "tag"
then.header = { name = "X-Classification", value = "internal" }
then.notify = "fg@example.nl"

[[policy]]
id = "many-recipients"
when.recipients_over = 1
then.action = "relay"
then.bcc = true
then.require_tls = true

[[policy]]
id = "cards-wait"
when.finds = { tags = "pci" }
then.action = "hold"
then.header = [{ name = "x-classification", value = "secret" }, { name = "Importance", value = "high" }]
"""


def test_modifiers_of_all_policies_come_together() -> None:
    decision = decide(policies(MODIFIERS), facts(CARD, recipients=(OUTSIDE, INSIDE)), OUTSIDE)
    assert decision.headers == (("x-classification", "secret"), ("Importance", "high"))
    assert (decision.bcc, decision.require_tls) == (True, True)
    assert [reason.notify for reason in decision.reasons] == [(), ("fg@example.nl",), ()]
    alone = decide(policies(MODIFIERS), facts(recipients=(INSIDE,)), INSIDE)
    assert (alone.headers, alone.bcc, alone.require_tls) == ((), False, False)


def test_asked() -> None:
    seal, plain = Directives(seal=True), Directives(plain=True)
    assert takes_part('when.asked = "seal"', facts(directives=seal))
    assert takes_part('when.asked = "plain"', facts(directives=plain))
    assert not takes_part('when.asked = "plain"', facts(directives=replace(seal, plain=True)))
    assert not takes_part('when.direction = "outbound"\nexcept.asked = "plain"', facts(directives=plain))


def test_directions() -> None:
    assert facts().direction(OUTSIDE) is Direction.OUTBOUND
    assert facts().direction("Bram@EXAMPLE.nl") is Direction.INTERNAL
    assert facts(mail_from="x@y.test").direction(INSIDE) is Direction.INBOUND
    assert facts(mail_from="").direction(INSIDE) is Direction.INBOUND


def test_reasons_tell_no_names_and_no_subject() -> None:
    found = facts(CARD, subject="Geheim", attachments=(Attachment("geheim.pdf", "application/pdf", 1),))
    text = 'when.finds = { tags = "pci" }\nwhen.subject = "*"\nwhen.attachment_name = "*.pdf"'
    (reason,) = decide(one(text), found, OUTSIDE).reasons
    assert reason.because == (
        'subject fits "*"',
        'attachment_name fits "*.pdf"',
        "finds payment.card in attachment: 3 at medium (wanted: 1 at medium or above)",
    )
    assert "geheim" not in repr((reason, found)).lower().replace("attachment:geheim", "")


# -- how policies come together

SEVERAL = """
[[policy]]
id = "tag-all"
when.direction = "outbound"
then.action = "tag"
then.tag_subject = "[extern]"
then.tag_header = "outside"

[[policy]]
id = "seal-bsn"
when.finds = { rules = "nl.bsn" }
then.action = "seal"
then.verification = "password"
then.fallback = "none"
then.expires = "P30D"

[[policy]]
id = "seal-cards"
when.finds = { tags = "pci" }
then.action = "seal"
then.verification = "sms"
then.fallback = "ask"
then.expires = "P7D"
then.hide_subject = true
then.explain.en = "Cards are sealed."

[[policy]]
id = "block-many"
when.finds = { rules = "*", count = 100 }
then.action = "block"
"""


def test_the_strictest_wins_and_every_reason_is_kept() -> None:
    decision = decide(policies(SEVERAL), facts(BSN, CARD), OUTSIDE)
    assert decision.action is Action.SEAL
    assert (decision.verification, decision.fallback) == (VerificationKind.SMS, Fallback.ASK)
    assert (decision.expires, decision.hide_subject) == (timedelta(days=7), True)
    assert (decision.tag_subject, decision.tag_header) == ("[extern]", "outside")
    assert [reason.policy for reason in decision.reasons] == ["seal-bsn", "seal-cards", "tag-all"]
    assert decision.reasons[1].sentence("nl") == "Cards are sealed."
    assert "beleid" in decision.reasons[0].sentence("nl")


def test_a_block_beats_all() -> None:
    decision = decide(policies(SEVERAL), facts(replace(BSN, count=100)), OUTSIDE)
    assert (decision.action, decision.reasons[0].policy) == (Action.BLOCK, "block-many")


WAITING = """
[[policy]]
id = "warn-outside"
when.direction = "outbound"
then.action = "warn"

[[policy]]
id = "warn-large"
when.size_over = 5000
then.action = "warn"
then.choices = ["send", "remove"]
then.reason_required = false
then.answer_within = "PT2H"
then.unanswered = "cancel"

[[policy]]
id = "hold-cards"
when.finds = { tags = "pci" }
then.action = "hold"
then.reviewers = ["Privacy@example.nl", "fg@example.nl"]
then.unanswered = "release"
then.verification = "sms"

[[policy]]
id = "hold-many-cards"
when.finds = { tags = "pci", count = 3 }
then.action = "hold"
then.reviewers = "fg@example.nl"
then.answer_within = "P2D"

[[policy]]
id = "block-bsn"
when.finds = { rules = "nl.bsn" }
then.action = "block"
"""

ALL = SEVERAL + WAITING.replace("seal-", "s-") + MODIFIERS + GROUPS.partition("[[policy]]")[0]
IDS = sorted(policy.id for policy in policies(ALL).policies)
FOUND = st.builds(
    lambda count, plain, size, visible, sender: facts(
        *([replace(BSN, count=count)] if count else []),
        *([CARD] if count % 2 else []),
        directives=Directives(plain=plain),
        size=size,
        visible=visible,
        mail_from=sender,
        recipients=(OUTSIDE, INSIDE),
    ),
    st.integers(0, 200),
    st.booleans(),
    st.sampled_from([10, 6000]),
    st.sampled_from([(), (OUTSIDE,)]),
    st.sampled_from(["anna@example.nl", "bram@example.nl"]),
)


@settings(deadline=None)  # how long it takes says nothing about policies
@given(st.sets(st.sampled_from(IDS)), FOUND, st.sampled_from([OUTSIDE, INSIDE]))
def test_one_policy_more_never_makes_it_milder(ids: set[str], found: Facts, recipient: str) -> None:
    whole = policies(ALL)
    some = PolicySet(tuple(policy for policy in whole.policies if policy.id in ids), "")
    fewer, more = decide(some, found, recipient), decide(whole, found, recipient)
    assert fewer.action <= more.action
    assert fewer.verification <= more.verification
    assert fewer.expires >= more.expires
    assert fewer.hide_subject <= more.hide_subject
    assert fewer.bcc <= more.bcc
    assert fewer.require_tls <= more.require_tls
    assert {name.lower() for name, _ in fewer.headers} <= {name.lower() for name, _ in more.headers}


@settings(deadline=None)
@given(st.permutations([SEVERAL, WAITING, MODIFIERS]), FOUND)
def test_the_order_of_files_changes_nothing_that_happens(texts: list[str], found: Facts) -> None:
    files = [(f"{number}.toml", text) for number, text in enumerate(texts)]
    ordered = decide(policies(SEVERAL + WAITING + MODIFIERS), found, OUTSIDE)
    decision = decide(policy_file.load(files, RULES), found, OUTSIDE)
    for name in ("action", "verification", "fallback", "expires", "hide_subject", "bcc", "require_tls", "waiting"):
        assert getattr(decision, name) == getattr(ordered, name)
    assert {reason.policy for reason in decision.reasons} == {reason.policy for reason in ordered.reasons}


@settings(deadline=None)
@given(FOUND, st.sampled_from([OUTSIDE, INSIDE]))
def test_plain_lowers_nothing(found: Facts, recipient: str) -> None:
    asked = replace(found, directives=Directives(plain=True))
    unasked = replace(found, directives=Directives())
    assert decide(policies(ALL), asked, recipient) == decide(policies(ALL), unasked, recipient)


# -- mail that waits, and the answer


def test_a_warning_waits_for_the_sender() -> None:
    decision = decide(policies(WAITING), facts(), OUTSIDE)
    choices = frozenset({Choice.SEAL, Choice.REMOVE, Choice.CANCEL})
    assert decision.action is Action.WARN
    assert decision.waiting == Waiting(choices, True, timedelta(days=1), Choice.SEAL)
    assert "keuze" in decision.reasons[0].sentence("nl")


def test_several_warnings_leave_what_all_allow() -> None:
    decision = decide(policies(WAITING), facts(size=6000), OUTSIDE)
    assert decision.waiting == Waiting(
        frozenset({Choice.REMOVE, Choice.CANCEL}), True, timedelta(hours=2), Choice.CANCEL
    )


def test_held_mail_waits_for_all_reviewers_and_not_for_the_sender() -> None:
    decision = decide(policies(WAITING), facts(CARD), OUTSIDE)
    assert decision.action is Action.HOLD
    assert decision.waiting == Waiting(
        frozenset({Choice.SEAL, Choice.SEND, Choice.CANCEL}),
        False,
        timedelta(days=2),
        Choice.CANCEL,
        ("privacy@example.nl", "fg@example.nl"),
    )


def test_what_does_not_wait_has_nothing_to_choose() -> None:
    assert decide(policies(WAITING), facts(BSN, CARD), OUTSIDE).waiting is None
    assert decide(policies(WAITING), facts(directives=Directives(seal=True)), OUTSIDE).waiting is None


@pytest.mark.parametrize(
    ("answered", "choice", "action"),
    [
        ({"warn-outside"}, Choice.SEND, Action.RELAY),
        ({"warn-outside"}, Choice.REMOVE, Action.RELAY),
        ({"warn-outside"}, Choice.SEAL, Action.SEAL),
        ({"warn-large"}, Choice.SEND, Action.WARN),
        (set(), Choice.SEND, Action.WARN),
    ],
)
def test_an_answer_counts_for_who_asked(answered: set[str], choice: Choice, action: Action) -> None:
    decision = decide(policies(WAITING), facts(), OUTSIDE, Answered(frozenset(answered), choice))
    assert decision.action is action
    assert "warn-outside" in [reason.policy for reason in decision.reasons]
    assert (decision.waiting is not None) == (action is Action.WARN)


def test_a_released_hold_keeps_the_words_of_its_policy() -> None:
    asked = frozenset({"hold-cards", "hold-many-cards", "warn-outside"})
    decision = decide(policies(WAITING), facts(CARD), OUTSIDE, Answered(asked, Choice.SEAL))
    assert (decision.action, decision.verification) == (Action.SEAL, VerificationKind.SMS)
    assert decision.reasons[0].sentence("en") == "Your message was sent secured because that was chosen."


@given(st.sets(st.sampled_from(["warn-outside", "hold-cards", "block-bsn", "other"])), st.sampled_from(list(Choice)))
def test_no_answer_beats_a_block_or_makes_a_seal_plain(asked: set[str], choice: Choice) -> None:
    answer = Answered(frozenset(asked), choice)
    assert decide(policies(WAITING), facts(BSN, CARD), OUTSIDE, answer).action is Action.BLOCK
    assert decide(policies(SEVERAL), facts(BSN), OUTSIDE, answer).action is Action.SEAL


# -- the sender's wishes

WISHES = st.builds(
    Directives,
    seal=st.booleans(),
    plain=st.booleans(),
    verification=st.sampled_from([None, SMS, PASSWORD, Verification(VerificationKind.NONE)]),
    per_recipient=st.sampled_from([{}, {OUTSIDE: SMS}, {OUTSIDE: PASSWORD}]),
    least=st.sampled_from([None, VerificationKind.NONE, VerificationKind.SMS]),
    expires=st.sampled_from([None, timedelta(days=3), timedelta(days=300)]),
)


@given(WISHES)
def test_no_wish_makes_it_milder_than_the_policy_with_ask(wishes: Directives) -> None:
    asked = decide(policies(SEVERAL), facts(CARD, directives=wishes), OUTSIDE)
    unasked = decide(policies(SEVERAL), facts(CARD), OUTSIDE)
    assert asked.action >= unasked.action
    assert asked.verification >= unasked.verification
    assert asked.fallback is Fallback.ASK
    assert asked.expires <= unasked.expires
    assert asked.hide_subject >= unasked.hide_subject


def test_plain_beats_no_policy() -> None:
    for found in (facts(BSN), facts(unscannable=("encrypted",))):
        wished = replace(found, directives=Directives(plain=True))
        assert decide(DEFAULT, wished, OUTSIDE).action is Action.SEAL


@pytest.mark.parametrize(
    "wishes",
    [
        Directives(seal=True),
        Directives(verification=SMS),
        Directives(per_recipient={OUTSIDE: PASSWORD}),
        Directives(expires=timedelta(days=3)),
        Directives(least=VerificationKind.SMS),
        Directives(seal=True, plain=True),
    ],
)
def test_a_wish_seals_even_without_any_policy(wishes: Directives) -> None:
    decision = decide(PolicySet((), "d"), facts(directives=wishes), OUTSIDE)
    assert decision.action is Action.SEAL
    assert decision.reasons[0].policy == "sender"
    assert "omdat u daarom vroeg" in decision.reasons[0].sentence("nl")


def test_a_wish_for_one_recipient_is_not_for_another() -> None:
    wishes = Directives(per_recipient={OUTSIDE: SMS})
    assert decide(DEFAULT, facts(directives=wishes), "piet@elders.test").action is Action.RELAY
    assert decide(DEFAULT, facts(directives=wishes), OUTSIDE.upper()).action is Action.SEAL


def test_a_stranger_can_not_seal_mail_to_us() -> None:
    stranger = facts(directives=Directives(seal=True), mail_from="x@y.test")
    assert decide(DEFAULT, stranger, INSIDE).action is Action.RELAY


def test_sealed_on_request_needs_the_code_only() -> None:
    decision = decide(DEFAULT, facts(directives=Directives(seal=True)), OUTSIDE)
    assert (decision.action, decision.verification) == (Action.SEAL, VerificationKind.NONE)
    assert [reason.policy for reason in decision.reasons] == ["sealed-on-request"]


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (Directives(), (VerificationKind.SMS, Fallback.NONE)),
        (Directives(verification=SMS), (VerificationKind.SMS, Fallback.NONE)),
        (Directives(verification=PASSWORD), (VerificationKind.PASSWORD, Fallback.NONE)),
        (Directives(per_recipient={OUTSIDE: PASSWORD}, verification=SMS), (VerificationKind.PASSWORD, Fallback.NONE)),
        (Directives(verification=Verification(VerificationKind.NONE)), (VerificationKind.SMS, Fallback.NONE)),
        (Directives(verification=Verification(VerificationKind.PASSWORD)), (VerificationKind.SMS, Fallback.ASK)),
        (Directives(verification=Verification(VerificationKind.SMS)), (VerificationKind.SMS, Fallback.ASK)),
        (Directives(least=VerificationKind.NONE), (VerificationKind.SMS, Fallback.NONE)),
        (Directives(least=VerificationKind.PASSWORD), (VerificationKind.SMS, Fallback.ASK)),
        (
            Directives(least=VerificationKind.PASSWORD, verification=PASSWORD),
            (VerificationKind.PASSWORD, Fallback.ASK),
        ),
        (Directives(least=VerificationKind.SMS, verification=PASSWORD), (VerificationKind.SMS, Fallback.ASK)),
        (Directives(least=VerificationKind.SMS), (VerificationKind.SMS, Fallback.ASK)),
    ],
)
def test_a_means_in_hand_is_better_than_the_fallback_none(
    wishes: Directives, expected: tuple[VerificationKind, Fallback]
) -> None:
    decision = decide(DEFAULT, facts(BSN, directives=wishes), OUTSIDE)
    assert (decision.verification, decision.fallback) == expected


def test_a_milder_policy_that_asks_is_not_lost_under_a_stricter_one_that_does_not() -> None:
    text = SEVERAL.replace('"password"\nthen.fallback = "none"', '"password"\nthen.fallback = "ask"')
    both = policies(text.replace('"sms"\nthen.fallback = "ask"', '"sms"\nthen.fallback = "none"'))

    def decided(wishes: Directives) -> tuple[VerificationKind, Fallback]:
        decision = decide(both, facts(BSN, CARD, directives=wishes), OUTSIDE)
        return decision.verification, decision.fallback

    assert decided(Directives()) == (VerificationKind.SMS, Fallback.ASK)
    assert decided(Directives(verification=PASSWORD)) == (VerificationKind.PASSWORD, Fallback.ASK)


def test_the_sender_raises_the_verification() -> None:
    wishes = Directives(seal=True, least=VerificationKind.SMS)
    decision = decide(DEFAULT, facts(directives=wishes), OUTSIDE)
    assert (decision.verification, decision.fallback) == (VerificationKind.SMS, Fallback.ASK)


def test_the_sender_shortens_the_expiry_and_never_lengthens_it() -> None:
    def expires(days: int, *findings: Finding) -> int:
        wishes = Directives(expires=timedelta(days=days))
        return decide(DEFAULT, facts(*findings, directives=wishes), OUTSIDE).expires.days

    assert (expires(3, BSN), expires(90, BSN), expires(90)) == (3, 30, 90)


# -- files


def test_a_site_policy_replaces_the_whole_policy_and_may_take_it_away() -> None:
    own = ("own", '[[policy]]\nid = "a"\nwhen.size_over = 1\nthen.action = "seal"\nthen.expires = "P1D"\n')
    block = ("site", '[[policy]]\nid = "a"\nwhen.size_over = 1\nthen.action = "block"\n')
    gone = ("site", '[[policy]]\nid = "a"\nenabled = false\nwhen.size_over = 1\nthen.action = "block"\n')
    (replaced,) = policy_file.load([own], RULES, [block]).policies
    assert (replaced.action, replaced.expires) == (Action.BLOCK, None)
    assert policy_file.load([own], RULES, [gone]).policies == ()


def test_the_digest_names_policies_and_rules() -> None:
    text = '[[policy]]\nid = "a"\nwhen.size_over = 1\nthen.action = "seal"\n'
    digest = policies(text).digest
    assert digest == policies("# comment\n" + text).digest
    assert digest != policies(text.replace("= 1", "= 2")).digest
    assert digest != policy_file.load([("test.toml", text)], rules.RuleSet.of(RULES.rules[1:])).digest


def test_when_false_is_not_a_way_to_disable() -> None:
    with pytest.raises(Misconfigured, match="leave the key out"):
        one("when.unscannable = false")


def test_facts_of_a_message() -> None:
    message = Message(
        headers=(),
        subject="Uitslag",
        from_=(("Anna", "anna@example.nl"),),
        to=(),
        cc=(),
        date="",
        message_id="",
        references="",
        parts=(
            Part(1, Disposition.TEXT, "text/plain", "", b"tekst"),
            Part(2, Disposition.ATTACHMENT, "Application/PDF", "a.pdf", b"12345"),
        ),
    )
    envelope = Envelope("o", "anna@example.nl", (OUTSIDE,), Session("127.0.0.1", "h", True, account="anna"))
    organisation = Organisation("o", "O", ("Example.NL",), "nl", "https://x", b"")
    found = Facts.of(
        organisation=organisation,
        envelope=envelope,
        scan=Scan(message, Findings((BSN,), (), "")),
        directives=Directives(),
        size=99,
        at=NOW,
    )
    assert found.attachments == (Attachment("a.pdf", "application/pdf", 5),)
    assert (found.subject, found.size, found.authenticated) == ("Uitslag", 99, True)
    assert found.direction(INSIDE) is Direction.INTERNAL
