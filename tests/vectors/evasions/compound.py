"""Compound files (MS-CFB) and what lies in them: doc, xls, ppt, msg, and office files with a password. As small as they may be."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import struct
from collections.abc import Mapping

import compressed_rtf

from tests.vectors.evasions.case import NUMBER, SECRET, Case, attached, found, unread
from tests.vectors.evasions.office import docx, zipped

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096


def _padded(octets: bytes, size: int) -> bytes:
    return octets + b"\0" * (-len(octets) % size)


def _chain(start: int, count: int) -> list[int]:
    return [*range(start + 1, start + count), _END] if count else []


def compound(files: Mapping[str, bytes]) -> bytes:
    """A compound file of version 3; a slash in a name makes a storage. Small streams lie in the mini stream, as they must."""
    storages = sorted({name.rpartition("/")[0] for name in files if "/" in name})
    names = ["", *storages, *files]
    small, small_table, large, table = b"", list[int](), b"", list[int]()
    places: dict[str, tuple[int, int]] = {}
    for name, octets in files.items():
        if len(octets) < _CUTOFF:
            places[name] = (len(small_table) if octets else _END, len(octets))
            small_table += _chain(len(small_table), -(-len(octets) // _MINI))
            small += _padded(octets, _MINI)
        else:
            places[name] = (len(table), len(octets))
            table += _chain(len(table), -(-len(octets) // _SECTOR))
            large += _padded(octets, _SECTOR)
    parts = []
    for octets in (small, struct.pack(f"<{len(small_table)}I", *small_table)):
        parts.append(len(table) if octets else _END)
        table += _chain(len(table), -(-len(octets) // _SECTOR))
        large += _padded(octets, _SECTOR) if octets is small else octets + b"\xff" * (-len(octets) % _SECTOR)
    children = {storage: [n for n in names[1:] if n.rpartition("/")[0] == storage] for storage in ("", *storages)}
    directory = b""
    for name in names:
        kind = 5 if not name else 1 if name in storages else 2
        start, size = (parts[0], len(small)) if not name else places.get(name, (0, 0))
        siblings = (
            sorted(children[name.rpartition("/")[0]], key=lambda n: (len(n.rpartition("/")[2]), n.upper()))
            if name
            else []
        )
        after = siblings.index(name) + 1 if name else 0
        right = names.index(siblings[after]) if 0 < after < len(siblings) else _FREE
        own = sorted(children.get(name, []), key=lambda n: (len(n.rpartition("/")[2]), n.upper()))
        child = names.index(own[0]) if own else _FREE
        label = (name.rpartition("/")[2] or "Root Entry").encode("utf-16-le") + b"\0\0"
        directory += struct.pack(
            "<64sHBBIII16sIQQIQ", label, len(label), kind, 1, _FREE, right, child, b"", 0, 0, 0, start, size
        )
    directory = _padded(directory, _SECTOR)
    first_directory = len(table)
    table += _chain(first_directory, len(directory) // _SECTOR)
    fat_sectors = 1
    while len(table) + fat_sectors > fat_sectors * 128:
        fat_sectors += 1
    first_fat = len(table)
    table += [_FAT] * fat_sectors
    table += [_FREE] * (fat_sectors * 128 - len(table))
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"",
        0x3E,
        3,
        0xFFFE,
        9,
        6,
        b"",
        0,
        fat_sectors,
        first_directory,
        0,
        _CUTOFF,
        parts[1],
        -(-len(small_table) // 128),
        _END,
        0,
        first_fat,
    )
    head += struct.pack("<108I", *(first_fat + n if 0 < n < fat_sectors else _FREE for n in range(1, 109)))
    return head + large + directory + struct.pack(f"<{len(table)}I", *table)


def doc(text: str, *, wide: bool = False, more: Mapping[str, bytes] | None = None) -> bytes:
    """Word 97: a file information block, the text, and a table of one piece (MS-DOC)."""
    octets = text.encode("utf-16-le" if wide else "cp1252")
    block = bytearray(0x400)
    struct.pack_into("<HHH", block, 0, 0xA5EC, 0x00C1, 0)
    struct.pack_into("<H", block, 0x0A, 0x0200)
    struct.pack_into("<II", block, 0x18, 0x400, 0x400 + len(octets))
    struct.pack_into("<H", block, 0x20, 14)
    struct.pack_into("<H", block, 0x3E, 22)
    struct.pack_into("<I", block, 0x4C, len(text))
    struct.pack_into("<H", block, 0x98, 0x5D)
    piece = struct.pack("<IIHIH", 0, len(text), 0, 0x400 if wide else (0x400 * 2) | 0x40000000, 0)
    table = b"\x02" + struct.pack("<I", len(piece)) + piece
    struct.pack_into("<II", block, 0x1A2, 0, len(table))
    return compound({"WordDocument": bytes(block) + _padded(octets, 4096), "1Table": table} | dict(more or {}))


def _record(kind: int, octets: bytes) -> bytes:
    return struct.pack("<HH", kind, len(octets)) + octets


def xls(
    cells: bytes,
    strings: tuple[str, ...] = (),
    *,
    state: int = 0,
    name: str = "Blad1",
    more: bytes = b"",
    lock: bytes = b"",
) -> bytes:
    """Excel 97: the workbook's globals and one sheet (MS-XLS)."""
    start = (
        _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 0x07CC, 0, 6))
        + lock
        + _record(0x42, struct.pack("<H", 1200))
    )
    table = struct.pack("<II", len(strings), len(strings)) + b"".join(
        struct.pack("<HB", len(text), 1) + text.encode("utf-16-le") for text in strings
    )
    label = struct.pack("<BB", state, 0) + struct.pack("<BB", len(name), 0) + name.encode("latin-1")
    sheet_at = len(start) + 4 + 4 + len(label) + 4 + len(table) + 4
    head = start + _record(0x85, struct.pack("<I", sheet_at) + label) + _record(0xFC, table) + _record(0x0A, b"")
    sheet = (
        _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 0x07CC, 0, 6)) + cells + more + _record(0x0A, b"")
    )
    return compound({"Workbook": _padded(head + sheet, 4096)})


def _text_cell(row: int, column: int, string: int) -> bytes:
    return _record(0xFD, struct.pack("<HHHI", row, column, 0, string))


def _number_cell(row: int, column: int, number: float) -> bytes:
    return _record(0x0203, struct.pack("<HHHd", row, column, 0, number))


def ppt(kind: int, octets: bytes, container: int = 0x03E8) -> bytes:
    """PowerPoint 97: one text record in a container (MS-PPT)."""
    atom = struct.pack("<HHI", 0, kind, len(octets)) + octets
    stream = struct.pack("<HHI", 0x0F, container, len(atom)) + atom
    user = struct.pack("<HHIIIIHHBBHI", 0, 0x0FF6, 20, 20, 0xE391C05F, 0, 0, 0x03F4, 3, 0, 0, 8)
    return compound({"PowerPoint Document": stream, "Current User": user})


def msg(files: Mapping[str, bytes]) -> bytes:
    """An Outlook message (MS-OXMSG): properties by their tags."""
    base = {"__properties_version1.0": bytes(32), "__substg1.0_001A001F": "IPM.Note".encode("utf-16-le")}
    return compound(base | dict(files))


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


_RTF = rb"{\rtf1\ansi BSN 111{\b 222}333}"
_ATTACHED = "__attach_version1.0_#00000000/"
FILES: dict[str, tuple[str, bytes]] = {
    "doc": ("brief.doc", doc(f"Dag Jan, het {SECRET}.\r")),
    "doc-wide": ("brief.doc", doc(f"Dag Jan, het {SECRET}.\r", wide=True)),
    "doc-field": ("brief.doc", doc(f'Dag \x13 HYPERLINK "https://a.example/?bsn={NUMBER}" \x14hier\x15\r')),
    "doc-cells": ("brief.doc", doc("BSN\x07111222333\x07\x07\r")),
    "doc-soft-hyphen": ("brief.doc", doc("BSN 111\x1f222\x1e333\r")),
    "doc-object": ("brief.doc", doc("Dag\r", more={"ObjectPool/Package": zipped({"a.txt": SECRET})})),
    "doc-named-pdf": ("brief.pdf", doc(f"Dag Jan, het {SECRET}.\r")),
    "xls-strings": ("lijst.xls", xls(_text_cell(0, 0, 0), (SECRET,))),
    "xls-number": ("lijst.xls", xls(_text_cell(0, 0, 0) + _number_cell(0, 1, 111222333.0), ("BSN",))),
    "xls-cell-each-digit": ("lijst.xls", xls(_text_cell(0, 0, 0) + b"".join(_number_cell(0, n + 1, float(d)) for n, d in enumerate(NUMBER)), ("BSN",))),
    "xls-hidden-sheet": ("lijst.xls", xls(_text_cell(0, 0, 0), (SECRET,), state=2)),
    "xls-sheet-name": ("lijst.xls", xls(b"", name=SECRET)),
    "xls-unused-string": ("lijst.xls", xls(b"", (SECRET,))),
    "xls-header": ("lijst.xls", xls(b"", more=_record(0x14, struct.pack("<HB", len(SECRET), 0) + SECRET.encode()))),
    "ppt-bytes": ("dia.ppt", ppt(0x0FA8, SECRET.encode())),
    "ppt-wide": ("dia.ppt", ppt(0x0FA0, _wide(SECRET))),
    "ppt-notes": ("dia.ppt", ppt(0x0FA0, _wide(SECRET), 0x03F0)),
    "ppt-string": ("dia.ppt", ppt(0x0FBA, _wide(SECRET))),
    "msg-subject": ("bericht.msg", msg({"__substg1.0_0037001F": _wide(SECRET)})),
    "msg-body": ("bericht.msg", msg({"__substg1.0_1000001F": _wide(f"Dag Jan,\r\n{SECRET}")})),
    "msg-body-narrow": ("bericht.msg", msg({"__substg1.0_1000001E": f"Dag Jan,\r\n{SECRET}".encode()})),
    "msg-html": ("bericht.msg", msg({"__substg1.0_10130102": b"<html>BSN 111<b>222</b>333</html>"})),
    "msg-rtf": ("bericht.msg", msg({"__substg1.0_10090102": compressed_rtf.compress(_RTF)})),
    "msg-attachment": ("bericht.msg", msg({f"{_ATTACHED}__substg1.0_37010102": zipped({"a.txt": SECRET}), f"{_ATTACHED}__substg1.0_3707001F": _wide("a.zip")})),
    "msg-attachment-name": ("bericht.msg", msg({f"{_ATTACHED}__substg1.0_37010102": b"x", f"{_ATTACHED}__substg1.0_3707001F": _wide(f"{SECRET}.txt")})),
    "msg-recipient-name": ("bericht.msg", msg({"__recip_version1.0_#00000000/__substg1.0_3001001F": _wide(SECRET)})),
    "unknown-stream": ("iets.bin", compound({"Contents": _wide(SECRET)})),
}  # fmt: skip
LOCKED = {
    "docx-password": ("brief.docx", compound({"EncryptedPackage": bytes(range(256)) * 2, "EncryptionInfo": b"\x04\0\x04\0\x40\0\0\0"})),
    "doc-password": ("brief.doc", doc("\xe3\x12\x55 onleesbaar\r")),
    "xls-password": ("lijst.xls", xls(b"", ("x",), lock=_record(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48)))),
}  # fmt: skip


def cases() -> dict[str, Case]:
    made = {f"compound-{name}": found(attached(*file), "attachment:*") for name, file in FILES.items()}
    document = bytearray(LOCKED["doc-password"][1])
    document[document.index(b"\xec\xa5\xc1\0") + 0x0B] |= 0x01  # fEncrypted
    made["compound-doc-password"] = unread(attached("brief.doc", bytes(document)), "encrypted", "attachment:*")
    for name in ("docx-password", "xls-password"):
        made[f"compound-{name}"] = unread(attached(*LOCKED[name]), "encrypted", "attachment:*")
    made["compound-docx-in-doc"] = found(
        attached("brief.doc", doc("Dag\r", more={"ObjectPool/x": docx(f"<w:p><w:r><w:t>{SECRET}</w:t></w:r></w:p>")})),
        "attachment:*",
    )
    return made
