"""A whole message -> text units and what could not be read: bodies, headers, and every attachment by its kind.

Rule: each file is either read to its end or reported; nothing passes in silence. Reasons: 'encrypted', 'unknown-type',
'broken', 'no-text' (a scanned PDF), 'image', 'limit:...', 'ambiguous:...'.
"""

from __future__ import annotations

import re

from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.html import read_html
from gateway.adapters.extract.readers import READERS
from gateway.adapters.extract.sniff import Kind, sniff
from gateway.adapters.extract.text import read_text
from gateway.core.errors import Malformed
from gateway.core.finding import Unscannable
from gateway.core.limits import Limits
from gateway.core.message import Disposition, Part
from gateway.core.parse import Parsed, parse_whole

# Header fields that machines write: numbers in them are no one's.
_MACHINE = re.compile(
    r"received|return-path|dkim-.*|arc-.*|authentication-results|message-id|references|in-reply-to|date|subject|"
    r"content-.*|mime-version|thread-index|x-ms-.*|x-mailer|user-agent|x-google-.*|x-spam-.*|resent-(?:date|message-id)|"
    r"x-zegel.*|zivver-.*|autocrypt|openpgp",
    re.IGNORECASE,
)
_ARCHIVES_BEHIND = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")  # unpackers look for them in any file
_NO_CONTAINERS = (Kind.IMAGE, Kind.TEXT, Kind.HTML, Kind.RTF, Kind.UNKNOWN)
_TWO_IN_ONE = (Kind.ZIP, Kind.OFFICE, Kind.OPEN_DOCUMENT)


def extract(parsed: Parsed, limits: Limits) -> tuple[list[tuple[str, str]], tuple[Unscannable, ...]]:
    """The units of a message as `gateway.core.classify` wants them, and all that could not be read. Never raises for what a
    sender wrote.
    """
    extractor = _Extractor(limits)
    extractor.message(parsed)
    return extractor.budget.units, tuple(dict.fromkeys((*parsed.unscannable, *extractor.budget.unscannable)))


def extract_file(name: str, content: bytes, limits: Limits) -> tuple[list[tuple[str, str]], tuple[Unscannable, ...]]:
    """As `extract`, for one file by itself."""
    extractor = _Extractor(limits)
    extractor.file(f"attachment:{name}", name, content, "", 1)
    return extractor.budget.units, tuple(dict.fromkeys(extractor.budget.unscannable))


class _Extractor:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.budget = Budget(limits)

    def message(self, parsed: Parsed) -> None:
        message = parsed.message
        try:
            self.budget.add("subject", message.subject)
            written = [value for name, value in message.headers if not _MACHINE.fullmatch(name)]
            self.budget.add("header", "\n".join(written))
            for text in parsed.hidden:
                self.budget.add("body", text)
        except LimitReached as limit:
            self.budget.cannot("header", limit.reason)
        for part in message.parts:
            if part.number != parsed.original:
                self._part(part)

    def _part(self, part: Part) -> None:
        if part.disposition in (Disposition.TEXT, Disposition.HTML):
            self._body("body", part)
        else:
            self.file(f"attachment:{part.name}", part.name, part.content, part.content_type, 1)

    def _body(self, place: str, part: Part, nesting: int = 1) -> None:
        read = read_html if part.disposition is Disposition.HTML else read_text
        try:
            read(place, part.content, self.budget, self._deeper(nesting))
        except LimitReached as limit:
            self.budget.cannot(place, limit.reason)
        except MemoryError:
            self.budget.cannot(place, "limit:memory")

    def _deeper(self, nesting: int) -> Inner:
        def inner(place: str, name: str, content: bytes) -> None:
            self.file(place, name, content, "", nesting + 1)

        return inner

    def file(self, place: str, name: str, content: bytes, content_type: str, nesting: int) -> None:
        """One file, and all files in it."""
        before = len(self.budget.units)
        try:
            if content:
                self._content(place, name, content, content_type, nesting)
            if len(self.budget.units) == before:  # the name of a photo, a film or an empty file is text too
                self.budget.add(place, name)
        except LimitReached as limit:
            self.budget.cannot(place, limit.reason)

    def _content(self, place: str, name: str, content: bytes, content_type: str, nesting: int) -> None:
        try:
            self.budget.tick()
            if nesting > self.limits.nesting:
                raise LimitReached("limit:nesting")
            kind = sniff(content, name, content_type)
            self._read(kind, place, content, nesting)
            if kind not in _TWO_IN_ONE and b"PK\x05\x06" in content[-66_000:]:
                READERS[Kind.ZIP](place, content, self.budget, self._deeper(nesting))  # unpackers look at the end
            for mark in _ARCHIVES_BEHIND if kind in _NO_CONTAINERS else ():
                if (start := content.find(mark)) > 0:
                    READERS[Kind.ARCHIVE](place, content[start:], self.budget, self._deeper(nesting))
        except LimitReached as limit:
            self.budget.cannot(place, limit.reason)
        except MemoryError:
            self.budget.cannot(place, "limit:memory")
        except Exception:
            # A library stumbled over a hostile file in a way of its own (zipfile knows a dozen): the file was not read,
            # and saying so is the safe answer. Failing the scan would have the client try again for days.
            self.budget.cannot(place, "broken")

    def _read(self, kind: Kind, place: str, content: bytes, nesting: int) -> None:
        if kind is Kind.MAIL:
            self._mail(place, content, nesting)
        else:
            READERS[kind](place, content, self.budget, self._deeper(nesting))

    def _mail(self, place: str, content: bytes, nesting: int) -> None:
        """An attached message: its subject, headers and bodies belong to the attachment's place."""
        try:
            parsed = parse_whole(content, self.limits)
        except Malformed:
            read_text(place, content, self.budget, self._deeper(nesting))
            return
        message = parsed.message
        self.budget.unscannable += [Unscannable(place, item.reason) for item in parsed.unscannable]
        written = [value for name, value in message.headers if not _MACHINE.fullmatch(name)]
        self.budget.add(place, "\n".join([message.subject, *written, *parsed.hidden]))
        for part in message.parts:
            if part.number == parsed.original:
                continue
            if part.disposition in (Disposition.TEXT, Disposition.HTML):
                self._body(place, part, nesting)
            else:
                self.file(f"{place}/{part.name}", part.name, part.content, part.content_type, nesting + 1)
