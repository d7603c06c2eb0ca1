"""Phone numbers on pages and in text messages: masked, and by country. What is valid stands in `gateway.core.wishes`."""

from __future__ import annotations

import re

from gateway.core.wishes import phone as e164

__all__ = ["country", "e164", "masked"]

_ONE_DIGIT = ("1", "7")
_TWO_DIGITS = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")


def country(number: str) -> str:
    """The country code of an E.164 number, digits only (ITU-T E.164 annex: one, two or three digits)."""
    digits = number.lstrip("+")
    if digits.startswith(_ONE_DIGIT):
        return digits[:1]
    return digits[:2] if _TWO_DIGITS.match(digits) else digits[:3]


def masked(number: str) -> str:
    """`+31 6 •••• ••78` for +31612345678: enough to know one's own number by, not enough to call it."""
    code = country(number)
    rest = number.lstrip("+")[len(code) :]
    hidden = "•" * max(len(rest) - 3, 0) + rest[-2:]
    groups = [hidden[max(at - 4, 0) : at] for at in range(len(hidden), 0, -4)][::-1]
    return " ".join((f"+{code}", rest[:1], *groups))
