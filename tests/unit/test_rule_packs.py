"""docs/rule-packs.md is what scripts/rule_packs.py makes of the folders."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_is_true() -> None:
    script = runpy.run_path(str(ROOT / "scripts/rule_packs.py"))
    assert (ROOT / "docs/rule-packs.md").read_text(encoding="utf-8") == script["document"](), (
        "run scripts/rule_packs.py"
    )
