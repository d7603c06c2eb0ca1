"""Word 6 to 2003 (MS-DOC): all text pieces, that is bodies, notes, headers, comments, text boxes and what was deleted."""

from __future__ import annotations

import re
import struct

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.pictures import read_pictures
from gateway.adapters.extract.storage import BrokenStorage, Storage

_WORD_6 = (0xA5DC, 0xA5DB, 0xA59B, 0xA59C, 0xA699)
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_FC_CLX = 0x01A2  # offset in the FIB of where the piece table stands
_COMPRESSED = 0x40000000
# Cells, line and page breaks, and the marks of fields, notes and pictures.
_MARKS = dict.fromkeys((0, 1, 2, 3, 4, 5, 6, 8, 15, 16, 31), "") | {
    7: "\t",
    11: "\n",
    12: "\n",
    13: "\n",
    19: " ",
    20: " ",
    21: " ",
    30: "-",
}


def read_doc(place: str, storage: Storage, budget: Budget, inner: Inner) -> None:
    """Raises `BrokenStorage`."""
    document = storage.read("WordDocument")
    if len(document) < 32:
        raise BrokenStorage
    ident, number = struct.unpack_from("<HH", document)
    (flags,) = struct.unpack_from("<H", document, 0x0A)
    if flags & _ENCRYPTED:
        budget.cannot(place, "encrypted")
        return
    if ident in _WORD_6 or number < 101:
        budget.add(place, _plain_text(document))
    else:
        table = storage.read("1Table" if flags & _SECOND_TABLE else "0Table")
        text = _pieces(document, table, budget)
        budget.add(place, text)
        budget.add(place, _strings(table))
    read_pictures(place, storage.read("Data"), budget, inner)


def _plain_text(document: bytes) -> str:
    """Word 6 and 95: the text stands in one range unless it was saved in pieces; then more is taken than needed."""
    first, last = struct.unpack_from("<II", document, 0x18)
    if not 0 < first < last <= len(document):
        first, last = 0x300, len(document)
    return document[first:last].decode("cp1252", "replace").translate(_MARKS)


def _pieces(document: bytes, table: bytes, budget: Budget) -> str:
    try:
        start, size = struct.unpack_from("<II", document, _FC_CLX)
        clx = table[start : start + size]
        position = 0
        while clx[position] == 1:  # properties
            position += 3 + struct.unpack_from("<H", clx, position + 1)[0]
        if clx[position] != 2:
            raise BrokenStorage
        (length,) = struct.unpack_from("<I", clx, position + 1)
        plc = clx[position + 5 : position + 5 + length]
        count = (len(plc) - 4) // 12
        places = struct.unpack_from(f"<{count + 1}I", plc)
        texts = []
        for index in range(count):
            (where,) = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * index + 2)
            texts.append(_piece(document, where, places[index + 1] - places[index], budget))
    except (struct.error, IndexError) as error:
        raise BrokenStorage from error
    return "".join(texts).translate(_MARKS)


def _piece(document: bytes, where: int, characters: int, budget: Budget) -> str:
    if characters < 0:
        raise BrokenStorage
    budget.unpacked(characters)  # many pieces may point at the same text
    if where & _COMPRESSED:
        start = (where & ~_COMPRESSED) // 2
        return document[start : start + characters].decode("cp1252", "replace")
    return document[where : where + 2 * characters].decode("utf-16-le", "replace")


def _strings(table: bytes) -> str:
    """Names, authors of revisions and comments, bookmarks: strings in UTF-16 among the tables."""
    found = re.findall(rb"(?:[\x20-\x7e\xa0-\xff]\0){6,}", table[: 1 << 20])
    return "\n".join(run.decode("utf-16-le") for run in found)
