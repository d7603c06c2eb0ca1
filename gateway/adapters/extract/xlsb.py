"""Parts of Excel's binary workbook (MS-XLSB): strings, numbers, sheet names, comments."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

_PART = re.compile(
    r"xl/(?:workbook|sharedStrings|comments\d*|worksheets/(?:sheet|binaryIndex)?[^/]*|threadedComments/[^/]*)\.bin\Z"
)
_STRING_ITEM, _COMMENT, _SHEET_NAME, _AUTHOR = 19, 637, 156, 632
_CELL_RK, _CELL_REAL, _CELL_STRING, _FORMULA_STRING, _FORMULA_REAL = 2, 5, 6, 8, 9
_ROW = 0
_VALUE = 8  # where a cell's value begins
_HEADER_FOOTER = 479


def is_binary_part(name: str) -> bool:
    """Whether a part of the package is one of these."""
    return _PART.match(name) is not None


def text_of_part(octets: bytes) -> str:
    """All strings and numbers in it; what breaks off is read as far as it goes."""
    texts: list[str] = []
    for kind, data in _records(octets):
        try:
            texts.append(_text(kind, data))
        except struct.error:
            break
    return "".join(texts)


def _text(kind: int, data: bytes) -> str:
    if kind == _ROW:
        return "\n"
    if kind in (_STRING_ITEM, _COMMENT):
        return _string(data, 1) + "\n"
    if kind == _AUTHOR:
        return _string(data, 0) + "\n"
    if kind in (_CELL_STRING, _FORMULA_STRING):
        return _string(data, _VALUE) + "\t"
    if kind in (_CELL_REAL, _FORMULA_REAL):
        return _number(struct.unpack_from("<d", data, _VALUE)[0]) + "\t"
    if kind == _CELL_RK:
        return _number(_rk(struct.unpack_from("<I", data, _VALUE)[0])) + "\t"
    if kind in (_SHEET_NAME, _HEADER_FOOTER):
        return "\n".join(run.decode("utf-16-le") for run in re.findall(rb"(?:[\x20-\x7e\xa0-\xff]\0){2,}", data)) + "\n"
    return ""


def _rk(number: int) -> float:
    """A number in 30 bits (MS-XLSB 2.5.122)."""
    if number & 2:
        value = float((number >> 2) - ((number >> 31) << 30))
    else:
        value = struct.unpack("<d", struct.pack("<Q", (number & 0xFFFFFFFC) << 32))[0]
    return value / 100 if number & 1 else value


def _number(value: float) -> str:
    return str(int(value)) if value == value and abs(value) < 1e15 and value == int(value) else str(value)


def _string(data: bytes, position: int) -> str:
    (characters,) = struct.unpack_from("<I", data, position)
    return data[position + 4 : position + 4 + 2 * characters].decode("utf-16-le", "replace")


def _records(octets: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 2 <= len(octets):
        kind = octets[position]
        position += 1
        if kind & 0x80 and position < len(octets):
            kind = kind & 0x7F | (octets[position] & 0x7F) << 7
            position += 1
        size = shift = 0
        while position < len(octets) and shift < 28:
            octet = octets[position]
            position += 1
            size |= (octet & 0x7F) << shift
            shift += 7
            if not octet & 0x80:
                break
        yield kind, octets[position : position + size]
        position += size
