"""Writes docs/policy-reference.md from docs/policy-reference.in.md: each line `{{name}}` becomes a table of keys.

The tables are those that the readers of rules and policies read by, so the page tells neither more nor less than there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

_MARK = re.compile(r"^\{\{([a-z-]+)\}\}$", re.MULTILINE)
NOTICE = (
    "<!-- Made by `make docs` from policy-reference.in.md and the tables of keys in gateway/core: edit those. -->\n\n"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A key as the page tells it."""

    name: str
    shape: str
    doc: str
    default: str = ""


class Tellable(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def default(self) -> str: ...


def fill(template: str, parts: Mapping[str, str]) -> str:
    """The page. Raises KeyError for a mark that no part belongs to."""
    return NOTICE + _MARK.sub(lambda mark: parts[mark[1]], template)


def table(keys: Iterable[Tellable], *heads: str) -> str:
    """A Markdown table; with three heads the default is left out."""
    rows = [heads, ("---",) * len(heads)]
    for key in keys:
        cells = (f"`{key.name}`", key.shape, key.default, key.doc)
        rows.append(cells if len(heads) == 4 else (cells[0], cells[1], cells[3]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
