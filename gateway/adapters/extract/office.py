"""docx, xlsx, pptx, odt, ods and odp: every part that holds text, shown or hidden.

That is: bodies, headers, notes, comments, deleted text, hidden sheets, shared strings, properties, alternative texts and
link targets. Embedded files are read as attachments of the document.
"""

from __future__ import annotations

import re
from xml.sax import SAXException

from gateway.adapters.extract.archive import BROKEN, Inner, members, read_whole
from gateway.adapters.extract.budget import Budget, LimitReached
from gateway.adapters.extract.xml_text import read_xml

_XML = re.compile(r"\.(?:xml|rels|vml|rdf)\Z", re.IGNORECASE)
# Parts of a fixed vocabulary without a place for a writer's words: they would only cost time.
_WORDLESS = re.compile(
    r"(?:\[Content_Types\]\.xml|(?:word|xl|ppt)/(?:.*/)?(?:theme\d*|styles|stylesWithEffects|fontTable|webSettings|"
    r"settings|calcChain|tableStyles|presProps|viewProps)\.xml|settings\.xml|Configurations2/.*|manifest\.rdf)\Z"
)
_SILENT = re.compile(r"(?:.*printerSettings\d*\.bin|mimetype|layout-cache|Configurations2/.*|.*\.(?:fntdata|odttf))\Z")


def read_office(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    try:
        for member, stream in members(place, content, budget):
            name = member.filename
            if _WORDLESS.match(name) or _SILENT.match(name):
                continue
            if not _XML.search(name):
                inner(f"{place}/{name}", name, read_whole(member, stream, budget))
                continue
            if name == "META-INF/manifest.xml":
                if b"encryption-data" in read_whole(member, stream, budget):
                    budget.cannot(place, "encrypted")
                    return
                continue
            try:
                read_xml(place, stream, budget)
            except (SAXException, ValueError):
                budget.cannot(place, "broken")
    except LimitReached as limit:
        if limit.reason != "limit:ratio":
            raise
        budget.cannot(place, limit.reason)
    except BROKEN:
        budget.cannot(place, "broken")
