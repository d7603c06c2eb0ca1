"""Long texts: what stands in them is found wherever they are cut, once, and the time they may take is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import passage
from gateway.core.classify import Classifier
from gateway.core.finding import Confidence, Finding
from gateway.core.normalise import normalise
from gateway.core.passage import LENGTH, MARGIN, passages
from tests.unit.core.test_classify import CLASSIFIER

FILLERS = ["Een gewone regel.\n", "x ", "\u200b", "\u202egewoon\u202c", "1\u0336", "\u00e9\u0300", "\ufdfa "]


def bsn(text: str, classifier: Classifier = CLASSIFIER) -> list[tuple[Confidence, int]]:
    return [
        (found.confidence, found.count) for found in classifier.classify([("body", text)]) if found.rule == "nl.bsn"
    ]


@pytest.mark.parametrize("filler", FILLERS, ids=ascii)
def test_the_cores_are_the_whole(filler: str) -> None:
    text = filler * (3 * LENGTH // len(filler)) + "eind"
    data = b"".join(item.normal.data[item.start : item.end] for item in passages(text))
    assert data == normalise(text).encode()


@given(st.text(alphabet="1a\u00e9\n\u200b\u202e\u202c\x1b[m\u0336\U0001f600", max_size=300))
def test_no_octet_is_lost_however_short_the_passages(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passage, "LENGTH", 40)
        patch.setattr(passage, "MARGIN", 8)
        found = list(passages(text))
    for item in found:
        item.normal.data.decode()  # whole characters
    cores = [item.normal.data[item.start : item.end] for item in found]
    if "\u202e" not in text and "\x1b" not in text and "\u0336" not in text:
        assert b"".join(cores) == normalise(text).encode()
    assert [item.is_first for item in found].count(True) <= 1


@pytest.mark.parametrize("shift", range(-40, 41, 4))
@pytest.mark.parametrize("behind", ["", "\n" + "y " * LENGTH])
def test_a_number_on_a_cut_is_found_with_its_label_and_counted_once(shift: int, behind: str) -> None:
    before = "x " * ((LENGTH + shift) // 2)
    assert bsn(f"{before}bsn 111222333{behind}") == [(Confidence.HIGH, 1)]
    assert bsn(f"{before[:-MARGIN]}bsn 111222333{behind}") == [(Confidence.HIGH, 1)]


def test_a_word_before_a_number_lowers_it_over_a_cut() -> None:
    for shift in range(0, 2 * MARGIN, 500):
        before = "x " * ((LENGTH - shift) // 2)
        assert bsn(f"{before}ordernummer: 111222333 {'y ' * LENGTH}") == bsn("x ordernummer: 111222333 y y")


def test_places_are_told_in_the_text_as_it_was_given() -> None:
    text = "\u00e9\u0300\ufdfa bsn 111222333\n" + "Een gewone regel.\n" * (LENGTH // 8)
    (found,) = [found for found in CLASSIFIER.classify([("body", text)]) if found.rule == "nl.bsn"]
    assert [text[start:end] for start, end in found.at] == ["bsn 111222333"]


def test_without_time_the_rest_is_told_and_what_was_found_stays() -> None:
    asked = iter([True, True, False])
    units = [("subject", "x"), ("body", "bsn 111222333\n" + "x\n" * LENGTH), ("header", "y"), ("body", "z")]
    found, unread = CLASSIFIER.classify_in_time(units, lambda: next(asked))
    assert [item for item in found if item.rule == "nl.bsn"] == [Finding("nl.bsn", "body", Confidence.HIGH, 1)]
    assert unread == ("body", "header")
