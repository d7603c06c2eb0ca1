"""Files that unpack to more than anybody could read, one for each way of packing: each ends at a limit, and soon."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib

import pytest

from gateway.core.limits import Limits
from tests.unit.adapters.extract.files import compound, pdf_of, stream
from tests.unit.adapters.extract.test_extractor import docx, extracted, odf, zipped
from tests.unit.adapters.extract.test_formats import FONT, PAGE, PAGES, rtf, tar_of, written

ZEROS = bytes(20_000_000)
PACKED = zlib.compress(ZEROS)
SMALL = Limits(unpacked_bytes=8_000_000)
LAUGHS = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '&a{n - 1};&a{n - 1};'>" for n in range(1, 40)) + "]>"
)
SVG = LAUGHS.replace("DOCTYPE a", "DOCTYPE svg")


def sparse_tar() -> bytes:
    """A file of 8 GiB, of which nothing is stored (GNU's old format)."""
    head = bytearray(512)
    head[:1], head[100:108], head[124:136] = b"a", b"0000644\0", b"00000000000\0"
    head[156:157], head[257:265] = b"S", b"ustar  \0"
    head[483:495] = b"77777777777\0"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + bytes(1024)


def pdf(content: bytes, filters: bytes, *, pages: int = 1) -> bytes:
    kids = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" 3 0 R" * pages, pages)
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", kids, PAGE + b">>", stream(content, b"/Filter" + filters), FONT])


def endless_pdf() -> bytes:
    """Pages that contain each other."""
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2000000000>>"])


def nested(levels: int, width: int) -> bytes:
    """Zips in zips, each several times."""
    content = zipped({"0": bytes(100_000)})
    for _ in range(levels):
        content = zipped({str(number): content for number in range(width)})
    return content


def ole_loop() -> bytes:
    """Word's piece table tells the same text 100,000 times."""
    pieces = struct.pack("<1001I", *range(0, 1001 * 60_000, 60_000))
    pieces += struct.pack("<HIH", 0, 0x40000000, 0) * 1000
    clx = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    document = bytearray(61_000)
    struct.pack_into("<HH", document, 0, 0xA5EC, 193)
    struct.pack_into("<H", document, 0x0A, 0x0200)
    struct.pack_into("<II", document, 0x1A2, 0, len(clx))
    return compound({"WordDocument": bytes(document), "1Table": clx})


BOMBS = {
    "zip ratio": (zipped({"a": ZEROS}), SMALL, "limit:ratio"),
    "zips in zips": (nested(12, 1), Limits(), "limit:nesting"),
    "many zips in zips": (nested(4, 12), Limits(), "limit:files"),
    "gzip": (gzip.compress(ZEROS), Limits(), "limit:ratio"),
    "gzip size": (gzip.compress(ZEROS), Limits(unpacked_bytes=500_000), "limit:size"),
    "bzip2": (bz2.compress(ZEROS), Limits(), "limit:ratio"),
    "xz": (lzma.compress(ZEROS), Limits(), "limit:ratio"),
    "zlib": (zlib.compress(ZEROS), Limits(), "limit:ratio"),
    "7z": (written("7zip", {"a": ZEROS}), Limits(), "limit:ratio"),
    "zstd": (written("ustar", {"a": ZEROS}, "zstd"), Limits(), "limit:ratio"),
    "tar size": (tar_of({"a": ZEROS}), SMALL, "limit:size"),
    "tar files": (tar_of({str(number): b"" for number in range(300)}), Limits(files=200), "limit:files"),
    "sparse tar": (sparse_tar(), Limits(), "limit:ratio"),
    "iso files": (written("iso9660", {f"{number}.txt": b"x" for number in range(50)}), Limits(files=20), "limit:files"),
    "mails in a mailbox": (b"From a@b Mon Jan 1\nA: b\n\nx\n" * 300, Limits(files=200), "limit:files"),
    "entities in docx": (docx(**{"word/document.xml": LAUGHS + "<a>&a39;</a>"}), Limits(), "broken"),
    "entities in odt": (odf("text", **{"content.xml": LAUGHS + "<a>&a39;</a>"}), Limits(), "broken"),
    "entities in svg": ((SVG + "<svg>&a39;</svg>").encode(), Limits(), "ambiguous:entities"),
    "entities in xml": (("<?xml version='1.0'?>" + LAUGHS + "<a>&a39;</a>").encode(), Limits(), "ambiguous:entities"),
    "deep xml": (docx(**{"word/document.xml": "<a>" * 300_000}), Limits(), "broken"),
    "pdf pages": (pdf(b"", b"[]", pages=30), Limits(pages=20), "limit:pages"),
    "pdf stream": (pdf(zlib.compress(ZEROS), b"/FlateDecode"), SMALL, "limit:size"),
    "pdf stream twice": (pdf(zlib.compress(zlib.compress(ZEROS)), b"[/FlateDecode/FlateDecode]"), SMALL, "limit:size"),
    "pdf object stream": (
        pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", PAGES, PAGE + b">>", stream(b""), FONT,
                stream(zlib.compress(ZEROS), b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode")]),
        SMALL,
        "limit:size",
    ),
    "ppt object": (
        compound({"PowerPoint Document": struct.pack("<HHI", 0x10, 4113, 4 + len(PACKED)) + bytes(4) + PACKED}),
        Limits(),
        "limit:ratio",
    ),
    "word's pieces": (ole_loop(), SMALL, "limit:size"),
    "rtf picture": (rtf("{\\pict " + "00" * 5_000_000 + "}"), Limits(unpacked_bytes=1_000_000), "limit:size"),
    "text": (b"x" * 2_000_000, Limits(text_characters=1_000_000), "limit:text"),
    "text in html": (b"<html>" + b"x" * 2_000_000, Limits(text_characters=1_000_000), "limit:text"),
    "seconds": (zipped({"a.txt": "x"}), Limits(seconds=-1), "limit:time"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_it_ends_at_its_limit(name: str) -> None:
    content, limits, reason = BOMBS[name]
    assert reason in {told for _, told in extracted("bomb", content, limits)[1]}


ENDLESS = {
    "pages in pages": endless_pdf(),
    "a huge page": pdf(b"BT /F1 12 Tf 20 200 Td (x) Tj ET", b"[]").replace(b"0 0 300 300", b"0 0 9e9 9e9"),
    "one long line": b"a" * 10_000_000,
    "one long line of base64": b"QUJD" * 2_000_000 + b"!",
    "braces": b"{\\rtf1" + b"{" * 1_000_000 + b"x",
    "a negative length": b"{\\rtf1\\bin-5 x\\bin99999999999 y}",
    "a gzip in itself": gzip.compress(b"\x1f\x8b\x08" * 100),
    "a tar without an end": tar_of({"a": b"x"})[:600],
    "a broken rar": b"Rar!\x1a\x07\x01\x00" + bytes(1000),
    "a broken cab": b"MSCF\0\0\0\0" + b"\xff" * 1000,
    "a broken tnef": b"\x78\x9f\x3e\x22\0\0" + b"\1\3\x90\6\0\xff\xff\xff\x7f" * 100,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_it_ends(name: str) -> None:
    text, unscannable = extracted("bomb", ENDLESS[name])
    assert text or unscannable
