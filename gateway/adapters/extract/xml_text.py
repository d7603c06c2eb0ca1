"""The text in an XML file, streamed; entities and external things are refused (defusedxml)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import IO
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.sax import make_parser  # type: ignore[import-untyped]

from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.data_url import written_in
from gateway.adapters.extract.encoded import read_encoded
from gateway.adapters.extract.text import read_text

# Local names after which a new line or cell begins. Everything else runs on: words are cut into many elements.
_LINE_NAMES = "p h row tr br cr si comment table-row line-break sheet Row Data item entry li text bookmark annotation"
_GAP_NAMES = "tab c tc table-cell v f s title subject creator keywords description Cell td th author"
_TELLING_NAMES = """
descr title alt name target tooltip value string-value formula href author initials val string display
    uri url label text prompt command v"""
_LINES = frozenset(_LINE_NAMES.split())
_GAPS = frozenset(_GAP_NAMES.split())
_TELLING = frozenset(_TELLING_NAMES.split())
_FALSE = ("0", "false", "off")
_PIECE = 1 << 16
_BROKEN = (SAXException, ValueError)


class TextHandler(ContentHandler):
    """Collects the text and what telling attributes hold. `shared` are Excel's shared strings, by their numbers; `unseen`
    are the indexes of pieces of `text` that Word does not show: deleted or hidden ones.
    """

    def __init__(self, shared: Sequence[str] = ()) -> None:
        super().__init__()
        self.text: list[str] = []
        self.told: list[str] = []
        self.binary: list[list[str]] = []
        self.unseen: set[int] = set()
        self.characters_read = 0
        self._is_hidden = False
        self._shared = shared
        self._is_shared = False  # in a cell that holds the number of a shared string
        self._number: list[str] | None = None
        self._is_binary = False

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        local = name.rpartition(":")[2]
        if local == "c" and self._shared:
            self._is_shared = attrs.get("t") == "s"
        elif local == "v" and self._is_shared:
            self._number = []
        elif local == "delText" or (
            local == "vanish" and attrs.get(name.removesuffix("vanish") + "val", "1") not in _FALSE
        ):
            self._is_hidden = True
        elif local in ("binaryData", "binData", "binary-data"):
            self._is_binary = True
            self.binary.append([])
        for key in attrs.getNames():
            value = attrs.getValue(key)
            if len(value) > 2 and key.rpartition(":")[2].lower() in _TELLING:
                self.told.append(value)
                self.characters_read += len(value)

    def endElement(self, name: str) -> None:  # noqa: N802
        local = name.rpartition(":")[2]
        if self._number is not None and local == "v":
            self._end_number()
        if local == "r":
            self._is_hidden = False
        if self._is_binary:
            self._is_binary = False
        elif local in _LINES:
            self.text.append("\n")
        elif local in _GAPS:
            self.text.append("\t")

    def _end_number(self) -> None:
        told, self._number = "".join(self._number or ()).strip(), None
        text = self._shared[int(told)] if told.isdecimal() and int(told) < len(self._shared) else told
        self.text.append(text)
        self.characters_read += len(text)

    def characters(self, content: str) -> None:
        self.characters_read += len(content)
        if self._number is not None:
            self._number.append(content)
        elif self._is_binary:
            self.binary[-1].append(content)
        else:
            if self._is_hidden:
                self.unseen.add(len(self.text))
            self.text.append(content)

    def readings(self) -> list[str]:
        """The whole text; before it, where they differ, what is shown of it; and what attributes hold."""
        whole = "".join(self.text)
        shown = [piece for index, piece in enumerate(self.text) if index not in self.unseen] if self.unseen else []
        return ["".join(shown), whole, "\n".join(dict.fromkeys(self.told))]


class _SharedStrings(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self._pieces: list[str] = []

    def endElement(self, name: str) -> None:  # noqa: N802
        if name.rpartition(":")[2] == "si":
            self.strings.append("".join(self._pieces))
            self._pieces.clear()

    def characters(self, content: str) -> None:
        self._pieces.append(content)


def parse_xml(stream: IO[bytes], handler: ContentHandler, budget: Budget) -> None:
    """Raises xml.sax.SAXException or defusedxml's errors (ValueError) for what is no XML or a trick."""
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(handler)
    while piece := stream.read(_PIECE):
        budget.unpacked(len(piece))
        parser.feed(piece)
        if getattr(handler, "characters_read", 0) > budget.limits.text_characters:
            raise LimitReached("limit:text")
    parser.close()


def shared_strings(stream: IO[bytes], budget: Budget) -> list[str]:
    """Excel's shared strings. Raises as `parse_xml`."""
    handler = _SharedStrings()
    parse_xml(stream, handler, budget)
    return handler.strings


def read_xml_file(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """A file of any vocabulary: its text without tags, and as it stands there. Files in it (Flat OPC and ODF) by `inner`."""
    handler = TextHandler()
    try:
        parse_xml(io.BytesIO(content), handler, budget)
    except _BROKEN:
        if b"<!ENTITY" in content:  # what it stands for would have to be put together first
            budget.cannot(place, "ambiguous:entities")
    for text in handler.readings():
        budget.add(place, text)
    read_text(place, content, budget, inner)
    for number, written in enumerate(handler.binary, 1):
        where = written_in(place, f"binary-{number}")
        read_encoded(where, "".join(written).encode("ascii", "replace"), budget, inner)
