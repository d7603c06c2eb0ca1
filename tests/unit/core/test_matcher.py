from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.classify import Classifier
from gateway.core.matcher import Matcher
from gateway.core.rules import RuleSet, load

FOLDER = Path(__file__).parents[3] / "dlp_rules"
RULES = load([(path.name, path.read_text()) for path in sorted(FOLDER.glob("*.toml"))])
UNITS = [("body", "BSN 111222333, kaart 4111 1111 1111 1111; patiënt heeft diabetes. B S N 123/456/782")]


def test_a_compiled_rule_set_finds_the_same_in_another_process() -> None:
    own = Classifier(RULES)
    told = Classifier(RuleSet.from_json(RULES.to_json()), own.compiled())
    assert told.rules == RULES
    assert [(f, f.at) for f in told.classify(UNITS)] == [(f, f.at) for f in own.classify(UNITS)] != []


def test_nothing_is_compiled_where_octets_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    dumped = Matcher(RULES).dump()
    monkeypatch.setattr(Matcher, "_compile", lambda _self: pytest.fail("compiled anew"))
    assert Matcher(RULES).dump() == dumped
    monkeypatch.setattr("gateway.core.matcher._kept", {})
    assert Matcher(RULES, dumped).scan(b"BSN 111222333").patterns["nl.bsn"]


def test_octets_of_other_rules_are_refused() -> None:
    dumped = Matcher(RULES).dump()
    with pytest.raises(ValueError, match="other rules"):
        Matcher(RuleSet.of(RULES.rules[:3]), dumped)


def test_an_empty_rule_set_needs_nothing() -> None:
    empty = Classifier(RuleSet.of([]))
    assert empty.compiled() == b""
    assert Classifier(RuleSet.from_json("[]"), b"").classify(UNITS) == ()


@pytest.mark.parametrize(
    "text", ["Sofi nummer", "sofi-nummer", "sofi \n> nummer", "_sofi nummer_", "(Sofi\nnummer)", "SOFI-\nNUMMER"]
)
def test_the_parts_of_a_phrase_may_be_joined(text: str) -> None:
    rule = next(rule for rule in RULES.rules if rule.id == "nl.bsn")
    matcher = Matcher(RuleSet.of([rule.__class__(**{**_fields(rule), "near": ("sofi nummer",)})]))
    data = text.encode()
    assert [data[start:end].lower()[:4] for start, end in matcher.scan(data).words["sofi nummer"]] == [b"sofi"]


MATCHER = Matcher(RULES)
NUMBERS = [
    "111222333",
    "1112.22.333",
    "06-12345678",
    "4111 1111 1111 1111",
    "12",
    "2026",
    "NL91 ABNA 0417 1643 00",
    "1.234.567,89",
]
BETWEEN = [" ", "\n", " é ", "woord ", "BSN", "a" * 70, "ë" * 40, "-", "\U0001f600", "P<NLD", "<" * 20]
PIECES = st.sampled_from([*NUMBERS, *BETWEEN])


@settings(deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_numbers_are_found_in_areas_as_in_the_whole(text: str) -> None:
    data = text.encode()
    whole = MATCHER.scan_all(data)
    found = MATCHER.scan(data)
    counting_alone = {rule.id for rule in RULES.rules if not rule.near_required}
    assert {(rule, span) for rule in counting_alone for span in found.patterns.get(rule, ())} == {
        (rule, span) for rule in counting_alone for span in whole.patterns.get(rule, ())
    }
    assert found.words == whole.words


def test_rules_that_count_only_near_a_word_wait_for_one() -> None:
    assert "health.icd-10" not in MATCHER.scan(b"kamer E11.9 is vrij").patterns
    assert "health.icd-10" in MATCHER.scan(b"ICD-10: E11.9").patterns


def _fields(rule: object) -> dict[str, object]:
    return {name: getattr(rule, name) for name in rule.__slots__}  # type: ignore[attr-defined]
