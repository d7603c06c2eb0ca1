"""Broken rule and policy files with the mistakes they must be refused with: one line each, exactly.

A `.expected` file is what an admin reads: change it by hand, and only when the new sentence helps more.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core import policy_file, rules
from gateway.core.errors import Misconfigured

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))
OWN = Path(__file__).parents[3] / "dlp_rules"
RULES = rules.load([(path.name, path.read_text()) for path in sorted(OWN.glob("*.toml"))])


def test_there_are_enough() -> None:
    assert len(BROKEN) >= 12


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_a_helpful_sentence(path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        load(path.name, path.read_text())
    assert str(caught.value) + "\n" == path.with_suffix(".expected").read_text()


def load(name: str, text: str) -> object:
    return rules.load([(name, text)]) if name.startswith("rules-") else policy_file.load([(name, text)], RULES)
