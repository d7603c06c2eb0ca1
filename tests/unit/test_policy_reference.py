"""docs/policy-reference.md is what `make docs` makes, and tells every key, validator and option that there is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.core import policy_file, rules
from gateway.core.action_keys import THEN_KEYS
from gateway.core.condition_keys import CONDITION_KEYS
from gateway.core.conditions import Conditions
from gateway.core.decision import Action, Choice, Fallback
from gateway.core.directives import VerificationKind
from gateway.core.errors import Misconfigured
from gateway.core.facts import Direction
from gateway.core.misdirected import Sign
from gateway.core.policy import Policy
from gateway.core.rule_keys import RULE_KEYS
from gateway.reference_page import DOCS, page

ROOT = Path(__file__).parents[2]
TEXT = (DOCS / "policy-reference.md").read_text()
OWN = [(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))]
OPTIONS = sorted(
    {
        *(action.name.lower() for action in Action),
        *(kind.name.lower() for kind in VerificationKind),
        *(choice.value for choice in Choice),
        *(fallback.value for fallback in Fallback),
        *(direction.value for direction in Direction),
        *(sign.value for sign in Sign),
    }
)


def test_the_page_is_made_from_the_tables() -> None:
    assert page((DOCS / "policy-reference.in.md").read_text()) == TEXT, "run `make docs`"


def test_the_tables_are_what_is_read() -> None:
    assert {key.name for key in CONDITION_KEYS} == {field.name for field in fields(Conditions)}
    besides = {"id", "when", "unless", "waiting"}
    told = {key.name for key in THEN_KEYS}
    assert {field.name for field in fields(Policy)} - besides <= told
    assert len(told) == len(THEN_KEYS)


def test_the_rules_keys_are_those_that_the_reader_asks_for() -> None:
    with pytest.raises(Misconfigured) as caught:
        rules.load([("x.toml", "[a.b]\n0123456789-9876543210 = 1\n")])
    (unknown,) = (mistake for mistake in caught.value.mistakes if "unknown key" in mistake.sentence)
    known = unknown.sentence.partition("known here: ")[2].split(", ")
    assert set(known) == {key.name for key in RULE_KEYS}


@pytest.mark.parametrize("word", OPTIONS)
def test_every_option_is_told(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_the_examples_are_right() -> None:
    lines = [line[4:] for line in TEXT.splitlines() if line.startswith("    ")]
    rule = next(number for number, line in enumerate(lines) if line.startswith("[site.customer-number]"))
    policy = lines.index("[[policy]]")
    loaded = rules.load([*OWN, ("example", "\n".join(lines[rule:policy]))])
    assert "site.customer-number" in {rule.id for rule in loaded.rules}
    assert len(policy_file.load([("example", "\n".join(lines[policy:]))], loaded).policies) == 3
