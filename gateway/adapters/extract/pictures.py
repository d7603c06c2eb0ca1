"""Pictures among octets: what Word's Data stream and PowerPoint's Pictures stream hold, found by how pictures begin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.adapters.extract.budget import Budget, Inner

_BEGIN = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xe0\xe1\xee\xdb]")
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_MOST = 500


def read_pictures(place: str, octets: bytes, budget: Budget, inner: Inner) -> None:
    """Hands each picture to `inner`."""
    for number, picture in enumerate(_pictures(octets), 1):
        if number > _MOST:
            budget.cannot(place, "limit:images")
            return
        budget.file()
        name = f"picture-{number}.{_ending(picture)}"
        inner(f"{place}/{name}", name, picture)


def _pictures(octets: bytes) -> Iterator[bytes]:
    starts = [found.start() for found in _BEGIN.finditer(octets)]
    reached = 0
    for index, start in enumerate(starts):
        if start < reached:
            continue  # a preview inside the picture before
        limit = starts[index + 1] if index + 1 < len(starts) and octets[start] == 0x89 else len(octets)
        if octets[start] == 0x89:
            end = octets.find(_PNG_END, start, len(octets))
            reached = end + len(_PNG_END) if end >= 0 else limit
        else:
            end = octets.find(_JPEG_END, start + 4)
            while end >= 0 and octets[end + 2 : end + 4] not in (b"", b"\0\0") and _is_within(octets, end):
                end = octets.find(_JPEG_END, end + 2)
            reached = end + 2 if end >= 0 else len(octets)
        yield octets[start:reached]


def _is_within(octets: bytes, end: int) -> bool:
    """Whether the end mark is that of a preview: the picture goes on with a marker of its own."""
    return octets[end + 2 : end + 3] == b"\xff" and octets[end + 3 : end + 4] not in (b"\xd8", b"\xff")


def _ending(picture: bytes) -> str:
    return "png" if picture.startswith(b"\x89") else "jpg"
