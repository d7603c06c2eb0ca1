"""Rules and policies in force: what a reload may and may not take over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import parse
from gateway.core.errors import Misconfigured
from gateway.rule_files import PolicyHolder, rule_texts
from gateway.settings import Settings

CONFIG = (Path(__file__).parent / "broken_config" / "bad-port.toml").read_text().replace("252525", "2525")
RULE = '[site.word]\ntitle.nl = "Woord"\ntitle.en = "Word"\nkeywords = ["appels"]\nmatch = ["appels"]\nno_match = ["peren"]\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = parse(tmp_path / "zegel.toml", CONFIG)
    for name in ("rules.d", "policies.d"):
        (tmp_path / name).mkdir()
    return replace(
        made,
        rules=(*made.rules, tmp_path / "rules.d"),
        policies=(*made.policies, tmp_path / "policies.d"),
    )


def test_a_mistake_in_a_policy_keeps_the_scan_role_from_new_rules_too(settings: Settings) -> None:
    holder = PolicyHolder(settings)
    before = holder.get()
    (settings.rules[-1] / "site.toml").write_text(RULE)
    (settings.policies[-1] / "site.toml").write_text('[[policy]]\nid = "x"\nthen.action = "blok"\n')
    holder.reload()
    assert holder.get() is before
    with pytest.raises(Misconfigured):
        rule_texts(settings)


def test_what_is_right_is_taken_over(settings: Settings) -> None:
    holder = PolicyHolder(settings)
    before = holder.get()
    (settings.rules[-1] / "site.toml").write_text(RULE)
    holder.reload()
    assert holder.get().digest != before.digest
    assert len(rule_texts(settings)[1]) == 1
