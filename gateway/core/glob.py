"""Globs as admins write them: '*' is any text, '?' any one character, everything else itself; no character classes."""

from __future__ import annotations

import re
from collections.abc import Iterable


def matches(glob: str, text: str) -> bool:
    """Whether the whole text fits, in any case. Each piece between stars is looked for once, from where the last one ended,
    in the library's C: a subject or header can be long, and is compared by the roles that also serve others.
    """
    first, *pieces = glob.casefold().split("*")
    text = text.casefold()
    if not pieces:
        return len(text) == len(first) and _find(first, text, 0, len(text)) == 0
    last = pieces.pop()
    start, end = len(first), len(text) - len(last)
    if start > end or _find(first, text, 0, start) != 0 or _find(last, text, end, len(text)) != end:
        return False
    for piece in pieces:
        found = _find(piece, text, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True


def _find(piece: str, text: str, start: int, end: int) -> int:
    """Where the piece, which has no stars, first fits between these places; -1 when it does not."""
    if "?" not in piece:
        return text.find(piece, start, end)
    # Of fixed length, so there is nothing to try again but the next place.
    found = re.compile(re.escape(piece).replace(r"\?", "."), re.DOTALL).search(text, start, end)
    return found.start() if found else -1


def first_match(globs: Iterable[str], text: str) -> str | None:
    """The first glob that fits."""
    return next((glob for glob in globs if matches(glob, text)), None)
