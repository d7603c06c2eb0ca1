"""Text as the rules see it, so that the same number in another spelling is found too; with a map back.

Terms: the *normal text* has compatibility forms as plain ones (full-width digits, no-break spaces, ligatures; Unicode
NFKC), digits of any script and in any circle as 0-9, dashes as '-', and no characters without a width of their own (soft
hyphen, zero-width space, direction marks, marks struck through digits, terminal colours); text under a right-to-left
override stands there as written and as read. A *stretch* is a place where normal and original text differ.
Rules: ASCII comes out the same; spaces and line breaks stay; only what needs work is touched, since most text needs none.
Look-alike letters and split numbers are not settled here but read a second time (`gateway.core.readings`).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass, field

# Characters that stay as they are: ASCII without ESC, and what European letters are written with. All others are looked at.
_ORDINARY = (
    "\x00-\x1a\x1c-\x7f\u00a1-\u00a7\u00a9\u00ab\u00ac\u00ae\u00b0\u00b1\u00b6\u00b7\u00bb\u00bf-\u0131\u0134-\u013e"
    "\u0141-\u0148\u014a-\u017e\u0386\u0388-\u03ce\u0400-\u0481\u048a-\u052f\u2018-\u201a\u201c-\u201e\u2020-\u2022"
    "\u2039\u203a\u20ac"
)
_ASCII = bytes(range(128))
_ORDINARY_ONES = frozenset(sign for sign in map(chr, range(128, 0x20B0)) if re.fullmatch(f"[{_ORDINARY}]", sign))
_PECULIAR = re.compile(f"[^{_ORDINARY}]+")
_OVERRIDE = re.compile("\u202e([^\u202c\r\n]{1,400})\u202c?")
_ANSI = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]?")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d"
# Frequent ones of the same length, done at the speed of a memory search.
_FREQUENT = (("\u00a0", " "), ("\u2013", "-"), ("\u2014", "-"), ("\u2011", "-"), ("\u202f", " "), ("\u2212", "-"))
# Marks that are drawn over, under or around another character; those that make a letter are composed with it by NFKC.
_MARKS = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_NOT_ASCII_DIGIT = re.compile(r"(?![0-9])\d")
_INVISIBLE = frozenset([0x1B, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0]).union(
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)
)
_BLANKS = {0x85: "\n", 0x2028: "\n", 0x2029: "\n", 0x2800: " "}
_TAGS = range(0xE0020, 0xE007F)  # invisible copies of ASCII
_LETTER_SIGNS = (range(0x1F1E6, 0x1F200), range(0x1F150, 0x1F16A), range(0x1F170, 0x1F18A))  # flags, negative circles

Stretch = tuple[int, int, int, int]  # start and end in the normal text, start and end in the original


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal text as UTF-8. All offsets into `data` are in octets, those into the original in characters."""

    data: bytes = field(repr=False)
    stretches: tuple[Stretch, ...] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a span of `data` stands in the original text: monotone, never empty for a span that is not."""
        return self._back(self._character(start), 2), self._back(self._character(end), 3)

    def _character(self, offset: int) -> int:
        head = self.data[:offset]
        return offset if head.isascii() else len(head.decode("utf-8", "ignore"))

    def _back(self, at: int, side: int) -> int:
        """A border inside a stretch is the stretch's own border, on that side."""
        index = bisect_right(self.stretches, at if side == 2 else at - 1, key=lambda stretch: stretch[0]) - 1
        if index < 0:
            return at
        stretch = self.stretches[index]
        if at < stretch[1] or (side == 3 and at == stretch[1]):
            return stretch[side]
        return stretch[3] + at - stretch[1]


def normalise(text: str) -> str:
    """The text in the spelling that rules are written for."""
    return _pieces(text)[0]


def read(text: str) -> Normal:
    """As `normalise`, with the map back to the original."""
    normal, stretches = _pieces(text)
    # A lone surrogate (from a lying charset) can't be encoded; what it stood for is unknown.
    return Normal(normal.encode("utf-8", "replace"), tuple(stretches))


def _pieces(text: str) -> tuple[str, list[Stretch]]:
    if _is_ordinary(text):
        return text, []
    for character, plain in _FREQUENT:
        text = text.replace(character, plain)
    found = None if _is_ordinary(text) else _PECULIAR.search(text)
    if found is None:
        return text, []
    pieces: list[str] = []
    stretches: list[Stretch] = []
    done = length = 0
    while found is not None:
        start, end, plain = _stretch(text, found, done)
        if plain != text[start:end]:
            pieces += (text[done:start], plain)
            length += start - done
            stretches.append((length, length + len(plain), start, end))
            length += len(plain)
            done = end
        found = _PECULIAR.search(text, end)
    pieces.append(text[done:])
    return "".join(pieces), stretches


def _is_ordinary(text: str) -> bool:
    """Whether nothing needs work, told by the few octets that are not ASCII: much sooner than by looking at all."""
    if "\x1b" in text:
        return False
    return text.isascii() or _ORDINARY_ONES.issuperset(text.encode("utf-8", "replace").translate(None, _ASCII).decode())


def _stretch(text: str, found: re.Match[str], done: int) -> tuple[int, int, str]:
    """What has to be read together, and how it reads."""
    start, end = found.span()
    if text[start] == "\x1b" and (colour := _ANSI.match(text, start)):
        return start, colour.end(), ""
    override = text.find("\u202e", start, end)
    if override >= 0 and (turned := _OVERRIDE.match(text, override)):
        if override > start:
            end = override
        else:
            inside = normalise(turned[1])
            return start, turned.end(), f"{inside} {inside[::-1]}"
    if start > done and not text[start - 1].isspace():
        start -= 1  # a mark belongs to the character before it
    return start, end, _plain(text[start:end])


def _plain(text: str) -> str:
    if text.isalpha() and unicodedata.is_normalized("NFKC", text) and not _INVISIBLE.intersection(map(ord, text)):
        return text  # another script: nothing to do
    text = unicodedata.normalize("NFKC", "".join(map(_character, text)))
    text = _MARKS.sub("", text)
    text = _NOT_ASCII_DIGIT.sub(lambda match: str(unicodedata.digit(match[0])), text)
    return "".join("-" if character in _DASHES else character for character in text)


def _character(character: str) -> str:
    code = ord(character)
    if code < 0x80:
        return "" if code == 0x1B else character
    if code in _TAGS:
        return chr(code - 0xE0000)
    if code in _BLANKS:
        return _BLANKS[code]
    if code in _INVISIBLE or unicodedata.category(character) == "Cf":
        return ""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    for signs in _LETTER_SIGNS:
        if code in signs:
            return chr(ord("A") + code - signs.start)
    return character
