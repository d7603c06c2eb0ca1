from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.toml_folder import texts
from gateway.core.errors import Misconfigured
from gateway.service.check import Files, check, load

ROOT = Path(__file__).parents[3]
OWN = Files(texts(ROOT / "dlp_rules"), texts(ROOT / "policies"))

RULE = """
[site.customer]
title.nl = "Klantnummer"
title.en = "Customer number"
pattern = 'K\\d{4}'
match = [
    "K1234",
    "Klant 1234",
]
no_match = [
    "K12",
    "AK12345",
]
"""


def test_the_files_of_the_house_are_right() -> None:
    found = check(OWN)
    assert [str(mistake) for mistake in found.mistakes] == []
    assert found.ok
    assert found.examples > 80
    assert found.rules is not None
    assert found.policies is not None
    assert load(OWN) == (found.rules, found.policies)


def test_wrong_examples_are_told_with_their_line_and_without_their_text() -> None:
    found = check(Files(rules=(("site.toml", RULE),), policies=()))
    assert not found.ok
    assert found.examples == 4
    assert [(m.file, m.line, m.key) for m in found.mistakes] == [
        ("site.toml", 8, "site.customer.match[2]"),
        ("site.toml", 12, "site.customer.no_match[2]"),
    ]
    assert "should find" in found.mistakes[0].sentence
    assert "narrow the pattern" in found.mistakes[1].sentence
    assert "1234" not in " ".join(mistake.sentence for mistake in found.mistakes)


def test_a_site_file_is_checked_too_and_replaces() -> None:
    site = RULE.replace("site.customer", "nl.bsn")
    found = check(Files(OWN.rules, OWN.policies, site_rules=(("site.toml", site),)))
    assert {mistake.file for mistake in found.mistakes} == {"site.toml"}
    assert found.rules is not None
    assert next(rule for rule in found.rules.rules if rule.id == "nl.bsn").title("en") == "Customer number"


def test_broken_rules_hide_no_other_mistakes() -> None:
    found = check(Files(rules=(("a.toml", "= 1"), ("b.toml", RULE)), policies=OWN.policies))
    assert [mistake.file for mistake in found.mistakes] == ["a.toml", "b.toml", "b.toml"]
    assert found.rules is None
    assert found.policies is None


def test_a_policy_for_a_rule_that_a_site_took_away_is_a_mistake() -> None:
    gone = (
        RULE.replace("site.customer]", "nl.bsn]\nenabled = false")
        .replace('"Klant 1234",', "")
        .replace('"AK12345",', "")
    )
    found = check(Files(OWN.rules, OWN.policies, site_rules=(("site.toml", gone),)))
    (mistake,) = found.mistakes
    assert mistake.key == "policy[1].when.finds.rules[1]"
    assert found.rules is not None
    assert found.policies is None


def test_a_folder_is_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text("b = 1")
    (tmp_path / "a.toml").write_text("a = 1")
    (tmp_path / "README.md").write_text("x")
    assert [(Path(name).name, text) for name, text in texts(tmp_path)] == [("a.toml", "a = 1"), ("b.toml", "b = 1")]
    assert texts(tmp_path / "absent") == ()


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff")
    (tmp_path / "b.toml").mkdir()
    with pytest.raises(Misconfigured) as caught:
        texts(tmp_path)
    assert [mistake.sentence for mistake in caught.value.mistakes] == [
        "is not UTF-8 text",
        "can't be read: Is a directory",
    ]
