"""What every match of a pattern has for certain: how many digits at least, and how long it can be. `gateway.core.matcher` looks
for numbers only where there are digits enough.

Rule: in doubt a pattern needs no digits, and is then looked for everywhere. The pattern is taken apart by Python's own
parser of regular expressions, whose syntax is that of Hyperscan as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST_CHARACTER = 4  # octets of UTF-8
_ENDLESS = 1 << 20
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Shape:
    """`digits` stand in every match at least; no match has more than `octets` of UTF-8."""

    digits: int
    octets: int


_UNKNOWN = Shape(0, _ENDLESS)


def shape_of(pattern: str) -> Shape:
    """Never raises; what can't be taken apart needs no digits."""
    try:
        parsed = parser.parse(pattern)
        longest = int(parsed.getwidth()[1])
        return Shape(_digits(parsed), min(longest * LONGEST_CHARACTER if _wide(parsed) else longest, _ENDLESS))
    except (re.error, OverflowError, RecursionError, KeyError):
        return _UNKNOWN


def _digits(parsed: Iterable[tuple[Any, Any]]) -> int:
    return sum(_NEEDS[code](told) for code, told in parsed if code in _NEEDS)


def _least(branches: Iterable[Any]) -> int:
    return min(_digits(branch) for branch in branches)


def _is_digit(code: Any, told: Any) -> bool:
    if code is codes.LITERAL:
        return chr(told) in _DIGITS
    if code is codes.RANGE:
        return chr(told[0]) in _DIGITS and chr(told[1]) in _DIGITS
    return bool(code is codes.CATEGORY and told is codes.CATEGORY_DIGIT)


_NEEDS: dict[Any, Callable[[Any], int]] = {
    codes.LITERAL: lambda told: int(_is_digit(codes.LITERAL, told)),
    codes.IN: lambda told: int(all(_is_digit(code, one) for code, one in told)),
    codes.MAX_REPEAT: lambda told: told[0] * _digits(told[2]),
    codes.MIN_REPEAT: lambda told: told[0] * _digits(told[2]),
    codes.SUBPATTERN: lambda told: _digits(told[3]),
    codes.BRANCH: lambda told: _least(told[1]),
}


def _wide(parsed: Iterable[tuple[Any, Any]]) -> bool:
    """Whether a character beyond ASCII may stand in it."""
    for code, told in parsed:
        if code is codes.LITERAL and told > 127:
            return True
        if code in (codes.ANY, codes.NOT_LITERAL, codes.NEGATE):
            return True
        if code is codes.RANGE and told[1] > 127:
            return True
        if code is codes.CATEGORY and "NOT" in str(told):
            return True
        if any(_wide(inner) for inner in _inside(code, told)):
            return True
    return False


def _inside(code: Any, told: Any) -> list[Any]:
    if code is codes.IN:
        return [told]
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        return [told[2]]
    if code is codes.SUBPATTERN:
        return [told[3]]
    return list(told[1]) if code is codes.BRANCH else []
