"""Files written into text as newsgroups did: uuencode, its base64 form (POSIX), yEnc (yenc-draft 1.3), BinHex 4 (RFC 1741).

Some clients show a file where such lines stand, some show the lines. Rule: a file that decodes to its end is read; one that
doesn't leaves the text ambiguous.
"""

from __future__ import annotations

import binascii
import re

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.data_url import written_in
from gateway.core.file_name import clean_name

_UU = re.compile(rb"^begin(-base64)? [0-7]{3,4} (\S[^\r\n]{0,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^(?:end|====)[ \t]*\r?$", re.MULTILINE)
_YENC = re.compile(rb"^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,255})\r?\n(?:=ypart [^\r\n]{0,200}\r?\n)?", re.MULTILINE)
_YENC_MARK = re.compile(rb"^=ybegin ", re.MULTILINE)
_YENC_END = re.compile(rb"^=yend", re.MULTILINE)
_BINHEX = re.compile(rb"^\(This file must be converted with BinHex[^\r\n]{0,100}\r?\n", re.MULTILINE)
_BINHEX_DATA = re.compile(rb":([!-~\s]{20,}?):")


def read_newsgroup_files(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Hands each file to `inner`."""
    if content.startswith(b"begin") or b"\nbegin" in content:
        _read_blocks(place, content, (_UU, _UU_END, "ambiguous:uuencode"), budget, inner)
    if b"=" in content and b"=ybegin" in content:
        told = _read_blocks(place, content, (_YENC, _YENC_END, "ambiguous:yenc"), budget, inner)
        if not told and _YENC_MARK.search(content):
            budget.cannot(place, "ambiguous:yenc")
    if b"converted with BinHex" in content:
        for found in _BINHEX.finditer(content):
            data = _BINHEX_DATA.search(content, found.end())
            name, octets = _binhex(data[1]) if data else (b"", None)
            _hand_on(place, name, octets, "ambiguous:binhex", budget, inner)
            if data is None:
                break


def _read_blocks(
    place: str, content: bytes, marks: tuple[re.Pattern[bytes], re.Pattern[bytes], str], budget: Budget, inner: Inner
) -> bool:
    """Blocks with a first and a last line; whether there was any. Without a last line nothing behind is looked at."""
    first, last, reason = marks
    found = first.search(content)
    any_found = found is not None
    while found is not None:
        end = last.search(content, found.end())
        octets = None
        if end is not None:
            octets = _decode(found, content[found.end() : end.start()])
        _hand_on(place, found.groups()[-1], octets, reason, budget, inner)
        if end is None:
            break
        found = first.search(content, end.end())
    return any_found


def _decode(first: re.Match[bytes], lines: bytes) -> bytes | None:
    return _ydecode(lines) if first[0].startswith(b"=ybegin") else _uudecode(lines, based=bool(first[1]))


def _hand_on(place: str, name: bytes, octets: bytes | None, reason: str, budget: Budget, inner: Inner) -> None:
    if octets is None:
        budget.cannot(place, reason)
        return
    budget.file()
    budget.unpacked(len(octets))
    clean = clean_name(name.decode("utf-8", "replace").strip()) or "written-in.bin"
    inner(written_in(place, clean), clean, octets)


def _uudecode(lines: bytes, *, based: bool) -> bytes | None:
    try:
        if based:
            return binascii.a2b_base64(lines)
        return b"".join(_uu_line(line) for line in lines.splitlines() if line.strip(b" `"))
    except binascii.Error:
        return None


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # some writers count wrongly; the length octet tells how much there is
        return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])


_YENC_PLAIN = bytes((octet - 42) % 256 for octet in range(256))


def _ydecode(lines: bytes) -> bytes:
    pieces = lines.replace(b"\r", b"").replace(b"\n", b"").split(b"=")
    return pieces[0].translate(_YENC_PLAIN) + b"".join(
        bytes([(piece[0] - 106) % 256]) + piece[1:].translate(_YENC_PLAIN) for piece in pieces[1:] if piece
    )


_BINHEX_ALPHABET = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
_BINHEX_TO_64 = bytes.maketrans(_BINHEX_ALPHABET, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_REPEAT = 0x90


def _binhex(data: bytes) -> tuple[bytes, bytes | None]:
    """The name and the file; with its resource fork when it has one. None when it is broken."""
    packed = data.translate(None, b"\r\n\t ")
    if packed.translate(None, _BINHEX_ALPHABET):
        return b"", None
    usable = len(packed) - (len(packed) % 4 == 1)
    octets = binascii.a2b_base64(packed[:usable].translate(_BINHEX_TO_64) + b"==")
    first, *pieces = octets.split(bytes([_REPEAT]))
    plain = bytearray(first)
    for piece in pieces:
        count = piece[0] if piece else 0
        plain += plain[-1:] * (count - 1) if count else bytes([_REPEAT])
        plain += piece[1:]
    length = plain[0] if plain else 0
    head = plain[1 + length + 1 + 4 + 4 + 2 :]
    if len(head) < 10:
        return b"", None
    data_length, resources = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    content = bytes(head[10:] if resources else head[10 : 10 + data_length])
    return bytes(plain[1 : 1 + length]), content if len(content) >= data_length else None
