"""Texts in the GSM alphabet and in UCS-2, whole and in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.sms.gsm import ALPHABET, parts


def test_the_alphabet_is_that_of_ts_23_038() -> None:
    assert len(ALPHABET) == 127 + 10
    assert [ALPHABET[character] for character in "@$\n A_aà"] == [
        b"\x00",
        b"\x02",
        b"\n",
        b" ",
        b"A",
        b"\x11",
        b"a",
        b"\x7f",
    ]
    assert ALPHABET["€"] == b"\x1be"
    assert ALPHABET["§"] == b"\x5f"
    assert "`" not in ALPHABET
    assert "\x1b" not in ALPHABET


@pytest.mark.parametrize(
    ("text", "ucs2", "lengths"),
    [
        ("", False, [0]),
        ("a" * 160, False, [160]),
        ("a" * 161, False, [6 + 153, 6 + 8]),
        ("€" * 80, False, [160]),
        ("a" * 152 + "€" * 5, False, [6 + 152, 6 + 10]),  # an escape is never cut from its character
        ("ж" * 70, True, [140]),
        ("ж" * 71, True, [6 + 134, 6 + 8]),
        ("ж" * 66 + "😀" * 3, True, [6 + 132, 6 + 12]),  # nor a surrogate from its pair
        ("`", True, [2]),
        ("a" * (153 * 255), False, [159] * 255),
    ],
)
def test_lengths(text: str, ucs2: bool, lengths: list[int]) -> None:
    found = parts(text, 7)
    assert (found.ucs2, [len(content) for content in found.contents]) == (ucs2, lengths)


def test_headers_count_the_parts() -> None:
    contents = parts("a" * 400, 200).contents
    assert [content[:6] for content in contents] == [bytes([5, 0, 3, 200, 3, at]) for at in (1, 2, 3)]


def test_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        parts("a" * (153 * 255 + 1), 0)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_ucs2_parts_decode_one_by_one(text: str) -> None:
    found = parts("ж" + text, 0)
    bodies = [content[6:] if len(found.contents) > 1 else content for content in found.contents]
    assert "".join(body.decode("utf-16-be") for body in bodies) == "ж" + text
