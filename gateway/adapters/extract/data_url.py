"""Files inside addresses (`data:`, RFC 2397)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from gateway.adapters.extract.budget import Budget, Inner

_KEPT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DROPPED = bytes(octet for octet in range(256) if octet not in _KEPT)


def read_data_url(place: str, number: int, url: str, budget: Budget, inner: Inner) -> None:
    """Hands the file to `inner`, under a name made of its type."""
    head, comma, data = url.strip().partition(",")
    if not comma:
        budget.add(place, url)
        return
    octets = unquote_to_bytes(data)
    if head.lower().rstrip().endswith("base64"):
        packed = octets.translate(bytes.maketrans(b"-_", b"+/"), b"").translate(None, _DROPPED)
        try:
            octets = base64.b64decode(packed[: len(packed) - (len(packed) % 4 == 1)] + b"==")
        except binascii.Error:
            budget.cannot(place, "ambiguous:data-url")
            return
    kind = head[5:].partition(";")[0].strip().lower()
    ending = kind.rpartition("/")[2].partition("+")[0]
    name = f"data-{number}.{ending if ending.isalnum() and len(ending) < 12 else 'bin'}"
    budget.file()
    inner(written_in(place, name), name, octets)


def written_in(place: str, name: str) -> str:
    """The place of a file that is written into a text: that of an attachment when the text is a body."""
    return f"{place}/{name}" if place.startswith("attachment:") else f"attachment:{name}"
