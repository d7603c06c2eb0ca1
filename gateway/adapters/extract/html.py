"""HTML -> its visible text, and what stands in attributes, comments, scripts and styles."""

from __future__ import annotations

from html.parser import HTMLParser

from gateway.adapters.extract.budget import Budget
from gateway.adapters.extract.text import text_of

_PHRASING = """a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong
sub sup tt u var wbr o:p"""
_INLINE = frozenset(_PHRASING.split())
_TELLING = frozenset(
    {"alt", "title", "href", "src", "content", "value", "placeholder", "label", "aria-label", "summary"}
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.other: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        if tag in ("script", "style"):
            self._silent += 1
        self.other += [value for name, value in attrs if value and (name in _TELLING or name.startswith("data-"))]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        self.other += [value for name, value in attrs if value and (name in _TELLING or name.startswith("data-"))]

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)

    def _break(self, tag: str) -> None:
        # Digits that a tag like <span> cuts in two are one number to the eye; a cell or a line break parts them.
        if tag not in _INLINE:
            self.shown.append("\t" if tag in ("td", "th") else "\n")

    def handle_data(self, data: str) -> None:
        (self.other if self._silent else self.shown).append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)  # conditional comments are text in some clients

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)


def read_html(place: str, content: bytes, budget: Budget) -> None:
    """Two units: what is shown, and the rest. Broken HTML is read as far as it goes, and then as plain text."""
    source = text_of(content)
    reader = _Reader()
    try:
        for start in range(0, len(source), 1 << 16):
            reader.feed(source[start : start + (1 << 16)])
            budget.tick()
        reader.close()
    except (AssertionError, ValueError, RecursionError):
        budget.add(place, source)
    budget.add(place, "".join(reader.shown))
    budget.add(place, "\n".join(reader.other))
