"""HTML -> its visible text, and what stands in attributes, comments, scripts and styles."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from gateway.adapters.extract.budget import Budget
from gateway.adapters.extract.text import text_of

# What parts text for the eye. All else (also tags that nobody knows) is laid out inside the line (CSS 2.2 section 9.2.2).
_BREAKING_TAGS = """
address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset
figcaption figure footer
form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav noscript ol optgroup option p pre
script search section select style summary table tbody td textarea tfoot th thead title tr ul xmp"""
_BREAKING = frozenset(_BREAKING_TAGS.split())
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_SPACES = re.compile(r" {2,}")
_DATA_URL = re.compile(r"\s*data:(?!image/)", re.IGNORECASE)
_TELLING_ATTRIBUTES = """
abbr action alt aria-description aria-label background cite content data formaction href label name placeholder
poster src srcdoc srcset summary title value xlink:href"""
_TELLING = frozenset(_TELLING_ATTRIBUTES.split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.other: list[str] = []
        self.has_data_url = False
        self._silent = 0
        self._kept = 0  # how deep in elements that keep their white space

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        self._silent += tag in ("script", "style")
        self._kept += tag in ("pre", "textarea", "xmp")
        self._attributes(attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        self._attributes(attrs)

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        told = [value for name, value in attrs if value and (name in _TELLING or name.startswith("data-"))]
        self.other += told
        self.has_data_url |= any(_DATA_URL.match(value) for value in told)

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        if tag in ("pre", "textarea", "xmp"):
            self._kept = max(0, self._kept - 1)

    def _break(self, tag: str) -> None:
        # Digits that a tag like <span> cuts in two are one number to the eye; a cell or a line break parts them.
        if tag in _BREAKING:
            self.shown.append("\t" if tag in ("td", "th") else "\n")

    def handle_data(self, data: str) -> None:
        if self._silent:
            self.other.append(data)
        else:  # a line break in the source is a space to the eye
            self.shown.append(data if self._kept else _BLANKS.sub(" ", data))

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
    if reader.has_data_url:  # a file inside an address
        budget.cannot(place, "ambiguous:data-url")
    budget.add(place, _SPACES.sub(" ", "".join(reader.shown)))
    budget.add(place, "\n".join(reader.other))
