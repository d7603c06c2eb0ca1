"""Formats that programs besides ours write: legacy Office, Outlook, RTF, archives of all kinds, S/MIME, mailboxes, XML."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import compressed_rtf
import libarchive
import pytest

from gateway.core.limits import Limits
from tests.unit.adapters.extract.files import compound, doc, msg, pdf_of, ppt, stream, tnef, workbook
from tests.unit.adapters.extract.test_extractor import SECRET, docx, extracted, xlsx, zipped

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
XML = b"<?xml version='1.0'?>"
WIDE = SECRET.encode("utf-16-le")


def written(kind: str, files: Mapping[str, bytes], filter_name: str | None = None, options: str = "") -> bytes:
    """An archive by libarchive itself."""
    pieces: list[bytes] = []

    def write(piece: bytes) -> int:
        pieces.append(bytes(piece))
        return len(piece)

    with libarchive.custom_writer(write, kind, filter_name, options=options) as archive:
        for name, content in files.items():
            archive.add_file_from_memory(name, len(content), content)
    return b"".join(pieces)


def tar_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def rtf(body: str) -> bytes:
    return ("{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}" + body + "}").encode("ascii")


def native(name: str, content: bytes) -> bytes:
    """What the packager embeds."""
    path = name.encode() + b"\0"
    body = b"\2\0" + path + path + b"\0\0\3\0" + struct.pack("<I", len(path)) + path
    body += struct.pack("<I", len(content)) + content
    return struct.pack("<I", len(body)) + body


def ole1(kind: bytes, data: bytes) -> bytes:
    name = kind + b"\0"
    head = struct.pack("<III", 0x501, 2, len(name)) + name + struct.pack("<II", 0, 0)
    return head + struct.pack("<I", len(data)) + data


def packed_rtf(source: bytes) -> bytes:
    return bytes(compressed_rtf.compress(source))


def der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    length = bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))
    return bytes([tag]) + length + body


def signed(content: bytes, *, in_pieces: bool = False) -> bytes:
    """S/MIME signed-data with its content inside, without a signer."""
    data, signed_data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
    octets = b"\x24\x80" + der(4, content[:9]) + der(4, content[9:]) + b"\0\0" if in_pieces else der(4, content)
    inside = b"\xa0\x80" + octets + b"\0\0" if in_pieces else der(0xA0, octets)
    info = b"\x30\x80" + data + inside + b"\0\0" if in_pieces else der(0x30, data, inside)
    return der(0x30, signed_data, der(0xA0, der(0x30, b"\x02\x01\x01", der(0x31), info, der(0x31))))


PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
SHOWN = stream(b"BT /F1 12 Tf 20 200 Td (x) Tj ET")
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def pdf(*more: bytes, catalog: bytes = b"", page: bytes = b"", info: int = 0) -> bytes:
    first = b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>"
    return pdf_of([first, PAGES, PAGE + page + b">>", SHOWN, FONT, *more], info=info)


def changed_pdf() -> bytes:
    """A page whose words were taken away by a later revision."""
    before = pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            PAGES,
            PAGE + b">>",
            stream(b"BT /F1 12 Tf 20 200 Td (" + SECRET.encode() + b") Tj ET"),
            FONT,
        ]
    )
    start = len(before)
    after = before + b"4 0 obj" + SHOWN + b" endobj\n"
    table = len(after)
    return after + b"xref\n4 1\n%010d 00000 n \ntrailer<</Size 6/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        start,
        int(before.rsplit(b"startxref\n", 1)[1].split()[0]),
        table,
    )


VALUE = b"(BSN 111222333)"
READ = {
    "word97.doc": doc("Voor de patient: " + SECRET),
    "object.doc": compound(
        {"WordDocument": bytes(2048), ("ObjectPool", "_1", "\x01Ole10Native"): native("a.txt", SECRET.encode())}
    ),
    "property.doc": compound(
        {"WordDocument": bytes(2048), "\x05SummaryInformation": b"\x1e\0\0\0" + SECRET.encode() + b"\0"}
    ),
    "slide.ppt": ppt((4000, WIDE)),
    "narrow.ppt": ppt((4008, SECRET.encode())),
    "comment.ppt": ppt((4026, WIDE)),
    "text.xls": compound({"Workbook": workbook([("A", 0, [SECRET])])}),
    "number.xls": compound({"Workbook": workbook([("BSN", 0, ["BSN", 111222333.0])])}),
    "hidden.xls": compound({"Workbook": workbook([("A", 0, ["x"]), ("B", 2, [SECRET])])}),
    "header.xls": compound(
        {
            "Workbook": workbook(
                [("A", 0, ["x"])], extra=struct.pack("<HHHB", 0x14, 3 + len(SECRET), len(SECRET), 0) + SECRET.encode()
            )
        }
    ),
    "subject.msg": msg({(0x0037,): SECRET}),
    "body.msg": msg({(0x1000,): SECRET}),
    "html.msg": msg({(0x1013,): b"<p>BSN 111<b>222</b>333</p>"}),
    "rtf.msg": msg({(0x1009,): packed_rtf(rtf(SECRET))}),
    "recipient.msg": msg({("__recip_version1.0_#00000000", 0x3001): SECRET}),
    "attachment.msg": msg(
        {("__attach_version1.0_#00000000", 0x3707): "a.txt", ("__attach_version1.0_#00000000", 0x3701): SECRET.encode()}
    ),
    "name.msg": msg(
        {("__attach_version1.0_#00000000", 0x3707): SECRET, ("__attach_version1.0_#00000000", 0x3701): b"x"}
    ),
    "nested.msg": msg({("__attach_version1.0_#00000000", "__substg1.0_3701000D", 0x1000): SECRET}),
    "winmail.dat": tnef("x", b"<p>" + SECRET.encode(), {}),
    "subject.dat": tnef(SECRET, b"", {}),
    "file.dat": tnef("x", b"", {"a.docx": docx(**{"word/document.xml": f"<d><p>{SECRET}</p></d>"})}),
    "plain.rtf": rtf("BSN 111{\\b 222}333"),
    "octets.rtf": rtf("\\'42\\'53\\'4e 111222333"),
    "unicode.rtf": rtf("\\u66 B\\u83 S\\u78 N 111222333"),
    "japanese.rtf": rtf("{\\f1 BSN 111222333 \\'83e\\'83X\\'83g}").replace(
        b"\\f0 Arial;", b"\\f1\\fcharset128 Gothic;"
    ),
    "header.rtf": rtf("{\\header " + SECRET + "}x"),
    "hidden.rtf": rtf("{\\v " + SECRET + "}x"),
    "cut-by-hidden.rtf": rtf("BSN 111{\\v niets}222333"),
    "comment.rtf": rtf("{\\*\\annotation " + SECRET + "}x"),
    "title-and-author.rtf": rtf("{\\info{\\title " + SECRET + "}{\\author 5}}x"),
    "title.rtf": rtf("{\\info{\\title " + SECRET + "}}x"),
    "object.rtf": rtf("{\\object{\\*\\objdata " + ole1(b"Package", native("a.txt", SECRET.encode())[4:]).hex() + "}}"),
    "compound.rtf": rtf("{\\object{\\*\\objdata " + ole1(b"Word.Document.8", doc("xx " + SECRET)).hex() + "}}"),
    "a.txt.gz": gzip.compress(SECRET.encode()),
    "two.gz": gzip.compress(b"BSN ") + gzip.compress(b"111222333"),
    "a.txt.bz2": bz2.compress(SECRET.encode()),
    "a.txt.xz": lzma.compress(SECRET.encode()),
    "a.zlib": zlib.compress(SECRET.encode()),
    "a.tar": tar_of({"a.txt": SECRET.encode()}),
    "two.tar": tar_of({"a.txt": b"x"}) + tar_of({"b.txt": SECRET.encode()}),
    "a.tgz": gzip.compress(tar_of({"a/b.txt": SECRET.encode()})),
    "a.7z": written("7zip", {"a.txt": SECRET.encode()}),
    "a.cpio": written("cpio_newc", {"a.txt": SECRET.encode()}),
    "a.iso": written("iso9660", {"a.txt": SECRET.encode()}),
    "a.ar": written("ar_svr4", {"a.txt": SECRET.encode()}),
    "a.tar.zst": written("ustar", {"a.txt": SECRET.encode()}, "zstd"),
    "a.xar": written("xar", {"a.txt": SECRET.encode()}),
    "deep.7z": written("7zip", {"a.zip": zipped({"b.tgz": gzip.compress(tar_of({"c.txt": SECRET.encode()}))})}),
    "smime.p7m": signed(b"Content-Type: text/plain\r\nMIME-Version: 1.0\r\n\r\n" + SECRET.encode()),
    "pieces.p7m": signed(b"Content-Type: text/plain\r\nMIME-Version: 1.0\r\n\r\n" + SECRET.encode(), in_pieces=True),
    "a.mbox": 2 * b"From a@b Mon Jan  1 00:00:00 2024\nSubject: x\nFrom: a@b\n\nx\n\n" + SECRET.encode(),
    "word2003.xml": XML + b"<d><p><t>BSN 111</t><t>222333</t></p></d>",
    "utf16.xml": "<?xml version='1.0' encoding='utf-16'?><a><b>BSN 111</b>222333</a>".encode("utf-16"),
    "flat.xml": XML + b"<p><binaryData>" + base64.b64encode(zipped({"a.txt": SECRET})) + b"</binaryData></p>",
    "row.xlsx": xlsx(
        **{
            "xl/worksheets/sheet1.xml": '<s><row><c t="s"><v>0</v></c><c><v>111222333</v></c></row></s>',
            "xl/sharedStrings.xml": "<sst><si><t>BSN</t></si></sst>",
        }
    ),
    "hidden.docx": docx(
        **{"word/document.xml": "<d><r><t>BSN 111</t></r><r><rPr><vanish/></rPr><t>en</t></r><r><t>222333</t></r></d>"}
    ),
    "deleted.docx": docx(
        **{"word/document.xml": "<d><r><t>BSN 111</t></r><r><delText>en</delText></r><r><t>222333</t></r></d>"}
    ),
    "variable.docx": docx(**{"word/settings.xml": f'<s xmlns:w="w"><w:docVar w:name="x" w:val="{SECRET}"/></s>'}),
    "strings.xlsb": xlsx(
        **{
            "xl/sharedStrings.bin": (
                bytes([19, 5 + 2 * len(SECRET), 0]) + struct.pack("<I", len(SECRET)) + WIDE
            ).decode("latin-1")
        }
    ),
    "field-without-place.pdf": pdf(b"<</FT/Tx/T(f)/V" + VALUE + b">>", catalog=b"/AcroForm<</Fields[6 0 R]>>"),
    "wide-string.pdf": pdf(b"<</FT/Tx/T(f)/V<" + ("\ufeff" + SECRET).encode("utf-16-be").hex().encode() + b">>>"),
    "object-stream.pdf": pdf(
        stream(zlib.compress(b"7 0 <</V" + VALUE + b">>"), b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode")
    ),
    "link.pdf": pdf(
        page=b"/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://x/?q=BSN 111222333)>>>>]"
    ),
    "bookmark.pdf": pdf(
        b"<</First 7 0 R/Last 7 0 R/Count 1>>",
        b"<</Parent 6 0 R/Title" + VALUE + b"/Dest[3 0 R/Fit]>>",
        catalog=b"/Outlines 6 0 R",
    ),
    "title.pdf": pdf(b"<</Title" + VALUE + b">>", info=6),
    "xmp.pdf": pdf(
        stream(b"<x:xmpmeta><dc:title>" + SECRET.encode() + b"</dc:title></x:xmpmeta>", b"/Type/Metadata/Subtype/XML"),
        catalog=b"/Metadata 6 0 R",
    ),
    "changed.pdf": changed_pdf(),
    "behind.pdf": pdf() + b"\n" + SECRET.encode(),
    "before.pdf": SECRET.encode() + b"\n" + pdf(),
    "behind.zip": zipped({"a.txt": "x"}) + SECRET.encode(),
    "behind.png": PNG + SECRET.encode(),
    "behind.gif": b"GIF89a\1\0\1\0\0\0\0;" + written("7zip", {"a.txt": SECRET.encode()}),
}


def test_an_octet_of_ascii_ends_a_character_of_two() -> None:
    assert "\u30c6\u30b9\u30c8" in extracted("a.rtf", READ["japanese.rtf"])[0]


IMAGES = {"behind.png", "behind.gif"}  # which are not read without OCR
APART = {"number.xls", "row.xlsx"}  # tabs stand between the cells
QUIET = {"object.doc", "property.doc"}  # the document in it is broken


@pytest.mark.parametrize("name", READ)
def test_the_text_is_found(name: str) -> None:
    text, unscannable = extracted(name, READ[name])
    assert re.search(rf"{SECRET}(?!\d)", text) or (name in APART and re.search(r"BSN\t+111222333", text))
    if name not in QUIET:
        assert unscannable == ({(name, "image")} if name in IMAGES else set())


REPORTED = {
    "locked.doc": (doc("x" * 40, flags=0x0100), "encrypted"),
    "locked.xls": (
        compound({"Workbook": struct.pack("<HH", 0x809, 16) + bytes(16) + struct.pack("<HHH", 0x2F, 2, 0)}),
        "encrypted",
    ),
    "locked.ppt": (ppt((12052, b"x")), "encrypted"),
    "broken.doc": (doc("x" * 40)[:1500], "broken"),
    "unknown.bin": (compound({"Contents9": b"x" * 600}), "unknown-type"),
    "cut.gz": (gzip.compress(bytes(5000))[:-9], "broken"),
    "cut.7z": (written("7zip", {"a.txt": bytes(5000)})[:60], "broken"),
    "cut.dat": (tnef("x", b"", {"a": b"y" * 99})[:-60], "broken"),
    "enveloped.p7m": (der(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", der(0xA0)), "encrypted"),
    "entities.xml": (
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'BSN'>]><a>&b; 111222333</a>",
        "ambiguous:entities",
    ),
}


@pytest.mark.parametrize("name", REPORTED)
def test_what_cannot_be_read_is_reported(name: str) -> None:
    content, reason = REPORTED[name]
    assert reason in {told for _, told in extracted(name, content)[1]}


def test_without_libarchive_its_archives_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.adapters.extract import libarchive_reader

    monkeypatch.setattr(libarchive_reader, "load", lambda: None)
    assert extracted("a.7z", READ["a.7z"])[1] == {("a.7z", "unknown-type")}


def test_messages_in_messages_end_at_a_depth() -> None:
    folders: tuple[str, ...] = ()
    for _ in range(12):
        folders = (*folders, "__attach_version1.0_#00000000", "__substg1.0_3701000D")
    content = msg({(*folders, 0x1000): SECRET})
    assert ("n.msg", "limit:nesting") in extracted("n.msg", content, Limits(nesting=4))[1]


@pytest.mark.parametrize("kind", ["ole", "msg"])
def test_a_stream_larger_than_its_file_is_no_stream(kind: str) -> None:
    """Found by fuzzing: a chain of sectors in a circle, as long as the size that the header tells."""
    content = (Path(__file__).parents[3] / "fuzz" / "corpus" / kind / "found-circle").read_bytes()
    assert ("a.doc", "broken") in extracted("a.doc", content)[1]
