"""Whatever a person or a program does to a number or a word, a scan finds it, or says what it could not read; and mail that
only looks alike is left in peace. The messages are made by the `make.py` in their folders."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from gateway.adapters.extract.preload import preload
from gateway.adapters.scan_now import scan_with
from gateway.core import rules
from gateway.core.classify import Classifier
from gateway.core.finding import Confidence, Findings
from gateway.core.limits import Limits

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
EVASIONS: dict[str, dict[str, str]] = tomllib.loads((VECTORS / "evasions" / "outcomes.toml").read_text())
HARMLESS: dict[str, list[str]] = tomllib.loads((VECTORS / "harmless" / "outcomes.toml").read_text())
PICTURES = ("picture-", "pdf-picture")
SMALL = 20_000  # bytes: what may be kept as a file


@pytest.fixture(scope="module")
def reads_pictures() -> bool:
    return preload(images=True)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    files = [(path.name, path.read_text()) for path in sorted((ROOT / "dlp_rules").glob("*.toml"))]
    return Classifier(rules.load(files, []))


def scanned(folder: str, name: str, classifier: Classifier) -> Findings:
    return scan_with(classifier, (VECTORS / folder / f"{name}.eml").read_bytes(), Limits()).findings


def is_met(wanted: Mapping[str, str], findings: Findings) -> bool:
    if reason := wanted.get("unscannable"):
        return any(
            fnmatchcase(item.reason, reason) and fnmatchcase(item.place, wanted["place"])
            for item in findings.unscannable
        )
    least = Confidence[wanted["confidence"].upper()]
    return any(
        item.rule == wanted["rule"] and fnmatchcase(item.place, wanted["place"]) and item.confidence >= least
        for item in findings.findings
    )


@pytest.mark.parametrize(("folder", "outcomes"), [("evasions", EVASIONS), ("harmless", HARMLESS)])
def test_every_message_has_an_outcome_and_is_small(folder: str, outcomes: Mapping[str, object]) -> None:
    sizes = {path.stem: path.stat().st_size for path in (VECTORS / folder).glob("*.eml")}
    assert sizes.keys() == outcomes.keys()
    assert [name for name, size in sizes.items() if size > SMALL] == []


@pytest.mark.parametrize("name", sorted(EVASIONS))
def test_what_is_hidden_is_found(name: str, classifier: Classifier, reads_pictures: bool) -> None:
    if name.startswith(PICTURES) and not reads_pictures:
        pytest.skip("Tesseract or its languages are not installed")
    findings = scanned("evasions", name, classifier)
    assert is_met(EVASIONS[name], findings), (findings.findings, findings.unscannable)


@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_what_only_looks_alike_is_left_in_peace(name: str, classifier: Classifier) -> None:
    """Nothing at medium or above of the rules that the outcome names."""
    findings = scanned("harmless", name, classifier)
    assert [
        (item.rule, item.place, item.confidence.name)
        for item in findings.findings
        if item.confidence >= Confidence.MEDIUM and any(fnmatchcase(item.rule, rule) for rule in HARMLESS[name])
    ] == []
