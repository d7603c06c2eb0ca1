"""Text as the rules see it, so that the same number in another spelling is found too.

Compatibility forms become plain ones (full-width digits, non-breaking spaces, ligatures; Unicode NFKC), digits of any
script become 0-9, dashes of any kind become '-', and characters without a width of their own disappear (soft hyphen,
zero-width space, direction marks). Spaces and line breaks stay. Rule: harmless text comes out the same; the full
normaliser (look-alike letters, spelled-out digits) has its place here.
"""

from __future__ import annotations

import re
import unicodedata

_DASHES = re.compile("[\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d]")
_FOREIGN_DIGIT = re.compile(r"(?![0-9])\d")


def normalise(text: str) -> str:
    """The text in the spelling that rules are written for."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", "".join(c for c in text if unicodedata.category(c) != "Cf"))
    text = _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), text)
    # A lone surrogate (from a lying charset) can't be encoded; what it stood for is unknown.
    return _DASHES.sub("-", text).encode("utf-8", "replace").decode()
