from __future__ import annotations

import pytest

from gateway.core import list_file
from gateway.core.classify import Classifier
from gateway.core.errors import Misconfigured
from gateway.core.exact_list import build
from gateway.core.finding import Confidence
from gateway.core.fingerprint import fingerprints
from gateway.core.list_file import OwnList
from gateway.core.rules import RuleSet, load
from tests.unit.core.test_lists import FORM

KEY = b"k" * 32
LOW, MEDIUM, HIGH = Confidence
RULES = """
[site.patient]
title.nl = "Patiëntnummer"
title.en = "Patient number"
pattern = '\\bP\\d{6}\\b|\\b\\d{8}\\b'
list = "patients"
confidence = "medium"
near = ["patiëntnummer"]
match = ["P100200"]
no_match = ["P1002"]

[site.intake]
title.nl = "Intakeformulier"
title.en = "Intake form"
fingerprint = "intake"
containment = 60
confidence = "high"
"""
LISTS: dict[str, OwnList] = {
    "patients": list_file.read(
        build([("P100200", ["Jan de Vries", "12-03-1954"]), ("12345678", ["Kees Bakker", ""])], 2, KEY), KEY
    ),
    "intake": list_file.read(list_file.write_fingerprints([fingerprints(FORM, KEY)], KEY), KEY),
}
DIGESTS = {"patients": "a" * 64, "intake": "b" * 64}
CLASSIFIER = Classifier(load([("r.toml", RULES)], (), DIGESTS), lists=LISTS)


def found(*units: tuple[str, str]) -> list[tuple[str, str, Confidence, int]]:
    return [(item.rule, item.place, item.confidence, item.count) for item in CLASSIFIER.classify(units)]


def test_only_what_stands_in_the_list_is_found() -> None:
    assert found(("body", "P100200 en P100201")) == [("site.patient", "body", MEDIUM, 1)]
    assert found(("body", "P100201, patiëntnummer P100202")) == []


def test_the_rest_of_the_row_or_a_word_makes_it_certain() -> None:
    assert found(("body", "P100200, Jan de Vries")) == [("site.patient", "body", HIGH, 1)]
    assert found(("body", "geb. 12/03/1954 (P100200)")) == [("site.patient", "body", HIGH, 1)]
    assert found(("body", "P100200, Kees Bakker")) == [("site.patient", "body", MEDIUM, 1)]
    assert found(("body", "patiëntnummer P100200")) == [("site.patient", "body", HIGH, 1)]
    assert found(("body", "P100200" + "." * 400 + "Jan de Vries")) == [("site.patient", "body", MEDIUM, 1)]


def test_a_listed_number_is_read_a_second_time_too() -> None:
    assert found(("body", "patiëntnummer 12/34/5678")) == [("site.patient", "body", HIGH, 1)]
    assert found(("body", "Kees Bakker: 1 2 3 4 5 6 7 8")) == [("site.patient", "body", HIGH, 1)]
    assert found(("body", "patiëntnummer 12/34/5687")) == []


def test_a_document_is_found_over_all_pages_of_its_place() -> None:
    half = len(FORM) // 2
    filled = ("attachment:a.pdf", FORM[:half] + " Jan Jansen"), ("attachment:a.pdf", FORM[half:])
    assert found(*filled) == [("site.intake", "attachment:a.pdf", HIGH, 1)]
    assert found(filled[0]) == []
    assert found(("body", "Het formulier volgt.")) == []


def test_a_missing_list_is_told_and_never_passed_over() -> None:
    with pytest.raises(Misconfigured) as error:
        load([("r.toml", RULES)], (), {"patients": "a" * 64})
    assert [(m.key, m.line) for m in error.value.mistakes] == [("site.intake.fingerprint", 15)]
    rules = load([("r.toml", RULES)], (), DIGESTS)
    with pytest.raises(ValueError, match="intake"):
        Classifier(rules, lists={"patients": LISTS["patients"]})
    with pytest.raises(ValueError, match="no list of values"):
        Classifier(rules, lists={"patients": LISTS["intake"], "intake": LISTS["intake"]})


def test_another_list_makes_another_rule_set() -> None:
    one = load([("r.toml", RULES)], (), DIGESTS)
    other = load([("r.toml", RULES)], (), {**DIGESTS, "patients": "c" * 64})
    assert one.digest != other.digest
    assert RuleSet.from_json(one.to_json()).digest == one.digest
    assert load([("r.toml", RULES)], (), {**DIGESTS, "unused": "c" * 64}).digest == one.digest


def test_examples_show_the_pattern() -> None:
    rules = load([("r.toml", RULES)], (), DIGESTS)
    assert [item.rule for item in Classifier(rules).classify([("body", "P999999")])] == ["site.patient"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('keywords = ["a"]\nlist = "patients"', "list"),
        ('fingerprint = "intake"\nnear = ["a"]', "near"),
        ('fingerprint = "intake"\npattern = "a"', "pattern"),
        ('pattern = "a"\ncontainment = 50', "containment"),
        ('pattern = "a"\nlist = "../x"', "list"),
    ],
)
def test_keys_that_contradict_each_other_are_mistakes(text: str, key: str) -> None:
    rule = f'[a.b]\ntitle.nl = "x"\ntitle.en = "x"\nmatch = ["a"]\nno_match = ["b"]\n{text}\n'
    with pytest.raises(Misconfigured) as error:
        load([("r.toml", rule)], (), DIGESTS)
    assert f"a.b.{key}" in {mistake.key for mistake in error.value.mistakes}
