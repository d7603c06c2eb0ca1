"""S/MIME with its content inside (CMS signed-data, RFC 5652): the content is read as a file; the signature is not checked.

A small reader of BER: mail programs write parts of unknown length, which libraries for certificates refuse.
"""

from __future__ import annotations

from gateway.adapters.extract.budget import Budget, Inner

_SEQUENCE, _EXPLICIT_0, _OCTETS, _OCTETS_IN_PIECES = 0x30, 0xA0, 0x04, 0x24
_DEEPEST = 16


class _NoBer(Exception):
    pass


def read_signed(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """The content by `inner`, named as mail programs would save it."""
    try:
        octets = _signed_content(content)
    except (_NoBer, IndexError):
        budget.cannot(place, "broken")
        return
    if octets:
        budget.file()
        name = "signed.eml"
        inner(f"{place}/{name}", name, octets)


def _signed_content(data: bytes) -> bytes:
    """ContentInfo -> [0] SignedData -> encapContentInfo -> [0] eContent; empty when it is detached."""
    outer = _children(data, *_inside(data, 0))
    signed = _children(data, *_inside(data, outer[1]))[0]
    for start in _children(data, *_inside(data, signed)):
        if data[start] == _SEQUENCE:
            content_info = _children(data, *_inside(data, start))
            if len(content_info) < 2 or data[content_info[1]] != _EXPLICIT_0:
                return b""
            first = _children(data, *_inside(data, content_info[1]))[0]
            return _octets(data, first, 0)
    raise _NoBer


def _octets(data: bytes, start: int, depth: int) -> bytes:
    if depth > _DEEPEST:
        raise _NoBer
    first, end = _inside(data, start)
    if data[start] == _OCTETS:
        return data[first:end]
    if data[start] == _OCTETS_IN_PIECES:
        return b"".join(_octets(data, child, depth + 1) for child in _children(data, first, end))
    return data[first:end]


def _inside(data: bytes, start: int) -> tuple[int, int]:
    """Where the value of an element begins and ends; the end is searched for when its length is not told."""
    first, length = _head(data, start)
    if length >= 0:
        if first + length > len(data):
            raise _NoBer
        return first, first + length
    return first, _end(data, start) - 2


def _head(data: bytes, start: int) -> tuple[int, int]:
    """Where the value begins and its length, -1 for an unknown one."""
    if data[start] & 0x1F == 0x1F:
        raise _NoBer
    size = data[start + 1]
    if size < 0x80:
        return start + 2, size
    if size == 0x80:
        return start + 2, -1
    count = size & 0x7F
    return start + 2 + count, int.from_bytes(data[start + 2 : start + 2 + count], "big")


def _end(data: bytes, start: int) -> int:
    """Where the element ends, with its end mark; those of unknown length within it are counted, not gone into."""
    open_elements = 0
    position = start
    while True:
        if open_elements and data[position] == 0 and data[position + 1] == 0:
            position += 2
            open_elements -= 1
        else:
            first, length = _head(data, position)
            open_elements += length < 0
            position = first + max(0, length)
        if position > len(data):
            raise _NoBer
        if not open_elements:
            return position


def _children(data: bytes, first: int, end: int) -> list[int]:
    """Where each element in a value begins."""
    found = []
    while first < end:
        if data[first] == 0 and data[first + 1] == 0:
            break
        found.append(first)
        first = _end(data, first)
    return found
