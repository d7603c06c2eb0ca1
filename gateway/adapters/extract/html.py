"""HTML -> what a reader sees, what stands there unseen, and the files in its addresses (Lexbor, a parser by the HTML standard).

Terms: *shown* is the text in the order of the source, where a block, a cell or a line break parts words and any other tag
joins them; *unseen* elements are those that their style hides; *other* is text that is no content: attributes, comments,
scripts and styles. Rule: a text that hides something is read twice, without what is unseen and with it, since either may
hold what the other cuts in two. So an element may be taken for unseen too often, but never for shown too often.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.data_url import read_data_url
from gateway.adapters.extract.encoded import read_encoded
from gateway.adapters.extract.html_cost import is_too_costly
from gateway.adapters.extract.text import text_of
from gateway.core.charset import CODECS

# What parts text for the eye. All else (also tags that nobody knows) is laid out inside the line (CSS 2.2 section 9.2.2).
_BREAKING_TAGS = """
address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset
figcaption figure footer
form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li main menu nav noscript ol optgroup option p pre
script search section select style summary table tbody td textarea tfoot th thead title tr ul xmp"""
_PARTS = dict.fromkeys(_BREAKING_TAGS.split(), "\n") | {"td": "\t", "th": "\t"}
_KEPT = frozenset({"pre", "textarea", "xmp", "listing", "plaintext"})  # elements that keep their white space
_CODE = frozenset({"script", "style"})
_WITHIN = frozenset(
    {"noscript", "noembed", "noframes", "iframe", "xmp", "template"}
)  # their markup is text to the parser
_SPACES = re.compile(r" {2,}")
_LEAST_SIGNS = 8  # so many cells with one letter or digit each are a number or a word
_DATA_URL = re.compile(r"\s{0,9}data:", re.IGNORECASE)
_DATA_URL_IN_STYLE = re.compile(r"url\(\s{0,9}[\"']?(data:[^\"')]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,4}=\s{0,4}[\"']?\s{0,4}([\w:.-]{1,40})", re.IGNORECASE)
# Attributes of a fixed vocabulary, unless somebody writes a number of many digits there.
_DULL_ATTRIBUTES = """
align alink bgcolor border bordercolor cellpadding cellspacing charset class clear color cols colspan dir face frame
frameborder height hspace lang leftmargin link marginheight marginwidth media method nowrap noshade rel rows rowspan
rules scope shape size sizes span style tabindex target text topmargin type valign vlink vspace width xml:lang xmlns
xmlns:o xmlns:v xmlns:w"""
_DULL = frozenset(_DULL_ATTRIBUTES.split())
_NUMBER = re.compile(r"\d(?:[\s.-]?\d){6}")
_UNSEEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all|opacity\s*:\s*0?\.?0*(?=\s*(?:[;}!]|\Z))|"
    r"(?:font-size|line-height|max-height|max-width|(?<![-\w])height|(?<![-\w])width)\s*:\s*[01]?(?:\.\d+)?(?:px|pt|em|rem|%)?"
    r"(?=\s*(?:[;}!]|\Z))|(?:text-indent|left|top|margin-left)\s*:\s*-\d{3,}|clip(?:-path)?\s*:|"
    r"(?<![-\w])color\s*:\s*(?:#f{3,8}\b|white\b|transparent|rgba?\(255,\s*255,\s*255)|content-visibility\s*:\s*hidden",
    re.IGNORECASE,
)
_UNSEEN_TAGS = frozenset({"template", "datalist"})
_TURNED = re.compile(r"bidi-override", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_MOST_SELECTORS = 50
_CONDITION = re.compile(r"^\s*\[if [^\]]{0,200}\]>|<!\[endif\]\s*$", re.IGNORECASE)
_CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?")
_DECLARATION = re.compile(r"<![a-z][^>]{10,2000}>", re.IGNORECASE)
_END = "\ufdd0"  # no character: put behind a page, to see whether an attribute that never ends swallowed the rest
_DEEPEST = 3  # HTML in comments and attributes of HTML
_NODES_PER_TICK = 10_000


def read_html(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Units of what is shown, of all there is when that differs, and of the rest; files in addresses and in text by `inner`."""
    source = _text_of_page(content)
    page = _Page(budget)
    page.read(source, 0)
    shown, whole = page.shown, page.whole
    other = "\n".join(page.other)
    if "<!ENTITY" in source:  # of SVG and XHTML: what it stands for would have to be put together first
        budget.cannot(place, "ambiguous:entities")
    if page.is_costly:
        budget.cannot(place, "limit:html")
    budget.add(place, shown)
    if whole != shown:
        budget.add(place, whole)
    joined = list(_single_signs(whole)) if whole.count("\t") >= 2 * _LEAST_SIGNS else []
    budget.add(place, "\n".join([*joined, *page.turned]))
    budget.add(place, other)
    read_encoded(place, whole.encode("utf-8", "replace"), budget, inner)
    read_encoded(place, other.encode("utf-8", "replace"), budget, inner)
    for number, url in enumerate(dict.fromkeys(page.data_urls), 1):
        read_data_url(place, number, url, budget, inner)


def _text_of_page(content: bytes) -> str:
    told = _META_CHARSET.search(content[:2048])
    codec = CODECS.get(told[1].decode("ascii").lower(), "") if told else ""
    if (
        codec
        and not codec.startswith(("utf", "cp1252"))
        and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    ):
        return content.decode(codec, "replace")
    return text_of(content)


class _Look(NamedTuple):
    """What a style attribute does."""

    hides: bool
    turns: bool
    tells: bool  # holds words or a file

    @classmethod
    def of(cls, style: str) -> _Look:
        return cls(
            bool(style) and _UNSEEN_STYLE.search(style) is not None,
            _TURNED.search(style) is not None,
            any(sign in style for sign in ("content", "url(", "--", "\\")) or _NUMBER.search(style) is not None,
        )


class _Page:
    """Collects the texts of one page, and of pages within it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._whole: list[str] = []
        self._unseen_ranges: list[tuple[int, int]] = []
        self._looks: dict[str, _Look] = {}
        self.other: list[str] = []
        self.turned: list[str] = []
        self.data_urls: list[str] = []
        self.is_costly = False
        self._depth = 0
        self._unseen: set[int] = set()

    @property
    def whole(self) -> str:
        """All text, seen or not."""
        return _SPACES.sub(" ", "".join(self._whole)).replace(_END, "")

    @property
    def shown(self) -> str:
        """The text without what is unseen."""
        reached, pieces = 0, []
        for start, end in sorted(self._unseen_ranges):
            pieces += self._whole[reached:start]
            reached = max(reached, end)
        return _SPACES.sub(" ", "".join(pieces + self._whole[reached:])).replace(_END, "")

    def read(self, source: str, depth: int) -> None:
        """Reads a page. What is too costly to read as the standard says is read roughly, and `is_costly` set."""
        octets = (source + _END).encode("utf-8", "replace")
        self.other += _DECLARATION.findall(source)
        try:
            if is_too_costly(octets):
                raise SelectolaxError
            parser = LexborHTMLParser(octets)
            before, self._depth = self._depth, depth
            self._unseen = self._unseen_by_sheet(parser, octets)
            self._walk(
                parser.root.parent if parser.root is not None and parser.root.parent is not None else parser.root
            )
            self._depth = before
            if not any(_END in piece for pieces in (self._whole, self.other) for piece in reversed(pieces)):
                self.other.append(source)
        except SelectolaxError:
            self.is_costly = True
            self._whole.append(re.sub(r"<[^<>]{0,2000}>", "", source))
            self.other.append(source)

    def _walk(self, root: LexborNode | None) -> None:
        """Depth first with a stack of our own: pages nest deeper than Python's. The hot path of mail with HTML."""
        if root is None:
            return
        node, stack, whole = root, [], self._whole
        kept = nodes = 0  # open elements that keep white space; all nodes
        while True:
            nodes += 1
            if not nodes % _NODES_PER_TICK:
                self._budget.tick()
            tag = node.tag
            if tag == "-text":
                text = node.text_content or ""
                if not kept:  # a line break in the source is a space to the eye; several spaces become one at the end
                    for blank in "\n\r\t\f":
                        if blank in text:
                            text = text.replace(blank, " ")
                whole.append(text)
            elif tag == "-comment":
                self._comment(node.comment_content or "")
            elif tag in _CODE:
                whole.append("\n")
                self._attributes(node.attributes)
                self._code(node.text())
            else:
                if part := _PARTS.get(tag or ""):
                    whole.append(part)
                start = len(whole) if tag and tag[0] != "-" and self._element(node, tag) else -1
                child = node.first_child
                if child is not None:
                    stack.append((node, tag, start))
                    kept += tag in _KEPT
                    node = child
                    continue
                if part:
                    whole.append(part)
            while (following := node.next) is None:
                if not stack:
                    return
                node, tag, start = stack.pop()
                kept -= tag in _KEPT
                if part := _PARTS.get(tag or ""):
                    whole.append(part)
                if start >= 0:
                    self._unseen_ranges.append((start, len(whole)))
            node = following

    def _element(self, node: LexborNode, tag: str) -> bool:
        """Takes in its attributes; whether it is unseen."""
        attributes = node.attributes
        if tag in _WITHIN:
            # What a template holds is not part of the tree.
            self._inside(f"<div{(node.html or '').removeprefix('<template')}" if tag == "template" else node.text())
        if not attributes and not self._unseen:
            return tag in _UNSEEN_TAGS
        style = attributes.get("style") or ""
        look = self._looks.get(style)
        if look is None:
            look = self._looks[style] = _Look.of(style)
        self._attributes(attributes)
        if look.tells:
            self._code(style)
        if look.turns or (tag == "bdo" and (attributes.get("dir") or "").lower() == "rtl"):
            self.turned.append(node.text()[::-1])
        return look.hides or "hidden" in attributes or tag in _UNSEEN_TAGS or node.mem_id in self._unseen

    def _attributes(self, attributes: dict[str, str | None]) -> None:
        names: list[str] = []
        for name, value in attributes.items():
            if not value:
                if value is None:  # "<bsn 111222333>" is a tag with an attribute, to the standard
                    names.append(name)
                continue
            if name in _DULL:
                if name != "style" and len(value) > 6 and _NUMBER.search(value):
                    self.other.append(value)
            elif value[:1] in "dD \t\r\n" and _DATA_URL.match(value):
                self.data_urls.append(value)
            elif name == "srcdoc":
                self._inside(value)
            else:
                self.other.append(value)
        if names:
            self.other.append(" ".join(names))

    def _comment(self, text: str) -> None:
        self.other.append(text)
        if "<" in text:  # Outlook shows what stands in a conditional comment
            self._inside(_CONDITION.sub("", text))

    def _inside(self, source: str) -> None:
        """A page within the page, of which some clients show the text: a unit of its own kind, parted from the rest."""
        if self._depth >= _DEEPEST:
            self.other.append(source)
            return
        page = _Page(self._budget)
        page.read(source, self._depth + 1)
        self.other += [*dict.fromkeys((page.shown, page.whole)), *page.other]
        self.turned += page.turned
        self.data_urls += page.data_urls
        self.is_costly = self.is_costly or page.is_costly

    def _code(self, text: str) -> None:
        """A script or a style."""
        self.other.append(text)
        if "\\" in text:
            self.other.append(_CSS_ESCAPE.sub(lambda found: _character(found[1]), text))
        if "data:" in text:
            self.data_urls += _DATA_URL_IN_STYLE.findall(text)

    def _unseen_by_sheet(self, parser: LexborHTMLParser, source: bytes) -> set[int]:
        """The elements that a style sheet of the page hides, whatever the media it is for."""
        if b"<style" not in source and b"<STYLE" not in source:
            return set()
        found: set[int] = set()
        selectors = 0
        for sheet in parser.css("style"):
            for selector, declarations in _RULE.findall(sheet.text()):
                if not _UNSEEN_STYLE.search(declarations):
                    continue
                selectors += 1
                if selectors > _MOST_SELECTORS:
                    return found
                found |= self._selected(parser, selector)
        return found

    def _selected(self, parser: LexborHTMLParser, selector: str) -> set[int]:
        try:
            return {node.mem_id for node in parser.css(selector.rpartition(";")[2].strip())}
        except (SelectolaxError, ValueError):  # a selector that only browsers know
            return set()


def _single_signs(text: str) -> Iterator[str]:
    """Letters or digits that stand alone, one after another, joined."""
    for alone, words in itertools.groupby(text.split(), key=lambda word: len(word) == 1):
        if alone and len(joined := "".join(words)) >= _LEAST_SIGNS:
            yield joined


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
