from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.nl import bsn as stdnum_bsn

from gateway.core.classify import Classifier
from gateway.core.confusables import from_leet, skeleton
from gateway.core.finding import Confidence
from gateway.core.readings import candidates, odd_words
from gateway.core.rules import load

FOLDER = Path(__file__).parents[3] / "dlp_rules"
CLASSIFIER = Classifier(load([(path.name, path.read_text()) for path in sorted(FOLDER.glob("*.toml"))]))
MEDIUM, HIGH = Confidence.MEDIUM, Confidence.HIGH


def read_as(text: str) -> set[str]:
    """Every candidate of a text in which the first digit run is looked at."""
    data = text.encode()
    return {item.text for item in candidates(data, [len(data)])}


def bsn(text: str) -> list[Confidence]:
    return [finding.confidence for finding in CLASSIFIER.classify([("body", text)]) if finding.rule == "nl.bsn"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("111/222/333", "111222333"),
        ("[1][1][1][2][2][2][3][3][3]", "111222333"),
        ("1112\n> 22333", "111222333"),
        ("JB> 1112\nJB> 22333", "111222333"),
        ("a) 111\nb) 222\nc) 333", "111222333"),
        ("1. 111\n2. 222\n3. 333", "111222333"),
        ("'111' +\n  '222' +\n  '333'", "111222333"),
        ("een een één twee twee twee drie drie drie", "111222333"),
        ("oneoneone two two two three three three", "111222333"),
        ("1 een 1 2 twee 2 3 drie 3", "111222333"),
        ("11O155O51", "110155051"),
        ("11\u041e155\u041e51", "110155051"),
        ("||0|55050", "110155050"),
        ("000111222333", "111222333"),
        ("NL111222333", "111222333"),
        ("kamer 12, 111-222-333", "111222333"),
        ("12 111/222/333", "111222333"),
    ],
)
def test_what_a_run_reads_as(text: str, number: str) -> None:
    assert number in read_as(text)


@pytest.mark.parametrize(
    "text",
    [
        "12-03-1954",
        "1954-03-12",
        "3 12-03-1954",
        "1987-2004",
        "25 09:08:11",
        "1.234.567,89",
        "12345678",
        "111 en 222333",
        "Graag uiterlijk 20250607 een",
        "1" * 200,
    ],
)
def test_other_numbers_are_no_split_numbers(text: str) -> None:
    assert read_as(text) == set()


def test_groups_are_parted_where_the_gaps_are_wider() -> None:
    assert read_as("123 456 / 111-222-333") == {"123456", "111222333", "123456111222333"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("B S N", "bsn"),
        ("b.s.n.", "bsn"),
        ("\u0412\u0405N", "bsn"),
        ("burg\u0435rs\u0435rvic\u0435nummer", "burgerservicenummer"),
        ("burgerservice-\n> nummer", "burgerservicenummer"),
        ("b\u00fcrgers\u00e9rvicenummer", "burgerservicenummer"),
        ("B5N", "bsn"),
        ("so-fi", "sofi"),
    ],
)
def test_odd_words_read_as_plain_ones(text: str, word: str) -> None:
    data = text.encode()
    assert word in {item.text for item in odd_words(data, [(len(data), len(data))])}


def test_an_odd_word_is_told_where_it_stands() -> None:
    data = "één ВЅN".encode()
    assert [data[item.start : item.end].decode() for item in odd_words(data, [(0, 0)]) if item.text == "bsn"] == ["ВЅN"]


def test_skeletons_are_small_latin_letters() -> None:
    assert (skeleton("\u0392S\u039d"), skeleton("Łódź"), from_leet("P4t13nt")) == ("bsn", "lodz", "patlent")


# No colon: "11:12" among blanks is a time of day.
SEPARATOR = st.text(st.sampled_from(" \t\n./,_|*;+=~'\u00a0\u2022\u00b7\U0001f642()[]>#\u200b"), min_size=0, max_size=3)


@settings(max_examples=200, deadline=None)
@given(st.lists(SEPARATOR, min_size=8, max_size=8))
def test_a_labelled_number_is_found_under_any_separators(separators: list[str]) -> None:
    number = "".join(digit + separator for digit, separator in zip("111222333", [*separators, ""], strict=True))
    assert max(bsn(f"Het BSN is {number} en meer."), default=0) >= MEDIUM


@settings(max_examples=100, deadline=None)
@given(st.integers(10_000_000, 999_999_999), st.sampled_from(["/", " | ", "\t", "\n", ", ", "_"]))
def test_what_is_read_twice_must_still_be_valid(number: int, separator: str) -> None:
    digits = str(number).zfill(9)
    found = bsn(f"BSN {separator.join((digits[:3], digits[3:6], digits[6:]))}.")
    assert bool(found) is stdnum_bsn.is_valid(digits)


def test_without_a_word_a_split_number_is_nothing() -> None:
    assert bsn("111/222/333") == []
    assert bsn("ordernummer 111/222/333 van BSN-lijst") == []
    assert bsn("BSN" + " lorem" * 30 + " 111/222/333") == []


def test_the_label_makes_it_high() -> None:
    assert bsn("BSN 111/222/333") == [HIGH]
    assert bsn("BSN" + " lorem" * 10 + " 111/222/333") == [MEDIUM]


def test_where_it_stands_is_told_in_the_text_as_given() -> None:
    text = "é\u200b Het BSN is 1\u200b11/222/33\u00ad3 en 123456782."
    at = [span for finding in CLASSIFIER.classify([("body", text)]) for span in finding.at if finding.rule == "nl.bsn"]
    assert [text[start:end] for start, end in at] == ["1\u200b11/222/33\u00ad3", "123456782"]
    twice = [("attachment:a.txt", text), ("body", " "), ("body", text), ("body", text)]
    assert {finding.place: len(finding.at) for finding in CLASSIFIER.classify(twice) if finding.rule == "nl.bsn"} == {
        "attachment:a.txt": 0,
        "body": 2,
    }


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_hostile_octets_have_no_candidates_out_of_range(data: bytes, ends: list[int]) -> None:
    for item in [*candidates(data, ends), *odd_words(data, [(end, end) for end in ends if end <= len(data)])]:
        assert 0 <= item.start <= item.end <= len(data) + 3  # a cut character is read as none
