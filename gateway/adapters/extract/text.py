"""Plain text in any character set: txt, csv, ics, vcf, json, xml and whatever else an editor shows."""

from __future__ import annotations

import binascii
import re

from gateway.adapters.extract.budget import Budget
from gateway.core.charset import decode

_FOLDED = re.compile(r"\r?\n[ \t]")
_QP = re.compile(rb"=[0-9A-F]{2}|=\r?\n")


def text_of(content: bytes) -> str:
    """By byte order mark, else UTF-8, else cp1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return decode(content, "")[0]


def read_text(place: str, content: bytes, budget: Budget) -> None:
    budget.add(place, text_of(content))
    if content[:6].upper() == b"BEGIN:":  # calendars and cards fold lines amid words, old cards are quoted-printable
        budget.add(place, _FOLDED.sub("", text_of(content)))
        if _QP.search(content):
            budget.add(place, text_of(binascii.a2b_qp(content)))
