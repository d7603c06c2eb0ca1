from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.glob import first_match, matches


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
        ("nl.*", "nl.bsn", True),
        ("nl.*", "payment.card", False),
        ("*@Example.org", "Jan@example.ORG", True),
        ("*.example.org", "example.org", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("[extern]*", "[EXTERN] hallo", True),
        ("*a*b", "xxaxxbxxab", True),
        ("*a?c*", "xac\na\nc", True),
        ("ab*bc", "abc", False),
        ("a**b", "ab", True),
    ],
)
def test_vectors(glob: str, text: str, fits: bool) -> None:
    assert matches(glob, text) is fits


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_agrees_with_fnmatch(glob: str, text: str) -> None:
    assert matches(glob, text) is fnmatch.fnmatchcase(text, glob)


def test_many_stars_take_no_longer() -> None:
    assert not matches("*a" * 40 + "b", "a" * 2000)


def test_a_long_text_takes_no_longer() -> None:
    for _ in range(20):
        assert not matches("*" + "a" * 1000 + "b*", "a" * 250_000)


def test_first_match() -> None:
    assert first_match(("x", "a*", "*"), "ab") == "a*"
    assert first_match((), "ab") is None
