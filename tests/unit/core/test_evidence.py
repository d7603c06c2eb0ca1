from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.classify import Classifier
from gateway.core.evidence import Evidence
from gateway.core.matcher import Matcher
from gateway.core.rules import load

FOLDER = Path(__file__).parents[3] / "dlp_rules"
RULES = load([(path.name, path.read_text()) for path in sorted(FOLDER.glob("*.toml"))])
MATCHER = Matcher(RULES)
CLASSIFIER = Classifier(RULES)
EVIDENCE = Evidence(RULES.rules)

FILES = [
    "2026-11-24;artikel;een omschrijving zonder iets bijzonders;12,50\n",
    "2026-11-24 10:00:03,001 INFO [worker-3] verzoek 123456 van 10.0.3.17 in 512 ms afgehandeld\n",
    "714326;8812345;99120034;553311;7788120;4412233;909182;1200345;66712290;340012;5567123;884412\n",
]


def kept(text: str) -> list[int]:
    data = text.encode()
    hits = MATCHER.scan(data)
    return list(EVIDENCE.near(data, hits.numbers, hits.words))


@pytest.mark.parametrize("line", FILES)
def test_a_file_of_numbers_is_not_read_twice(line: str) -> None:
    assert MATCHER.scan((line * 50).encode()).numbers
    assert kept(line * 50) == []


@pytest.mark.parametrize("line", FILES)
def test_of_a_file_of_numbers_only_what_stands_near_a_word_is_read_twice(line: str) -> None:
    found = kept(line * 50 + "BSN 111/222/333\n" + line * 50)
    assert 1 <= len(found) <= len(MATCHER.scan((line * 100).encode()).numbers) / 4


@pytest.mark.parametrize(
    "label", ["BSN", "B S N", "B.S.N.", "b5n", "\u0412SN", "burger-servicenummer", "bur-\ngerservicenummer"]
)
@pytest.mark.parametrize("number", ["111/222/333", "een een een twee twee twee drie drie drie", "111222333Dag"])
def test_a_word_in_reach_counts_however_it_is_spelled(label: str, number: str) -> None:
    assert kept(f"Het {label} is {number} en dat is alles.")


@pytest.mark.parametrize(
    "text", ["In een tweede en een derde geval", "De D66-fractie van de 20ste eeuw", "een driedubbele zes"]
)
def test_prose_has_no_peculiar_numbers(text: str) -> None:
    assert len(MATCHER.scan(text.encode()).numbers) <= 1


@pytest.mark.parametrize("text", ["BSN 1O0g00OO3", "BSN 1O0gOOOO3", "BSN I000g0OO3"])
def test_a_look_alike_of_any_kind_may_follow_another(text: str) -> None:
    assert kept(text)
