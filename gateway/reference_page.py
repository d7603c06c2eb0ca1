"""Makes docs/policy-reference.md: `python -m gateway.reference_page`, which `make docs` runs."""

from __future__ import annotations

from pathlib import Path

from gateway.core.action_keys import THEN_KEYS
from gateway.core.condition_keys import CONDITION_KEYS
from gateway.core.decision import Action
from gateway.core.reference import fill, table
from gateway.core.rule_keys import RULE_KEYS
from gateway.core.validators import VALIDATORS

DOCS = Path(__file__).parents[1] / "docs"


def page(template: str) -> str:
    """The whole page."""
    return fill(
        template,
        {
            "rule-keys": table(RULE_KEYS, "key", "value", "default", "meaning"),
            "validators": " ".join(f"`{name}`" for name in sorted(VALIDATORS)),
            "condition-keys": table(CONDITION_KEYS, "`when.` / `except.`", "value", "meaning"),
            "action-keys": table(THEN_KEYS, "`then.`", "value", "default", "meaning"),
            "belonging": _belonging(),
        },
    )


def _belonging() -> str:
    head = ["| " + " | ".join(("action", *(f"`{action.name.lower()}`" for action in Action))) + " |"]
    rule = ["|" + " --- |" * (len(Action) + 1)]
    rows = [
        "| " + " | ".join((f"`{key.name}`", *("x" if action in key.only else "" for action in Action))) + " |"
        for key in THEN_KEYS
        if key.only
    ]
    return "\n".join(head + rule + rows)


def main() -> None:
    (DOCS / "policy-reference.md").write_text(page((DOCS / "policy-reference.in.md").read_text()))


if __name__ == "__main__":
    main()
