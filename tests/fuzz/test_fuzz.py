"""A minute of fuzzing in every run of the tests; `python -m tests.fuzz --seconds 3600` is for a longer one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.runner import CORPUS, fuzz
from tests.fuzz.targets import TARGETS

SECONDS = 38  # and some for starting each target
JOBS = 2


def test_every_target_has_a_corpus() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == TARGETS.keys()
    assert all(any(folder.iterdir()) for folder in CORPUS.iterdir())


@pytest.mark.parametrize("target", TARGETS)
def test_no_seed_breaks_its_target(target: str) -> None:
    """What once broke stands in the corpus, too."""
    for path in sorted((CORPUS / target).iterdir()):
        TARGETS[target](path.read_bytes())


def test_a_minute_of_fuzzing_breaks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = list(fuzz(list(TARGETS), SECONDS, tmp_path, jobs=JOBS))
    with capsys.disabled():
        print(f"\nfuzzed: {', '.join(f'{outcome.target} {outcome.runs}' for outcome in outcomes)}")
    assert [(outcome.target, outcome.broken, outcome.inputs) for outcome in outcomes if outcome.broken] == []
    assert all(outcome.runs > 0 for outcome in outcomes)
