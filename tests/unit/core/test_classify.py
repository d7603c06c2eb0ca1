from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.classify import Classifier
from gateway.core.finding import Confidence, Finding
from gateway.core.rules import Rule, RuleSet, load

OWN = load([(path.name, path.read_text()) for path in sorted((Path(__file__).parents[3] / "dlp_rules").glob("*.toml"))])
CLASSIFIER = Classifier(OWN)
LOW, MEDIUM, HIGH = Confidence


def bsn(*units: tuple[str, str]) -> list[tuple[str, Confidence, int]]:
    return [(f.place, f.confidence, f.count) for f in CLASSIFIER.classify(units) if f.rule == "nl.bsn"]


def body(text: str) -> list[tuple[Confidence, int]]:
    return [(confidence, count) for _, confidence, count in bsn(("body", text))]


def custom(**changes: object) -> Classifier:
    fields: dict[str, object] = {
        "id": "x.y",
        "titles": (),
        "patterns": (),
        "case_sensitive": False,
        "validator": "",
        "keywords": (),
        "at_least": 1,
        "confidence": LOW,
        "near": (),
        "not_near": (),
        "near_required": False,
        "window": 300,
        "several": 0,
        "tags": (),
        "match": (),
        "no_match": (),
        **changes,
    }
    return Classifier(RuleSet.of([Rule(**fields)]))  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", OWN.rules, ids=lambda rule: rule.id)
def test_the_rules_own_examples(rule: Rule) -> None:
    def found(text: str) -> bool:
        return any(finding.rule == rule.id for finding in CLASSIFIER.classify([("body", text)]))

    assert [text for text in rule.match if not found(text)] == []
    assert [text for text in rule.no_match if found(text)] == []


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Het BSN van de patient is 111222333", HIGH),
        ("BSN 111222333", HIGH),
        ("burgerservicenummer: 111 222 333", HIGH),
        ("Zijn\u00a0BSN\u00a0is\u00a0111\u200b222\u00ad333", HIGH),  # hidden characters between the digits
        ("bsn １１１２２２３３３", HIGH),  # full-width
        ("bsn 1112–22–333", HIGH),  # en dashes
        ("BSN (111222333).", HIGH),
        ("BSN111222333", HIGH),
        ("bsn_111222333.pdf", HIGH),
        ("BSN: 111222333_Jansen", HIGH),
        ("bsn=111222333&naam=x", HIGH),
        ("BSN\n111222333", HIGH),
        ("123456782", LOW),
        ("Graag betalen onder vermelding van 123456782", LOW),
        ("BSN: " + "x" * 600 + " 123456782", MEDIUM),  # the word is there, but far away
        ("ordernummer 111222333, voor de BSN-administratie", LOW),
        ("ordernummer is 111222333, voor de BSN-administratie", MEDIUM),
    ],
)
def test_how_sure_a_bsn_is(text: str, level: Confidence) -> None:
    assert body(text) == [(level, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "ordernummer 111222333",
        "bestelnummer: 111222333",
        "BSN 111222334",
        "x111222333",
        "1112223334",
        "é-mail zonder nummer",
        "",
    ],
)
def test_no_bsn(text: str) -> None:
    assert body(text) == []


def test_the_closer_label_counts() -> None:
    assert body("tel 0201234567, BSN 111222333") == [(HIGH, 1)]
    assert body("BSN bekend; ordernummer 111222333") == [(LOW, 1)]


def test_each_value_counts_once_in_its_highest_confidence() -> None:
    far = " " + "lorem " * 100
    assert body("BSN 111222333 en nog eens 1112.22.333") == [(HIGH, 1)]
    assert body(f"BSN 111222333 en 123456782{far}{far}111222333") == [(HIGH, 2)]
    assert body(f"BSN 111222333{far}123456782") == [(HIGH, 1), (MEDIUM, 1)]


def test_a_column_of_valid_numbers_is_no_chance() -> None:
    valid = ["111222333", "123456782", "012345672"]
    invalid = ["111222334", "123456783", "012345673", "999999991"]
    assert body("\n".join(valid)) == [(MEDIUM, 3)]
    assert body("_".join(valid)) == [(MEDIUM, 3)]
    assert body("\n".join(valid[:2])) == [(LOW, 2)]
    assert body("\n".join(valid + invalid)) == [(LOW, 3)]


def test_the_subject_and_the_name_of_an_attachment_are_evidence() -> None:
    assert bsn(("subject", "BSN van Jansen"), ("body", "123456782")) == [("body", MEDIUM, 1)]
    assert bsn(("body", "123456782"), ("subject", "BSN van Jansen")) == [("body", MEDIUM, 1)]
    assert bsn(("attachment:bsn_lijst.csv", "123456782")) == [("attachment:bsn_lijst.csv", MEDIUM, 1)]
    assert bsn(("attachment:BSN 111222333.pdf", "")) == [("attachment:BSN 111222333.pdf", HIGH, 1)]
    assert bsn(("attachment:a.txt", "BSN"), ("body", "123456782")) == [("body", LOW, 1)]


def test_many_weak_hits_do_not_crowd_out_a_strong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.core.tally.MOST_VALUES", 3)
    padding = " ".join(str(number) for number in range(100_000_000, 100_000_400))
    labelled = " ".join(f"ordernummer {number}" for number in range(100_000_000, 100_000_400))
    assert body(f"{padding} {labelled}{' lorem' * 100} BSN 111222333")[0] == (HIGH, 1)
    assert body(padding) == [(LOW, 3)]


def test_units_of_one_place_belong_together() -> None:
    units = (
        ("attachment:a.pdf", "111222333"),
        ("attachment:a.pdf", "BSN op bladzijde 2"),
        ("attachment:a.pdf", "111222333"),
    )
    assert bsn(*units) == [("attachment:a.pdf", MEDIUM, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "De arts is vandaag afwezig.",
        "Mijn moeder is bij de dokter geweest.",
        "Het ziekenhuis zoekt een verpleegkundige.",
        "Our doctor's office is closed on Monday.",
    ],
)
def test_a_lone_medical_word_seals_nothing(text: str) -> None:
    assert CLASSIFIER.classify([("body", text)]) == ()


def test_clinical_words_count_when_they_stand_together() -> None:
    far = " " + "lorem " * 100
    together = "diagnose, medicatie en een hartinfarct"
    assert [(f.rule, f.confidence, f.count) for f in CLASSIFIER.classify([("body", together)])] == [
        ("health.clinical", MEDIUM, 3)
    ]
    assert CLASSIFIER.classify([("body", f"diagnose{far}medicatie{far}hartinfarct")]) == ()
    assert CLASSIFIER.classify([("body", "diagnose diagnose Diagnose diagnose")]) == ()


def test_a_keyword_may_be_longer_than_the_window() -> None:
    rule = custom(keywords=("laboratoriumonderzoek", "ct", "ecg"), at_least=2, window=10)
    assert rule.classify([("body", "ct laboratoriumonderzoek")]) == ()
    assert rule.classify([("body", "laboratoriumonderzoek ct ecg")]) == (Finding("x.y", "body", LOW, 2),)


def test_keywords_stand_alone_in_any_alphabet() -> None:
    words = custom(keywords=("zorg", "één", "diagnos*", "medisch dossier", "c++"))
    for text in ("Zorg.", "ÉÉN!", "(diagnostiek)", "medisch\n dossier", "met c++ gemaakt", "één\u2019s"):
        assert words.classify([("body", text)]), text
    for text in ("verzorging", "zorgen", "ëzorg", "zorgë", "eén", "onediagnose", "medischdossier"):
        assert not words.classify([("body", text)]), text


def test_the_longest_of_overlapping_matches_counts() -> None:
    assert custom(patterns=(r"\d{2,4}",)).classify([("body", "1234 56")]) == (Finding("x.y", "body", LOW, 2),)


def test_case_matters_only_when_asked() -> None:
    assert custom(patterns=("AKIA",)).classify([("body", "akia")])
    assert not custom(patterns=("AKIA",), case_sensitive=True).classify([("body", "akia")])


def test_near_required_finds_nothing_without_the_word() -> None:
    rule = custom(patterns=(r"\bK\d{5}\b",), near=("klant",), near_required=True, window=20)
    assert rule.classify([("body", "klant K12345")]) == (Finding("x.y", "body", HIGH, 1),)
    assert rule.classify([("body", "K12345 van klant")]) == (Finding("x.y", "body", HIGH, 1),)
    assert rule.classify([("body", "klant" + "." * 21 + "K12345")]) == ()


def test_a_far_word_does_not_help_a_mere_pattern() -> None:
    rule = custom(patterns=(r"\bK\d{5}\b",), near=("klant",), window=10)
    assert rule.classify([("body", "klant" + "." * 50 + "K12345")]) == (Finding("x.y", "body", LOW, 1),)


def test_no_rules_find_nothing() -> None:
    assert Classifier(RuleSet.of([])).classify([("body", "BSN 111222333")]) == ()


def test_nothing_that_was_matched_comes_out() -> None:
    findings = CLASSIFIER.classify([("body", "BSN 111222333, kaart 4111 1111 1111 1111, Wachtwoord: Zomer2024!")])
    assert {finding.rule for finding in findings} >= {"nl.bsn", "payment.card", "credentials.password"}
    assert not any(secret in repr(findings) for secret in ("111222333", "4111", "Zomer"))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["subject", "body", "attachment:é.txt"]), st.text(max_size=200)), max_size=4))
def test_any_text_can_be_classified(units: list[tuple[str, str]]) -> None:
    for finding in CLASSIFIER.classify(units):
        assert finding.count >= 1


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_labelled_bsn_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    assert max(level for level, _ in body(f"{before} BSN 111222333 {after}")) is HIGH
