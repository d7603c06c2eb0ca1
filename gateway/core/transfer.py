"""Content transfer encodings: the octets of a part, and whether every client would get the same (RFC 2045 section 6)."""

from __future__ import annotations

import binascii
import re

_BAD_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]{0,76}(?:\r?\n|\Z))")
PLAIN = frozenset({"", "7bit", "8bit", "binary"})


def decode_transfer(data: memoryview, encoding: str) -> tuple[bytes, str]:
    """The decoded octets and a problem, empty when there is none. Never raises; memory is a small multiple of the data."""
    if encoding in PLAIN:
        return bytes(data), ""
    if encoding == "base64":
        return _base64(bytes(data))
    if encoding == "quoted-printable":
        octets = bytes(data)
        return binascii.a2b_qp(octets), "ambiguous:quoted-printable" if _BAD_QP.search(octets) else ""
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        return _uuencoded(bytes(data)), "ambiguous:uuencode"
    return bytes(data), "ambiguous:encoding"


def _base64(data: bytes) -> tuple[bytes, str]:
    packed = data.translate(None, b"\r\n\t ")
    try:
        return binascii.a2b_base64(packed, strict_mode=True), ""
    except binascii.Error:
        pass
    # Some decoders stop at the padding, some go on behind it: take all there is.
    known = packed.translate(None, _NO_BASE64)
    return binascii.a2b_base64(known[: len(known) - (len(known) % 4 == 1)] + b"=="), "ambiguous:base64"


_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(octet for octet in range(256) if octet not in _ALPHABET)


def _uuencoded(data: bytes) -> bytes:
    out = []
    for line in data.splitlines():
        if line.startswith((b"begin ", b"end", b"`")):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some writers count wrongly; the length octet tells how much there is.
            octets = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            out.append(binascii.a2b_uu(line[:octets]) if _decodes(line[:octets]) else b"")
    return b"".join(out)


def _decodes(line: bytes) -> bool:
    try:
        binascii.a2b_uu(line)
    except binascii.Error:
        return False
    return True
