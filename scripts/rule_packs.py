"""Writes docs/rule-packs.md from the rules and policies that come with Zegel: `python scripts/rule_packs.py`.

A test keeps the file and what this makes of the folders the same.
"""

from __future__ import annotations

from pathlib import Path

from gateway.core import policy_file, rules
from gateway.core.decision import Action
from gateway.core.finding import Confidence
from gateway.core.policy import Policy
from gateway.core.rules import Rule, RuleSet

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/rule-packs.md"
INTRODUCTION = """\
# Rule packs

Written by `python scripts/rule_packs.py` from `dlp_rules/` and `policies/default.toml`; don't edit it by hand. How to write
a rule is told in [policy-reference.md](policy-reference.md). A pack is one file; a site's rule of the same id replaces one.

**Checked** is what must hold before a match counts at all. **Medium** and **high** tell what each confidence takes; "word" is
one of the rule's `near` words, at most so many characters away. What neither has is of low confidence. **Sealed** is the
confidence from which the default policies seal outbound mail; a rule without one is found, explained and counted, but seals
nothing until a policy says so.
"""
HEAD = "| rule | what | checked | medium | high | sealed |\n|---|---|---|---|---|---|\n"


def main() -> None:
    DOCUMENT.write_text(document(), encoding="utf-8")


def document() -> str:
    files = [(path.name, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))]
    whole = rules.load(files)
    policies = policy_file.load([("default.toml", (ROOT / "policies/default.toml").read_text(encoding="utf-8"))], whole)
    return INTRODUCTION + "".join(_pack(name, text, whole, policies.policies) for name, text in files)


def _pack(name: str, text: str, whole: RuleSet, policies: tuple[Policy, ...]) -> str:
    comment = " ".join(line[1:].strip() for line in text.split("\n\n")[0].splitlines() if line.startswith("#"))
    ids = rules.read_file(name, text)
    rows = [_row(rule, policies) for rule in whole.rules if rule.id in ids]
    return f"\n## {name}\n\n{comment}\n\n{HEAD}" + "".join(rows)


def _row(rule: Rule, policies: tuple[Policy, ...]) -> str:
    cells = (f"`{rule.id}`", rule.title("en"), _checked(rule), _medium(rule), _high(rule), _sealed(rule.id, policies))
    return "| " + " | ".join(cells) + " |\n"


def _checked(rule: Rule) -> str:
    if rule.at_least > 1:
        return f"{rule.at_least} different words within {rule.window}"
    if rule.keywords:
        return "a word of the rule"
    return f"`{rule.validator}`" if rule.validator else "the pattern"


def _medium(rule: Rule) -> str:
    if rule.confidence is Confidence.MEDIUM and not rule.near_required:
        return "by itself"
    if rule.confidence is Confidence.HIGH or rule.near_required:
        return ""
    ways = ["a word anywhere in the text, its name or the subject"] if rule.validator and rule.near else []
    ways += [f"{rule.several} different ones"] if rule.several else []
    return ", or ".join(ways)


def _high(rule: Rule) -> str:
    if rule.confidence is Confidence.HIGH and not rule.near_required:
        return "by itself"
    if not rule.near:
        return ""
    return f"a word within {rule.window}" + (", else nothing" if rule.near_required else "")


def _sealed(rule_id: str, policies: tuple[Policy, ...]) -> str:
    levels = [
        wanted.confidence
        for policy in policies
        if policy.action is Action.SEAL
        for wanted in policy.when.finds
        if rule_id in wanted.rule_ids
    ]
    return min(levels).name.lower() if levels else ""


if __name__ == "__main__":
    main()
