"""docx, xlsx, xlsb, pptx, odt, ods and odp: every part that holds text, shown or hidden.

That is: bodies, headers, notes, comments, deleted text, hidden sheets, shared strings, properties, alternative texts and
link targets. All parts are one text, so that a word in a heading counts for the cell below. Embedded files are read as
attachments of the document.
"""

from __future__ import annotations

import re
import zipfile
from typing import IO
from xml.sax import SAXException

from gateway.adapters.extract.archive import BROKEN, members, read_whole
from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.xlsb import is_binary_part, text_of_part
from gateway.adapters.extract.xml_text import TextHandler, parse_xml, shared_strings

_XML = re.compile(r"\.(?:xml|rels|vml|rdf)\Z", re.IGNORECASE)
# Parts of a fixed vocabulary without a place for a writer's words: they would only cost time.
_WORDLESS = re.compile(
    r"(?:\[Content_Types\]\.xml|(?:word|xl|ppt)/(?:.*/)?(?:theme\d*|styles|stylesWithEffects|fontTable|webSettings|"
    r"calcChain|tableStyles|presProps|viewProps)\.xml|settings\.xml|Configurations2/.*|manifest\.rdf)\Z"
)
_SILENT = re.compile(r"(?:.*printerSettings\d*\.bin|mimetype|layout-cache|Configurations2/.*|.*\.(?:fntdata|odttf))\Z")
_SHARED = "xl/sharedStrings.xml"


def read_office(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    document = _Document(place, budget, inner)
    try:
        for member, stream in members(place, content, budget, _SHARED):
            if not document.part(member, stream):
                return
    except LimitReached as limit:
        if limit.reason != "limit:ratio":
            raise
        budget.cannot(place, limit.reason)
    except BROKEN:
        budget.cannot(place, "broken")
    finally:
        document.end()


class _Document:
    def __init__(self, place: str, budget: Budget, inner: Inner) -> None:
        self._place, self._budget, self._inner = place, budget, inner
        self._texts: list[str] = []
        self._shared: list[str] = []

    def part(self, member: zipfile.ZipInfo, stream: IO[bytes]) -> bool:
        """Reads one part; False when there is nothing more to read, since the document is encrypted."""
        name = member.filename
        if _WORDLESS.match(name) or _SILENT.match(name):
            return True
        if is_binary_part(name):
            self._texts.append(text_of_part(read_whole(member, stream, self._budget)))
        elif not _XML.search(name):
            self._inner(f"{self._place}/{name}", name, read_whole(member, stream, self._budget))
        elif name == "META-INF/manifest.xml":
            if b"encryption-data" in read_whole(member, stream, self._budget):
                self._budget.cannot(self._place, "encrypted")
                return False
        else:
            try:
                self._xml(name, stream)
            except (SAXException, ValueError):
                self._budget.cannot(self._place, "broken")
        return True

    def _xml(self, name: str, stream: IO[bytes]) -> None:
        if name == _SHARED:
            self._shared = shared_strings(stream, self._budget)
            self._texts.append("\n".join(self._shared))
            return
        handler = TextHandler(self._shared if name.startswith("xl/worksheets/") else ())
        try:
            parse_xml(stream, handler, self._budget)
        finally:
            self._texts += handler.readings()

    def end(self) -> None:
        texts, self._texts = self._texts, []
        self._budget.add(self._place, "\n".join(text for text in texts if text and not text.isspace()))
