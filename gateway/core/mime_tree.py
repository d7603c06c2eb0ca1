"""Bytes -> the tree of MIME entities, as ranges of the same bytes (RFC 2045, 2046, 2183, 2231). Nothing is decoded here.

Terms: an *entity* is a message or part: its header fields and the range of its body; *hidden* text is what no client
shows but everybody can read: preambles, epilogues, lines amid header fields. Rule: where clients are known to read the
bytes in different ways, one reading is taken and the entity gets a *problem*, so that the message counts as unscannable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import decode_params, unquote

from gateway.core.charset import decode
from gateway.core.encoded_words import decode_words
from gateway.core.header_edit import Field, body_start, fields
from gateway.core.limits import Limits

MOST_VALUE = 8192  # characters of a Content-* field; longer ones are nobody's
_ONCE = frozenset(
    {
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "mime-version",
        "subject",
        "from",
    }
)
_TYPE = re.compile(r"\s*([\w!#$&.+^-]{1,127}/[\w!#$&.+^-]{1,127})\s*(?=;|\Z)")
_PIECE = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+', re.DOTALL)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?# *{}@\[\]$%&!~^;<>|-]{1,200}")


@dataclass(slots=True)
class Entity:
    """`start` and `end` delimit the body in the source, its header begins at `head`; `name` is not cleaned yet; `problems`
    are reasons of `Unscannable`."""

    fields: tuple[Field, ...]
    start: int
    end: int
    type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    name: str = ""
    encoding: str = ""
    content_id: str = ""
    children: list[Entity] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hidden: list[bytes] = field(default_factory=list)
    head: int = 0

    def value(self, name: str) -> str:
        """The first field of that name (lower case), as text, encoded words undecoded."""
        found = next((item.value for item in self.fields if item.name == name), b"")
        return decode(found[: MOST_VALUE * 4], "")[0]

    def walk(self) -> Iterator[Entity]:
        """This entity and all below it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()


class TreeReader:
    """Reads one message; counts parts over the whole tree."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self._raw = raw
        self._limits = limits
        self._parts = 0
        self._boundaries: set[bytes] = set()
        self._suspects: set[bytes] = set()

    def read(self) -> Entity:
        """The root of the tree. Never raises."""
        root = self._entity(0, len(self._raw), 0, "text/plain", ())
        # A line that only begins like a boundary is read as one by some clients; unless it is another part's boundary.
        if self._suspects - self._boundaries - {boundary + b"--" for boundary in self._boundaries}:
            root.problems.append("ambiguous:boundary")
        return root

    def _entity(self, start: int, end: int, depth: int, default: str, outer: tuple[bytes, ...]) -> Entity:
        self._parts += 1
        entity = self._head(start, end, default)
        if not entity.type.startswith("multipart/"):
            return entity
        boundary = self._boundary(entity, outer)
        if not boundary:
            entity.type = "text/plain"
        elif depth >= self._limits.depth:
            entity.problems.append("limit:depth")
        else:
            self._split(entity, boundary, depth, outer)
        if entity.encoding not in ("", "7bit", "8bit", "binary"):
            entity.problems.append("ambiguous:encoding")
        return entity

    def _head(self, start: int, end: int, default: str) -> Entity:
        body = body_start(self._raw, start, end)
        block = self._raw[start : min(body, start + self._limits.header_bytes)]
        if start == 0 and block.startswith(b"From "):  # the line that begins a message in an mbox file
            block = block.partition(b"\n")[2]
        found = tuple(fields(block))
        entity = Entity(found[: self._limits.header_fields], body, end, head=start)
        if len(found) > self._limits.header_fields or body - start > self._limits.header_bytes:
            entity.problems.append("limit:headers")
        stray = [item.raw for item in entity.fields if not item.name]
        if stray:
            entity.problems.append("ambiguous:header-line")
            entity.hidden += stray
        once = [item.name for item in entity.fields if item.name in _ONCE]
        if len(set(once)) < len(once):
            entity.problems.append("ambiguous:duplicate-header")
        _read_content_fields(entity, default)
        return entity

    def _boundary(self, entity: Entity, outer: tuple[bytes, ...]) -> bytes:
        text = entity.parameters.get("boundary", "").rstrip()
        if not _BOUNDARY.fullmatch(text) or text.startswith("=?"):
            entity.problems.append("ambiguous:boundary")
        boundary = text.encode("utf-8", "replace")
        if boundary in outer:
            entity.problems.append("ambiguous:boundary")
        return boundary

    def _split(self, entity: Entity, boundary: bytes, depth: int, outer: tuple[bytes, ...]) -> None:
        self._boundaries.add(b"--" + boundary)
        default = "message/rfc822" if entity.type == "multipart/digest" else "text/plain"
        open_at, closed = -1, False
        reached = entity.start
        for line, after, last in self._delimiters(boundary, entity.start, entity.end):
            text_end = _before_line_end(self._raw, reached, line)
            if open_at >= 0:
                if self._parts >= self._limits.parts:
                    entity.problems.append("limit:parts")
                    return
                entity.children.append(self._entity(open_at, text_end, depth + 1, default, (*outer, boundary)))
            elif reached == entity.start:
                entity.hidden.append(self._raw[reached:text_end])
            if closed:
                entity.problems.append("ambiguous:boundary")
            reached = after
            open_at, closed = (-1, True) if last else (after, closed)
        if open_at >= 0:
            entity.problems.append("ambiguous:unterminated")
            entity.children.append(self._entity(open_at, entity.end, depth + 1, default, (*outer, boundary)))
        elif not closed:
            entity.problems.append("ambiguous:unterminated")
        entity.hidden.append(b"" if open_at >= 0 else self._raw[reached : entity.end])

    def _delimiters(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """(where the line begins, where the next line begins, whether it closes) of every boundary line."""
        raw, needle = self._raw, b"--" + boundary
        position = raw.find(needle, start, end)
        while position >= 0:
            following = position + 1
            if position == start or raw[position - 1] == 10:
                line_end = raw.find(b"\n", position, end)
                following = end if line_end < 0 else line_end + 1
                tail = raw[position + len(needle) : following].rstrip(b"\r\n \t")
                if tail in (b"", b"--"):
                    yield position, following, tail == b"--"
                else:
                    self._suspects.add(needle + tail[:300])
            position = raw.find(needle, following, end)


def _before_line_end(raw: bytes, start: int, line: int) -> int:
    """The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1)."""
    if line > start and raw[line - 1] == 10:
        line -= 1
        if line > start and raw[line - 1] == 13:
            line -= 1
    return line


def _read_content_fields(entity: Entity, default: str) -> None:
    value = entity.value("content-type")
    found = _TYPE.match(value)
    entity.type = found[1].lower() if found else default
    if (value.strip() and not found) or len(value) >= MOST_VALUE:
        entity.problems.append("ambiguous:content-type")
        loose = re.match(r"\s*(text/html|text/plain|multipart/[a-z]+|message/rfc822)", value, re.IGNORECASE)
        entity.type = loose[1].lower() if loose else default
    entity.parameters = _parameters(value, entity.problems)
    disposition = entity.value("content-disposition")
    entity.disposition = disposition.partition(";")[0].strip().lower()
    told = _parameters(disposition, entity.problems)
    entity.name = told.get("filename") or entity.parameters.get("name", "")
    entity.encoding = entity.value("content-transfer-encoding").strip().lower()
    entity.content_id = entity.value("content-id").strip().strip("<>")


def _parameters(value: str, problems: list[str]) -> dict[str, str]:
    """The parameters by name in lower case; extended ones (RFC 2231) win over plain ones."""
    value = value[:MOST_VALUE]
    pieces = _PIECE.findall(value)
    if value.count('"') % 2 and value.replace('\\"', "").count('"') % 2:
        problems.append("ambiguous:parameter")
    pairs = [(name.strip().lower(), text.strip()) for name, _, text in (piece.partition("=") for piece in pieces[1:])]
    named = [name for name, text in pairs if name and text]
    if named.count("boundary") > 1 or any(name.startswith("boundary*") for name in named):
        problems.append("ambiguous:boundary")
    elif len(set(named)) != len(named):
        problems.append("ambiguous:parameter")
    try:
        decoded = decode_params([("", ""), *((name, text) for name, text in pairs if name)])[1:]
    except (ValueError, LookupError, TypeError):  # such as a section number of thousands of digits
        problems.append("ambiguous:parameter")
        return {}
    found: dict[str, str] = {}
    for name, told in decoded:
        if isinstance(told, tuple):
            found[name], honest = decode(unquote(told[2]).encode("latin-1", "replace"), told[0] or "")
            if not honest:
                problems.append("ambiguous:charset")
        else:
            found.setdefault(name, decode_words(unquote(told)))
    return found
