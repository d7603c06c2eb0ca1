from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.normalise import normalise, read


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("１１１", "111"),
        ("①⑴⒈❶➀⓵", "111111"),
        ("1️⃣2️⃣", "12"),
        ("1\u03362\u20dd3\u0307", "123"),
        ("".join(chr(0xE0000 + ord(sign)) for sign in "BSN 1"), "BSN 1"),
        ("B\u0336S\u0336N\u0336", "BSN"),
        ("\U0001f1e7\U0001f1f8\U0001f1f3 \U0001f171", "BSN B"),
        ("1\u200b2\u00ad3\u034f4\u31645", "12345"),
        ("1\u20282\u00853", "1\n2\n3"),
        ("a–b—c\u2011d", "a-b-c-d"),
        ("\u202e321\u202c!", "321 123!"),
        ("111\x1b[31m222\x1b[0m333", "111222333"),
        ("e\u0301\u0336n", "én"),
        ("\ufb01n", "fin"),
        ("naïve Zoë, €5 „ja”", "naïve Zoë, €5 „ja”"),
        ("привет мир", "привет мир"),
        ("٣", "3"),
        ("\ud800", "\ud800"),
    ],
)
def test_the_spelling_that_rules_are_written_for(text: str, plain: str) -> None:
    assert normalise(text) == plain


@given(st.text(st.characters(max_codepoint=0x7F, blacklist_characters="\x1b")))
def test_ascii_stays_the_same(text: str) -> None:
    assert normalise(text) == text
    assert read(text).stretches == ()


HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("1a\u0336\u200b\u00ad\u202e\u202c\ufb01①\x1b[m\ufe0f\u20e3é\u00a0–\ud800"),
    )
)


@given(HOSTILE)
@example("\u202e\u202e1\u202c")
@example("a\u0336\u200b\u0336")
def test_the_map_back_is_monotone_and_in_range(text: str) -> None:
    normal = read(text)
    characters = normal.data.decode()
    borders = [len(characters[:index].encode()) for index in range(len(characters) + 1)]
    spans = [normal.original(start, end) for start, end in pairwise(borders)]
    for start, end in spans:
        assert 0 <= start <= end <= len(text)
    assert spans == sorted(spans)
    if spans:
        assert normal.original(0, len(normal.data))[1] <= len(text)


@given(HOSTILE, HOSTILE)
def test_a_word_is_found_back_where_it_stood(before: str, after: str) -> None:
    text = f"{before}\n=XYZ=\n{after}"
    normal = read(text)
    at = normal.data.find(b"=XYZ=")
    start, end = normal.original(at, at + 5)
    assert text[start:end] == "=XYZ="


@given(HOSTILE)
def test_a_normal_text_is_its_own(text: str) -> None:
    once = normalise(text)
    assert normalise(once.replace("\u202e", "")) == once.replace("\u202e", "") or "\x1b" in once
