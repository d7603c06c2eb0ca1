"""The text in an XML file of an office document, streamed; entities and external things are refused (defusedxml)."""

from __future__ import annotations

from typing import IO
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.sax import make_parser  # type: ignore[import-untyped]

from gateway.adapters.extract.budget import Budget, LimitReached

# Local names after which a new line or cell begins. Everything else runs on: words are cut into many elements.
_LINES = frozenset({"p", "h", "row", "tr", "br", "cr", "si", "comment", "table-row", "line-break", "sheet"})
_GAPS = frozenset(
    {"tab", "c", "tc", "table-cell", "v", "f", "s", "title", "subject", "creator", "keywords", "description"}
)
_TELLING = frozenset({"descr", "title", "alt", "name", "target", "tooltip", "value", "string-value", "formula", "href"})
_PIECE = 1 << 16


class _Reader(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.told: list[str] = []
        self.characters_read = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        for key in attrs.getNames():
            value = attrs.getValue(key)
            if key.rpartition(":")[2].lower() in _TELLING and len(value) > 3:
                self.told.append(value)

    def endElement(self, name: str) -> None:  # noqa: N802
        local = name.rpartition(":")[2]
        if local in _LINES:
            self.text.append("\n")
        elif local in _GAPS:
            self.text.append("\t")

    def characters(self, content: str) -> None:
        self.text.append(content)
        self.characters_read += len(content)


def read_xml(place: str, stream: IO[bytes], budget: Budget) -> None:
    """Raises xml.sax.SAXException or defusedxml's errors (ValueError) for what is no XML or a trick."""
    reader = _Reader()
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(reader)
    while piece := stream.read(_PIECE):
        budget.unpacked(len(piece))
        parser.feed(piece)
        if reader.characters_read > budget.limits.text_characters:
            raise LimitReached("limit:text")
    parser.close()
    budget.add(place, "".join(reader.text))
    budget.add(place, "\n".join(reader.told))
