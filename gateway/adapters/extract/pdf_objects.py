"""The objects of a PDF as they stand in the file: strings that no page shows, and streams that are bombs (ISO 32000).

PDFium tells what it shows. Values of form fields without a place on a page, names, scripts and XMP metadata are strings in
objects, some of them in compressed object streams.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from gateway.adapters.extract.budget import Budget, LimitReached

_STREAM = re.compile(rb"stream\r?\n")
_END = b"endstream"
_DICTIONARY = 2048  # octets before a stream that are searched for its dictionary
_STRING = re.compile(
    rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.){0,500}\)){3,4000}\)|<(?:[0-9A-Fa-f]\s{0,2}){8,8000}>", re.DOTALL
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b"", b"\r": b"", b"\r\n": b""}
_PIECE = 1 << 20
_MOST_RATIO = 1032  # of deflate
_MOST_STRINGS = 50_000
_MOST_OF_OBJECTS = 16 << 20


def check_streams(content: bytes, budget: Budget) -> None:
    """Raises `LimitReached` when the compressed streams unpack to more than may be: PDFium would unpack them unasked."""
    streams = [(head, body) for head, body in _streams(content) if b"Flate" in head or b"/Fl" in head]
    if sum(len(body) * _MOST_RATIO ** _depth(head) for head, body in streams) <= budget.unpackable:
        return
    for head, body in streams:
        size = len(body)
        for _ in range(_depth(head)):
            body, size = _inflated(body, budget)
        budget.unpacked(size)


def _depth(head: bytes) -> int:
    return max(1, min(4, head.count(b"Flate") + head.count(b"/Fl ")))


def _inflated(body: bytes, budget: Budget) -> tuple[bytes, int]:
    """What one layer unpacks to, at most as much as may still be unpacked, and its size."""
    decoder = zlib.decompressobj()
    pieces: list[bytes] = []
    size, position = 0, 0
    while position < len(body) and not decoder.eof:
        given = body[position : position + (1 << 14)]
        position += len(given)
        try:
            piece = decoder.decompress(given)
        except zlib.error:
            break
        size += len(piece)
        if size > budget.unpackable:
            raise LimitReached("limit:size")
        budget.tick()
        pieces.append(piece)
    return b"".join(pieces), size


def _streams(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(dictionary, data) of each stream; the data is a view where it can be."""
    position = 0
    while (found := _STREAM.search(content, position)) is not None:
        end = content.find(_END, found.end())
        if end < 0:
            end = len(content)
        head = content[max(position, found.start() - _DICTIONARY) : found.start()]
        yield head[max(0, head.rfind(b" obj")) :], content[found.end() : end]
        position = end + len(_END)


def strings_of(content: bytes, budget: Budget) -> list[str]:
    """All strings outside of page contents, decoded; XMP metadata without its tags."""
    found: dict[str, None] = {}
    for piece in _object_texts(content, budget):
        budget.tick()
        for string in _STRING.findall(piece):
            text = _decoded(string)
            if len(text) > 3:
                found[text] = None
            if len(found) >= _MOST_STRINGS:
                raise LimitReached("limit:strings")
    for head, body in _streams(content):
        if b"/Metadata" in head or b"/XML" in head:
            xml = body if b"Flate" not in head else _small(body)
            found[re.sub(r"<[^<>]{0,2000}>", " ", xml.decode("utf-8", "replace"))] = None
            found[" ".join(re.findall(r"=[\"']([^\"'<>]{4,2000})[\"']", xml.decode("utf-8", "replace")))] = None
    return list(found)


def _object_texts(content: bytes, budget: Budget) -> Iterator[bytes]:
    """What stands between streams, and what object streams hold."""
    position = 0
    for found in _STREAM.finditer(content):
        if found.start() < position:
            continue
        between = content[position : found.start()]
        yield between
        end = content.find(_END, found.end())
        end = len(content) if end < 0 else end
        if b"ObjStm" in between[-_DICTIONARY:]:
            octets = _small(content[found.end() : end])
            budget.unpacked(len(octets))
            yield octets
        position = end
    yield content[position:]


def _small(body: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, _MOST_OF_OBJECTS)
    except zlib.error:
        return b""


def _decoded(string: bytes) -> str:
    if string.startswith(b"<"):
        digits = re.sub(rb"\s", b"", string[1:-1])
        octets = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    else:
        octets = string[1:-1]
        if b"\\" in octets:
            octets = _ESCAPE.sub(_unescaped, octets)
    if octets.startswith(b"\xfe\xff"):
        return octets[2:].decode("utf-16-be", "replace")
    if octets.startswith(b"\xef\xbb\xbf"):
        return octets[3:].decode("utf-8", "replace")
    text = octets.decode("cp1252", "replace")
    return text if text.isprintable() or any(sign in text for sign in "\n\r\t") else ""


def _unescaped(match: re.Match[bytes]) -> bytes:
    sign = match[1]
    return bytes([int(sign, 8) & 255]) if sign[:1].isdigit() and sign[0] < 56 else _ESCAPED.get(sign, sign)
