"""Rich Text Format (1.9.1): the text, what stands in destinations that no one sees, embedded objects and pictures.

Terms: a *destination* is a group that begins with a name of its own, such as a header, a comment or a picture. Rule: what is
shown and what is not are two units; destinations of numbers only (fonts, colours, styles) are left out. Each octet is
looked at once.
"""

from __future__ import annotations

import binascii
import codecs
import re
from dataclasses import dataclass, replace
from enum import Enum

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.ole_object import embedded_file

_TOKEN = re.compile(
    r"\\(?:([a-zA-Z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|([^a-zA-Z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)|(\\)", re.DOTALL
)


class _Goes(Enum):
    """Where the text of a group goes."""

    SHOWN = "shown"
    UNSEEN = "unseen"
    NOWHERE = "nowhere"
    OBJECT = "object"
    PICTURE = "picture"
    FONTS = "fonts"


_UNSEEN_NAMES = """
annotation atnauthor atnid atndate atnref author bkmkend bkmkstart buptim category comment company creatim doccomm
docvar footer footerf footerl footerr footnote fldinst formfield header headerf headerl headerr hlinkbase info
keywords manager operator printim propname private revtbl staticval subject title userprops wgrffmtfilter xe tc sn sv
sp shpinst shptxt upr ud htmltag mhtmltag pntxta pntxtb nonshppict shppict result"""
_WORDLESS_NAMES = """
colortbl stylesheet listtable listoverridetable rsidtbl themedata colorschememapping datastore latentstyles filetbl
generator panose falt fontemb fontfile xmlnstbl mmathPr defchp defpap pgdsctbl objclass objname blipuid picprop
passwordhash"""
_DESTINATIONS = {
    **dict.fromkeys(_UNSEEN_NAMES.split(), _Goes.UNSEEN),
    **dict.fromkeys(_WORDLESS_NAMES.split(), _Goes.NOWHERE),
    "fonttbl": _Goes.FONTS,
    "objdata": _Goes.OBJECT,
    "pict": _Goes.PICTURE,
    "footnote": _Goes.SHOWN,
    "shptxt": _Goes.SHOWN,
    "result": _Goes.SHOWN,
}
_CHARACTERS = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "nestrow": "\n", "cell": "\t", "nestcell": "\t",
    "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
}  # fmt: skip
_SYMBOLS = {"~": "\u00a0", "_": "-", "-": "", "{": "{", "}": "}", "\\": "\\", "\n": "\n", "\r": "\n"}
# Windows' numbers of character sets, for fonts.
_CHARSETS = {
    77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5hkscs", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_DOUBLE = frozenset({"cp932", "cp949", "gb18030", "big5hkscs"})  # sets in which a character takes two octets
_TOKENS_PER_TICK = 20_000
_DEEPEST = 10_000
_MOST_OBJECTS = 500


@dataclass(frozen=True, slots=True)
class _Group:
    goes: _Goes = _Goes.SHOWN
    skip: int = 1  # characters to leave out after a Unicode one
    font: int = -1
    starred: bool = False
    hidden: bool = False


def read_rtf(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Two units, and each embedded object and picture by `inner`."""
    reader = _Reader(budget)
    reader.read(content.decode("latin-1"))
    budget.add(place, "".join(reader.texts[_Goes.SHOWN]))
    budget.add(place, "".join(reader.texts[_Goes.UNSEEN]))
    for number, (goes, written) in enumerate(reader.files[:_MOST_OBJECTS], 1):
        octets = _unhexlified(written)
        budget.unpacked(len(octets))
        if not octets:
            continue
        name, octets = embedded_file(octets) if goes is _Goes.OBJECT else ("picture", octets)
        budget.file()
        inner(f"{place}/{number}-{name}", name, octets)
    if len(reader.files) > _MOST_OBJECTS:
        budget.cannot(place, "limit:files")


def _unhexlified(written: str) -> bytes:
    digits = re.sub(r"[^0-9a-fA-F]", "", written)
    return binascii.unhexlify(digits[: len(digits) & ~1])


class _Reader:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.texts: dict[_Goes, list[str]] = {_Goes.SHOWN: [], _Goes.UNSEEN: []}
        self.files: list[tuple[_Goes, str]] = []
        self._group = _Group()
        self._stack: list[_Group] = []
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font_told = -1
        self._octets = bytearray()  # of characters in an 8-bit set that are not decoded yet
        self._skip = 0
        self._hex: list[str] = []

    def read(self, source: str) -> None:
        position = tokens = 0
        while (token := _TOKEN.match(source, position)) is not None:
            tokens += 1
            if tokens % _TOKENS_PER_TICK == 0:
                self._budget.tick()
            position = token.end()
            word, number, octet, symbol, brace, text, _ = token.groups()
            if text is not None:
                self._text(text)
            elif octet is not None:
                self._octet(int(octet, 16))
            elif word is not None:
                if word == "bin" and number is not None:
                    position += max(0, int(number))
                    continue
                self._word(word, None if number is None else int(number))
            elif symbol is not None:
                self._symbol(symbol)
            elif brace is not None:
                self._brace(brace)
        self._flush()
        self._end_file(self._group.goes)

    def _brace(self, brace: str) -> None:
        self._flush()
        self._skip = 0
        if brace == "{":
            if len(self._stack) < _DEEPEST:
                self._stack.append(self._group)
                self._group = replace(self._group, starred=False)
        elif self._stack:
            before, self._group = self._group, self._stack.pop()
            if before.goes is not self._group.goes:
                self._end_file(before.goes)
                if before.goes in self.texts:
                    self.texts[before.goes].append("\n")

    def _end_file(self, goes: _Goes) -> None:
        if self._hex and goes in (_Goes.OBJECT, _Goes.PICTURE):
            self.files.append((goes, "".join(self._hex)))
            self._hex.clear()

    def _word(self, word: str, number: int | None) -> None:
        self._flush()
        self._skip = 0
        if word == "u" and number is not None:
            code = number + 0x10000 if number < 0 else number
            self._put(chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else self._surrogate(code))
            self._skip = self._group.skip
        elif word == "uc" and number is not None:
            self._group = replace(self._group, skip=max(0, min(number, 10)))
        elif word == "f" and number is not None:
            self._font_told = number
            self._group = replace(self._group, font=number)
        elif word == "fcharset" and number is not None:
            self._fonts[self._font_told] = _CHARSETS.get(number, "")
        elif word == "ansicpg" and number is not None:
            self._codec = _known_codec(number)
        elif word == "v" or (word == "plain" and self._group.hidden):
            self._group = replace(self._group, hidden=word == "v" and number != 0)
        elif word in _DESTINATIONS:
            self._enter(_DESTINATIONS[word])
        elif self._group.starred:
            self._enter(_Goes.UNSEEN)
        elif word in _CHARACTERS:
            self._put(_CHARACTERS[word])

    def _enter(self, goes: _Goes) -> None:
        if goes in self.texts:
            self.texts[goes].append("\n")  # a title and an author are two things
        self._group = replace(self._group, goes=goes, starred=False)

    def _symbol(self, symbol: str) -> None:
        self._flush()
        if symbol == "*":
            self._group = replace(self._group, starred=True)
        elif symbol in _SYMBOLS:
            self._put(_SYMBOLS[symbol])

    def _surrogate(self, code: int) -> str:
        """Half of a character beyond the first plane: the two halves become one when they meet."""
        texts = self.texts.get(self._group.goes)
        if texts and 0xDC00 <= code < 0xE000 and texts[-1] and 0xD800 <= ord(texts[-1][-1]) < 0xDC00:
            high = ord(texts[-1][-1])
            texts[-1] = texts[-1][:-1]
            return chr(0x10000 + (high - 0xD800 << 10) + code - 0xDC00)
        return chr(code) if code < 0x110000 else ""

    def _text(self, text: str) -> None:
        if self._skip:
            skipped = min(self._skip, len(text))
            self._skip -= skipped
            text = text[skipped:]
        if self._group.goes in (_Goes.OBJECT, _Goes.PICTURE):
            self._hex.append(text)
        elif text.isascii() and not (self._octets and self._charset() in _DOUBLE):
            self._flush()
            self._put(text)
        else:  # the second octet of a character may be an ASCII one
            self._octets += text.encode("latin-1")

    def _octet(self, octet: int) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._octets.append(octet)

    def _charset(self) -> str:
        return self._fonts.get(self._group.font) or self._codec

    def _flush(self) -> None:
        if self._octets:
            self._put(bytes(self._octets).decode(self._charset(), "replace"))
            self._octets.clear()

    def _put(self, text: str) -> None:
        goes = self._group.goes
        texts = self.texts.get(_Goes.UNSEEN if self._group.hidden and goes is _Goes.SHOWN else goes)
        if texts is not None:
            texts.append(text)


def _known_codec(number: int) -> str:
    codec = {65001: "utf-8", 932: "cp932", 936: "gb18030", 949: "cp949", 950: "big5hkscs", 10000: "mac-roman"}.get(
        number
    )
    try:
        return codecs.lookup(codec or f"cp{number}").name
    except LookupError:
        return "cp1252"
