"""Byte ranges of a download (RFC 9110 section 14): which bytes to send, and what to say about them."""

from __future__ import annotations

import re
from dataclasses import dataclass

SINGLE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes start..end (exclusive) of `size`; `partial` says that the answer is 206."""

    start: int
    end: int
    size: int
    partial: bool

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Content-Length": str(self.end - self.start), "Accept-Ranges": "bytes"}
        if self.partial:
            headers["Content-Range"] = f"bytes {self.start}-{self.end - 1}/{self.size}"
        return headers


class Unsatisfiable(Exception):
    """The range begins after the end (416)."""


def wanted(header: str | None, if_range: str | None, etag: str, size: int) -> Range:
    """The range that a request asks for. Several ranges, other units and a stale If-Range get the whole.
    Raises `Unsatisfiable`."""
    whole = Range(0, size, size, partial=False)
    if header is None or (if_range is not None and if_range.strip() != etag):
        return whole
    found = SINGLE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return whole
    if not found[1]:
        count = min(int(found[2]), size)
        if count == 0:
            raise Unsatisfiable
        return Range(size - count, size, size, partial=True)
    start = int(found[1])
    end = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return whole
    if start >= size:
        raise Unsatisfiable
    return Range(start, end, size, partial=True)
