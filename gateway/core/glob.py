"""Globs as admins write them: '*' is any text, '?' any one character, everything else itself; no character classes."""

from __future__ import annotations

from collections.abc import Iterable


def matches(glob: str, text: str) -> bool:
    """Whether the whole text fits, in any case. Takes at most len(glob) * len(text) steps."""
    glob, text = glob.casefold(), text.casefold()
    at = star = back = 0
    seen_star = False
    position = 0
    while position < len(text):
        if at < len(glob) and glob[at] == "*":
            seen_star, star, back = True, at, position
            at += 1
        elif at < len(glob) and glob[at] in ("?", text[position]):
            at += 1
            position += 1
        elif seen_star:  # let the last star take one character more
            back += 1
            at, position = star + 1, back
        else:
            return False
    return not glob[at:].strip("*")


def first_match(globs: Iterable[str], text: str) -> str | None:
    """The first glob that fits."""
    return next((glob for glob in globs if matches(glob, text)), None)
