"""docs/threat-model.md names only tests that exist, and every table that keeps something at rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.adapters.schema import metadata

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/threat-model.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
READABLE = TEXT.partition("## What stays readable at rest")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_each_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


@pytest.mark.parametrize("attack", TEXT.partition("## Attacks, answers, tests")[2].strip().splitlines()[2:])
def test_each_answer_is_shown(attack: str) -> None:
    assert "::test_" in attack.split("|")[3]


def test_every_table_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", READABLE))
    assert [name for name in metadata.tables if name not in told and not name.startswith("alembic")] == []
