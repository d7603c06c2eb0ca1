"""Encoded words in header values -> text (RFC 2047), as forgiving as mail clients are. Never raises."""

from __future__ import annotations

import binascii
import re

from gateway.core.charset import CODECS, decode

_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_RAW_WORD = re.compile(rb"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?[bBqQ]\?[^?]*\?=")


def decode_words(value: bytes | str) -> str:
    """The text of an unfolded header value; octets outside encoded words are UTF-8 or else cp1252.

    Words that follow each other in the same character set are joined before they are decoded, since some writers cut a
    character in two.
    """
    text = decode(value, "")[0] if isinstance(value, bytes) else value
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[bytes] = []  # octets of neighbouring words in one character set
    charset, end = "", 0
    for word in _WORD.finditer(text):
        gap = text[end : word.start()]
        neighbour = bool(run) and not gap.strip(" \t\r\n")
        if not neighbour or word[1].lower() != charset:
            out.append(decode(b"".join(run), charset)[0])
            run = []
        if not neighbour:
            out.append(gap)
        charset, end = word[1].lower(), word.end()
        run.append(_octets(word[2].lower(), word[3]))
    out += [decode(b"".join(run), charset)[0], text[end:]]
    return "".join(out)


def all_readable(value: bytes) -> bool:
    """Whether the character set of every encoded word is known: a reader may know one that this is not written for."""
    return all(word[1].decode("ascii", "replace").lower() in CODECS for word in _RAW_WORD.finditer(value))


def _octets(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding == "q":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return data
