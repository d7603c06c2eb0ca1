from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import Misconfigured
from gateway.core.finding import Confidence
from gateway.core.rules import load, why_refused
from gateway.core.toml_source import Mistakes

OWN = [(path.name, path.read_text()) for path in sorted((Path(__file__).parents[3] / "dlp_rules").glob("*.toml"))]


def rule(name: str, **keys: str) -> str:
    lines = {"title.nl": '"Titel"', "title.en": '"Title"', "match": '["12345"]', "no_match": '["1"]', **keys}
    if "keywords" not in lines:
        lines.setdefault("pattern", r"'\b\d{5}\b'")
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


def test_every_key_is_read() -> None:
    text = rule(
        "site.customer",
        pattern=r"['\bK\d{9}\b', '\bL\d{9}\b']",
        case_sensitive="true",
        validator='"bsn"',
        confidence='"medium"',
        near='["klant"]',
        not_near='["order"]',
        near_required="true",
        window="50",
        several="4",
        tags='["customers"]',
    )
    (found,) = load([("site.toml", text)]).rules
    assert found.id == "site.customer"
    assert (found.title("nl"), found.title("de")) == ("Titel", "Title")
    assert found.patterns == (r"\bK\d{9}\b", r"\bL\d{9}\b")
    assert found.confidence is Confidence.MEDIUM
    assert (found.case_sensitive, found.validator, found.window, found.several) == (True, "bsn", 50, 4)
    assert (found.near, found.not_near, found.near_required, found.tags) == (
        ("klant",),
        ("order",),
        True,
        ("customers",),
    )
    assert (found.match, found.no_match) == (("12345",), ("1",))


def test_defaults() -> None:
    (found,) = load([("site.toml", rule("site.plain"))]).rules
    assert found.confidence is Confidence.LOW
    assert (found.window, found.at_least, found.several, found.validator) == (300, 1, 0, "")


def test_the_rules_of_the_house_load() -> None:
    found = load(OWN)
    assert {"nl.bsn", "nl.iban", "payment.card", "health.clinical", "credentials.private-key"} <= {
        rule.id for rule in found.rules
    }
    assert {"health", "pci", "personal", "credentials"} <= found.tags


def test_a_site_rule_replaces_the_whole_rule() -> None:
    own = rule("site.a", tags='["x"]') + rule("site.b")
    site = rule("site.a", window="20")
    found = {rule.id: rule for rule in load([("own", own)], [("site", site)]).rules}
    assert set(found) == {"site.a", "site.b"}
    assert (found["site.a"].window, found["site.a"].tags) == (20, ())


def test_a_site_can_take_a_rule_away() -> None:
    own = rule("site.a") + rule("site.b")
    assert [r.id for r in load([("own", own)], [("site", rule("site.a", enabled="false"))]).rules] == ["site.b"]


def test_the_same_id_twice_in_one_folder_is_refused() -> None:
    with pytest.raises(Misconfigured, match=r"b\.toml:1: site\.x: is already in a\.toml:1"):
        load([("a.toml", rule("site.x")), ("b.toml", rule("site.x"))])


def test_mistakes_of_all_files_are_told_at_once() -> None:
    with pytest.raises(Misconfigured) as caught:
        load([("a", rule("site.x", window="1")), ("b", "=")], [("c", rule("site.y", validator='"x"'))])
    assert [mistake.file for mistake in caught.value.mistakes] == ["a", "b", "c"]


def test_the_digest_names_the_rules_and_not_their_order_or_layout() -> None:
    one, two = rule("site.a"), rule("site.b")
    digest = load([("f", one + two)]).digest
    assert digest == load([("x", "# comment\n" + two), ("y", one)]).digest
    assert digest != load([("f", one + rule("site.b", window="20"))]).digest
    assert len(digest) == 64


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+$", r"(a|aa)+b", r"(.*a){20}", r"([a-z]+)*\d", r"x*?y", r"\d{3,}", r"(a|b|ab)*c", r"^(([a-z])+.)+[A-Z]$"],
)
def test_patterns_of_denial_of_service_are_refused(pattern: str) -> None:
    assert "no upper limit" in why_refused(pattern)


@pytest.mark.parametrize("pattern", [r"\+31", r"[*+]{1,3}", r"a\{2,\}", r"[^]+]x", r"\\\*", "patiënt", r"C\+\+"])
def test_signs_that_are_no_repeats_are_allowed(pattern: str) -> None:
    assert why_refused(pattern) == ""


@settings(max_examples=60, deadline=None)
@given(st.text(r"ab(|)[]{2,}*+?\\^$.", max_size=10))
def test_any_pattern_is_compiled_or_refused_in_words(pattern: str) -> None:
    mistakes = Mistakes()
    with mistakes.gather():
        load([("f", rule("site.a", pattern="'''" + pattern.replace("'", "") + "'''"))])
    assert bool(why_refused(pattern) or not pattern) is bool(mistakes.all)
