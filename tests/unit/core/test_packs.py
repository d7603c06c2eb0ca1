"""The packs that come with Zegel: whole mails, and what each must find and seal."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core import policy_file, rules
from gateway.core.classify import Classifier
from gateway.core.decision import Action
from gateway.core.directives import Directives
from gateway.core.facts import Facts
from gateway.core.finding import Confidence, Findings
from gateway.core.policy import decide
from gateway.core.rules import Rule
from gateway.core.validators import STDNUM, VALIDATORS

ROOT = Path(__file__).parents[3]
FILES = [(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))]
RULES = rules.load(FILES)
POLICIES = policy_file.load([("default.toml", (ROOT / "policies/default.toml").read_text())], RULES)
CLASSIFIER = Classifier(RULES)


def found(text: str, subject: str = "") -> set[str]:
    findings = CLASSIFIER.classify([("subject", subject), ("body", text)])
    return {finding.rule for finding in findings if finding.confidence >= Confidence.MEDIUM}


def sealed_by(text: str, subject: str = "") -> set[str]:
    findings = CLASSIFIER.classify([("subject", subject), ("body", text)])
    facts = Facts("anna@example.nl", ("example.nl",), subject, 1000, (), Findings(findings, (), ""), Directives(), True)
    decision = decide(POLICIES, facts, "jan@elders.test")
    assert decision.action in (Action.RELAY, Action.SEAL)
    return {reason.policy for reason in decision.reasons}


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_a_rule_is_told_in_both_languages_and_has_hard_examples(rule: Rule) -> None:
    titles = dict(rule.titles)
    assert titles["nl"]
    assert titles["en"]
    assert len(rule.match) >= 1
    assert len(rule.no_match) >= 2
    assert rule.tags


def test_every_validator_is_used() -> None:
    assert {*STDNUM, *VALIDATORS} == {rule.validator for rule in RULES.rules if rule.validator}


def test_every_word_of_a_pattern_rule_can_be_found() -> None:
    for rule in RULES.rules:
        for word in (*rule.keywords, *rule.near, *rule.not_near):
            assert word == word.lower() or not word.isascii(), f"{rule.id}: {word}"
        assert len(set(rule.near)) == len(rule.near), rule.id
        assert len(set(rule.keywords)) == len(rule.keywords), rule.id


def test_the_policies_of_the_house_explain_themselves() -> None:
    for policy in POLICIES.policies:
        assert {language: text.split()[0] for language, text in policy.explain} == {"nl": "Uw", "en": "Your"}


SEALED = {
    "bsn": (
        "Beste Karin,\n\nHierbij de gegevens van de nieuwe bewoner: J. de Boer, BSN 111222333.\n\nGroet, Ali",
        "",
        {"nl.bsn"},
        {"bsn-leaves-sealed"},
    ),
    "passport": (
        "De kopie volgt. Paspoortnummer XR1001R58, geldig tot 3 mei 2031.",
        "",
        {"nl.identity-document"},
        {"identity-documents-leave-sealed"},
    ),
    "passport scan": (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n",
        "Scan",
        {"identity.machine-readable-zone"},
        {"identity-documents-leave-sealed"},
    ),
    "asylum": (
        "Wilt u het dossier met V-nummer 281.234.5678 nakijken?",
        "",
        {"nl.v-number"},
        {"national-numbers-leave-sealed"},
    ),
    "belgian": (
        "Dag, het rijksregisternummer van mijn klant is 85.07.30-033.28. Mvg",
        "",
        {"europe.be-nn"},
        {"national-numbers-leave-sealed"},
    ),
    "card": (
        "Boek het maar op 4111 1111 1111 1111, geldig tot 04/29.",
        "Hotel",
        {"payment.card"},
        {"payment-cards-leave-sealed"},
    ),
    "patient": (
        "Collega,\n\nMevrouw A. de Wit (geb. 12-03-1954) is bekend met COPD en gebruikt prednisolon 30 mg 1dd1.\n",
        "Overdracht",
        {"health.patient", "health.medication", "privacy.birth-date"},
        {"health-leaves-sealed"},
    ),
    "lab": (
        "Uitslagen van dhr. Bos: HbA1c 61 mmol/mol, kreatinine 98 umol/l.",
        "",
        {"health.lab-result"},
        {"health-leaves-sealed"},
    ),
    "discharge": (
        "Bijgaand de ontslagbrief van mevrouw Jansen.",
        "",
        {"health.document"},
        {"health-leaves-sealed"},
    ),
    "english patient": (
        "The patient was diagnosed with hepatitis; blood tests attached.",
        "",
        {"health.patient"},
        {"health-leaves-sealed"},
    ),
    "child": (
        "De kinderrechter heeft de ondertoezichtstelling van Kim (geb. 12-03-2015) verlengd en een machtiging "
        "uithuisplaatsing gegeven. Moeder is het daar niet mee eens.",
        "Kim",
        {"youth.protection"},
        {"youth-care-leaves-sealed"},
    ),
    "applicant": (
        "Over de sollicitant: hij heeft een strafblad en is lid van de vakbond.",
        "",
        {"privacy.criminal-record", "privacy.union"},
        {"special-categories-leave-sealed"},
    ),
    "payslip": (
        "Salarisspecificatie april\nBrutosalaris 3.450,00\nLoonheffing 702,00\nPensioenpremie 155,20\nUit te betalen 2.592,80",
        "Loonstrook",
        {"finance.payslip"},
        {"payslips-leave-sealed"},
    ),
    "key": (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----",
        "",
        {"credentials.private-key"},
        {"credentials-leave-sealed"},
    ),
    "database": (
        "Gebruik DATABASE_URL=postgresql://app:kT9mmPq@db.example.nl/app",
        "",
        {"credentials.connection-string"},
        {"credentials-leave-sealed"},
    ),
    "password": (
        "Inloggen kan met gebruikersnaam jan en wachtwoord: kT9#mmPq",
        "",
        {"credentials.password"},
        {"passwords-leave-sealed"},
    ),
}


@pytest.mark.parametrize(("text", "subject", "wanted", "policies"), SEALED.values(), ids=SEALED.keys())
def test_mail_that_must_leave_sealed(text: str, subject: str, wanted: set[str], policies: set[str]) -> None:
    assert found(text, subject) >= wanted
    assert sealed_by(text, subject) >= policies


OPEN = {
    "lunch": "Hoi, zullen we dinsdag om 12.30 uur lunchen? De auto staat op P4.",
    "signature": "Met vriendelijke groet,\n\nJ. Jansen\nKerkstraat 12\n1234 AB Utrecht\nT 030-1234567 | KvK 12345678\n"
    "btw NL004495445B01 | IBAN NL91 ABNA 0417 1643 00",
    "order": "Uw bestelling 123456782 is verzonden. Track & trace: 3SABCD1234567. Ordernummer 111222333.",
    "about the BSN": "Stuur nooit een kopie van uw paspoort of uw burgerservicenummer per mail. Bel 0800-1234.",
    "newsletter": "Thema-avond over diabetes en borstkanker voor patiënten en hun naasten. Meld u aan voor 3 mei.",
    "news": "De rechtbank veroordeelde de man wegens fraude. Zijn advocaat gaat in hoger beroep.",
    "policy on care": "De gemeente geeft meer geld uit aan ondertoezichtstellingen en pleegzorg.",
    "vacancy": "Wij zoeken een medewerker. Het salaris ligt tussen € 2.900 en € 3.400 bruto per maand, plus vakantiegeld.",
    "union": "Word lid van de vakbond en krijg korting op uw contributie.",
    "reset": "Uw wachtwoord is verlopen. Kies een nieuw wachtwoord: https://example.nl/wachtwoord/1",
    "dates": "Geplande data: 20240115, 20240219, 20240318, 20240415.",
    "case": "Uw zaaknummer is 2024-012345. Wij antwoorden binnen zes weken.",
    "ethics": "Wij kijken niet naar geloof, huidskleur of seksuele gerichtheid van sollicitanten.",
    "legal disclaimer": "This e-mail may be legally privileged. If you are not the intended recipient, delete it.",
}


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN.keys())
def test_mail_that_may_leave_as_it_is(text: str) -> None:
    assert sealed_by(text) == set()
