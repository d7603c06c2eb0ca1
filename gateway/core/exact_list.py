"""Exact-data match: is a number that a pattern found one of ours, and does the rest of its row stand near?

Rule: values are compared squeezed: normal text in small letters, letters and digits only ("De Vries" is "devries",
"12-03-1954" is "12031954").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.core.list_file import MOST_WORDS, SUPPORT_SIZE, ExactList, primary_tag, support_tag, write_exact
from gateway.core.normalise import normalise

_NOT_SQUEEZED = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W_]+")


def squeeze(value: str) -> str:
    return _NOT_SQUEEZED.sub("", normalise(value)).casefold()


def build(rows: Iterable[tuple[str, Sequence[str]]], supports: int, key: bytes) -> bytes:
    """A list's octets out of rows (primary value, supporting values). Rows without a primary value are left out."""
    longest = 1
    squeezed = []
    for primary, values in rows:
        longest = max([longest, *(len(_WORD.findall(normalise(value))) for value in values)])
        if name := squeeze(primary):
            squeezed.append((name, [squeeze(value) for value in values]))
    return write_exact(squeezed, supports, min(longest, MOST_WORDS), key)


def is_listed(own: ExactList, value: str) -> bool:
    return bool(own.rows(primary_tag(own.key, squeeze(value))))


def supporting(own: ExactList, value: str, around: str) -> int:
    """How many supporting values of the row stand in the text around its primary value; of several rows, the best."""
    primary = primary_tag(own.key, squeeze(value))
    rows = own.rows(primary)
    if not rows or not own.supports:
        return 0
    present: set[tuple[int, bytes]] = set()
    for phrase in _phrases(around, own.words):
        present.update((column, support_tag(own.key, primary, column, phrase)) for column in range(own.supports))
    return max(
        sum(
            (column, row[column * SUPPORT_SIZE : (column + 1) * SUPPORT_SIZE]) in present
            for column in range(own.supports)
        )
        for row in rows
    )


def _phrases(text: str, longest: int) -> set[str]:
    """One to `longest` words together, squeezed."""
    words = [word.casefold() for word in _WORD.findall(normalise(text))]
    return {
        "".join(words[start : start + length])
        for start in range(len(words))
        for length in range(1, longest + 1)
        if start + length <= len(words)
    }
