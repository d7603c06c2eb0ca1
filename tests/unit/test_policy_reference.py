"""docs/policy-reference.md names every key, validator and option that there is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from gateway.core import policy_file, rules
from gateway.core.conditions import Conditions
from gateway.core.decision import Action, Choice, Fallback, Waiting
from gateway.core.directives import VerificationKind
from gateway.core.facts import Direction
from gateway.core.policy import Policy
from gateway.core.rules import Rule
from gateway.core.validators import VALIDATORS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/policy-reference.md").read_text()
INSIDE = {
    "id",
    "titles",
    "patterns",
    "when",
    "unless",
    "waiting",
}  # fields whose key has another name, or that are shown in the example
KEYS = sorted({field.name for of in (Rule, Conditions, Policy, Waiting) for field in fields(of)} - INSIDE - {"explain"})
OPTIONS = sorted(
    {
        *VALIDATORS,
        *(action.name.lower() for action in Action),
        *(kind.name.lower() for kind in VerificationKind),
        *(choice.value for choice in Choice),
        *(fallback.value for fallback in Fallback),
        *(direction.value for direction in Direction),
    }
)


@pytest.mark.parametrize("word", [*KEYS, *OPTIONS, "title.nl", "pattern", "enabled", "explain.nl"])
def test_every_word_is_told(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_the_examples_are_right() -> None:
    blocks = [line[4:] for line in TEXT.splitlines() if line.startswith("    ")]
    rule = next(number for number, line in enumerate(blocks) if line.startswith("[site.customer-number]"))
    policy = blocks.index("[[policy]]")
    own = [(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))]
    loaded = rules.load([*own, ("example", "\n".join(blocks[rule:policy]))])
    assert "site.customer-number" in {rule.id for rule in loaded.rules}
    assert len(policy_file.load([("example", "\n".join(blocks[policy:]))], loaded).policies) == 1
