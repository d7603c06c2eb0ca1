"""Plain text in any character set: txt, csv, ics, vcf, json and whatever else an editor shows; and files written into it."""

from __future__ import annotations

import binascii
import re

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.encoded import read_encoded
from gateway.core.charset import decode

_FOLDED = re.compile(r"\r?\n[ \t]")
_QP = re.compile(rb"=[0-9A-F]{2}|=\r?\n")


def text_of(content: bytes) -> str:
    """By byte order mark, else UTF-8, else cp1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return decode(content, "")[0]


def read_text(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    text = text_of(content)
    budget.add(place, text)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = text.encode("utf-8", "replace")
    read_encoded(place, content, budget, inner)
    if content[:6].upper() == b"BEGIN:":  # calendars and cards fold lines amid words, old cards are quoted-printable
        unfolded = _FOLDED.sub("", text)
        budget.add(place, unfolded)
        budget.add(place, unfolded.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";"))
        read_encoded(place, unfolded.encode("utf-8", "replace"), budget, inner)
        if _QP.search(content):
            budget.add(place, text_of(binascii.a2b_qp(content)))
