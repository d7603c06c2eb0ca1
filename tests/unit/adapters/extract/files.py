"""Small files of formats that no library here writes, as small as their readers take them."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

_FREE, _END = 0xFFFFFFFF, 0xFFFFFFFE
_FAT = 0xFFFFFFFD
FONT = "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"


def compound(streams: Mapping[tuple[str, ...] | str, bytes]) -> bytes:
    """A compound file (MS-CFB): folders are the first parts of a path."""
    paths = {(path,) if isinstance(path, str) else path: octets for path, octets in streams.items()}
    folders = sorted({path[:depth] for path in paths for depth in range(1, len(path))})
    nodes: list[tuple[str, ...]] = [(), *folders, *paths]
    sectors: list[bytes] = []
    fat: list[int] = []

    small: list[bytes] = []  # the mini stream: streams shorter than 4096 octets, in sectors of 64
    small_table: list[int] = []

    def put_small(octets: bytes) -> int:
        first = len(small)
        for start in range(0, len(octets), 64):
            small.append(octets[start : start + 64].ljust(64, b"\0"))
            small_table.append(len(small))
        small_table[-1] = _END
        return first

    def put(octets: bytes) -> int:
        if not octets:
            return _END
        first = len(sectors)
        for start in range(0, len(octets), 512):
            sectors.append(octets[start : start + 512].ljust(512, b"\0"))
            fat.append(len(sectors))
        fat[-1] = _END
        return first

    starts = {
        path: put(octets) if len(octets) >= 4096 or not octets else put_small(octets) for path, octets in paths.items()
    }
    root = put(b"".join(small))
    packed_table = struct.pack(f"<{len(small_table)}I", *small_table)
    first_small = put(packed_table.ljust(-(-len(packed_table) // 512) * 512, b"\xff"))
    directory = b""
    for path in nodes:
        siblings = [other for other in nodes if other and other[:-1] == path[:-1]] if path else []
        place = siblings.index(path) if path else 0
        right = nodes.index(siblings[place + 1]) if path and place + 1 < len(siblings) else _FREE
        children = [other for other in nodes if other and other[:-1] == path]
        child = nodes.index(children[0]) if children else _FREE
        name = (path[-1] if path else "Root Entry").encode("utf-16-le")
        kind = 5 if not path else (2 if path in paths else 1)
        start = starts.get(path, root if not path else 0)
        directory += name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name) + 2, kind, 1, _FREE, right, child)
        directory += bytes(36) + struct.pack("<IQ", start, len(paths.get(path, b"")) if path else 64 * len(small))
    first_directory = put(directory.ljust(-(-len(directory) // 512) * 512, b"\0"))
    count = -(-(len(fat) + 1) // 127)
    table = [len(fat) + number for number in range(count)]
    fat += [_FAT] * count
    packed = struct.pack(f"<{len(fat)}I", *fat).ljust(count * 512, b"\xff")
    sectors += [packed[start : start + 512] for start in range(0, len(packed), 512)]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack(
        "<IIIIIIIII", 0, count, first_directory, 0, 4096, first_small, -(-len(packed_table) // 512), _END, 0
    )
    head += struct.pack("<109I", *(table + [_FREE] * (109 - len(table))))
    return head + b"".join(sectors)


def doc(text: str, *, flags: int = 0) -> bytes:
    """Word 97: one piece of 8-bit text and one in UTF-16."""
    half = len(text) // 2
    narrow, wide = text[:half].encode("cp1252"), text[half:].encode("utf-16-le")
    pieces = struct.pack("<3I", 0, half, len(text))
    pieces += struct.pack("<HIH", 0, 0x40000000 | 2 * 1024, 0) + struct.pack("<HIH", 0, 1536, 0)
    clx = b"\x01" + struct.pack("<H", 2) + b"xx" + b"\x02" + struct.pack("<I", len(pieces)) + pieces
    document = bytearray(2048)
    struct.pack_into("<HH", document, 0, 0xA5EC, 193)
    struct.pack_into("<H", document, 0x0A, 0x0200 | flags)
    struct.pack_into("<II", document, 0x1A2, 0, len(clx))
    document[1024 : 1024 + len(narrow)] = narrow
    document[1536 : 1536 + len(wide)] = wide
    return compound({"WordDocument": bytes(document), "1Table": clx})


def _atom(kind: int, data: bytes, version: int = 0) -> bytes:
    return struct.pack("<HHI", version, kind, len(data)) + data


def ppt(*atoms: tuple[int, bytes]) -> bytes:
    """PowerPoint 97: atoms in a slide."""
    inside = b"".join(_atom(kind, data) for kind, data in atoms)
    return compound({"PowerPoint Document": _atom(1006, inside, 15), "Current User": bytes(24)})


def workbook(sheets: Sequence[tuple[str, int, Sequence[str | float]]], extra: bytes = b"") -> bytes:
    """Excel 97: (name, visibility, cells of the first row) of each sheet; the stream of its workbook."""
    bodies = []
    for _, _, cells in sheets:
        body = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                body += _record(0x204, struct.pack("<HHHHB", 0, column, 0, len(cell), 0) + cell.encode("latin-1"))
            else:
                body += _record(0x203, struct.pack("<HHHd", 0, column, 0, cell))
        bodies.append(body + extra + _record(0x0A, b""))
    head = _record(0x809, struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0))
    size = len(head) + sum(4 + 8 + len(name) for name, _, _ in sheets) + 4
    bounds = b""
    for (name, visibility, _), body in zip(sheets, bodies, strict=True):
        bounds += _record(0x85, struct.pack("<IBBBB", size, visibility, 0, len(name), 0) + name.encode("latin-1"))
        size += len(body)
    return head + bounds + _record(0x0A, b"") + b"".join(bodies)


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def property_stream(number: int, value: str | bytes) -> tuple[str, bytes]:
    """The name and content of a property in a msg file."""
    if isinstance(value, str):
        return f"__substg1.0_{number:04X}001F", value.encode("utf-16-le")
    return f"__substg1.0_{number:04X}0102", value


def msg(properties: Mapping[tuple[str | int, ...], str | bytes]) -> bytes:
    """An Outlook message: a path ends in the number of a property."""
    streams: dict[tuple[str, ...] | str, bytes] = {"__properties_version1.0": bytes(32)}
    for (*folders, number), value in properties.items():
        name, octets = property_stream(int(number), value)
        streams[(*map(str, folders), name)] = octets
    return compound(streams)


def tnef(subject: str, body: bytes, files: Mapping[str, bytes]) -> bytes:
    """winmail.dat with a text in a property and attachments."""
    out = struct.pack("<IH", 0x223E9F78, 1) + _attribute(1, 0x18004, subject.encode() + b"\0")
    out += _attribute(1, 0x69003, _mapi([(0x1013, 0x0102, body)]))
    for name, content in files.items():
        out += (
            _attribute(2, 0x69002, bytes(14)) + _attribute(2, 0x18010, b"short.txt\0") + _attribute(2, 0x6800F, content)
        )
        out += _attribute(2, 0x69005, _mapi([(0x3707, 0x001F, name.encode("utf-16-le") + b"\0\0")]))
    return out


def _attribute(level: int, number: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _mapi(properties: Sequence[tuple[int, int, bytes]]) -> bytes:
    out = struct.pack("<I", len(properties))
    for number, kind, value in properties:
        out += struct.pack("<HHII", kind, number, 1, len(value)) + value.ljust(-(-len(value) // 4) * 4, b"\0")
    return out


def picture(text: str, kind: str = "PNG", *, size: tuple[int, int] = (900, 120), points: int = 32) -> bytes:
    """Black text on white."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 30), text, fill="black", font=ImageFont.truetype(FONT, points))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def pdf_of(objects: Sequence[bytes], *, root: int = 1, info: int = 0) -> bytes:
    """A PDF of these objects, numbered from 1."""
    out = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    told = b"/Info %d 0 R" % info if info else b""
    return out + b"trailer<</Size %d/Root %d 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, told, start)


def stream(data: bytes, more: bytes = b"") -> bytes:
    """An object with a stream."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), more, data)
