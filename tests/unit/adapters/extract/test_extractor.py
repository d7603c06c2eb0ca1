"""Every family of files, read or reported. The documents are built here, as small as they can be."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.extract.extractor import extract
from gateway.core.limits import Limits
from gateway.core.parse import parse_whole

SECRET = "BSN 111222333"
IMAGE = b"\x89PNG\r\n\x1a\n\0\0\0\0"


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    """A zip whose flags say that its file is encrypted."""
    data = bytearray(zipped({"a.txt": "x"}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def hidden_file() -> bytes:
    """A zip whose directory names the second file only."""
    one, two = zipped({"a.txt": SECRET}), zipped({"b.txt": "x"})
    return one[: one.index(b"PK\1\2")] + two


def pdf(page: bytes, note: bytes = b"") -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[6 0 R]>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(%s)>>" % note,
    ]
    out = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)


def paragraph(text: str) -> str:
    half = len(text) // 2  # Word cuts words into runs wherever it likes
    return f'<d xmlns:w="w"><w:p><w:r><w:t>{text[:half]}</w:t></w:r><w:r><w:t>{text[half:]}</w:t></w:r></w:p></d>'


def docx(**parts: str) -> bytes:
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": paragraph("x")} | parts)


def xlsx(**parts: str) -> bytes:
    return zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"} | parts)


def pptx(**parts: str) -> bytes:
    return zipped({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<p/>"} | parts)


def odf(kind: str, **parts: str) -> bytes:
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}"} | parts)


def extracted(name: str, content: bytes, limits: Limits | None = None) -> tuple[str, set[tuple[str, str]]]:
    """The text of an attachment with its nested files, and (place, reason) of what could not be read."""
    head = b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="%s"\r\n'
    raw = head % name.encode() + b"Content-Transfer-Encoding: binary\r\n\r\n"
    parsed = parse_whole(raw + b"x", Limits())
    part = parsed.message.parts[0]
    message = type(parsed.message)(
        **{**_fields(parsed.message), "parts": (type(part)(**{**_fields(part), "content": content}),)}
    )
    units, unscannable = extract(type(parsed)(message, (), (), 0), limits or Limits())
    text = "\n".join(text for place, text in units if place.startswith("attachment:"))
    return text, {(item.place.removeprefix("attachment:"), item.reason) for item in unscannable}


def _fields(thing: object) -> dict[str, object]:
    return {name: getattr(thing, name) for name in thing.__slots__}  # type: ignore[attr-defined]


READ = {
    "a.txt": SECRET.encode(),
    "utf16.txt": SECRET.encode("utf-16"),
    "a.csv": b"naam;nummer\r\nJan;" + SECRET.encode(),
    "a.ics": b"BEGIN:VCALENDAR\r\nSUMMARY:BSN 1112\r\n 22333\r\n",
    "a.vcf": b"BEGIN:VCARD\r\nNOTE;ENCODING=QUOTED-PRINTABLE:BSN=20111222333\r\n",
    "shown.html": b"<p>BSN 111<b>222</b><span>333</span></p>",
    "comment.html": b"<html><!-- BSN 111222333 --></html>",
    "attribute.html": b'<html><img alt="BSN 111222333"></html>',
    "page.pdf": pdf(b"BT /F1 12 Tf 20 200 Td (BSN 111222333) Tj ET"),
    "note.pdf": pdf(b"BT /F1 12 Tf 20 200 Td (x) Tj ET", b"BSN 111222333"),
    "body.docx": docx(**{"word/document.xml": paragraph(SECRET)}),
    "comments.docx": docx(**{"word/comments.xml": paragraph(SECRET)}),
    "header.docx": docx(**{"word/header1.xml": paragraph(SECRET)}),
    "deleted.docx": docx(**{"word/document.xml": f"<d><p><delText>{SECRET}</delText></p></d>"}),
    "properties.docx": docx(**{"docProps/core.xml": f"<c><title>{SECRET}</title></c>"}),
    "link.docx": docx(**{"word/_rels/document.xml.rels": '<R><r Target="https://x/?q=BSN 111222333"/></R>'}),
    "strings.xlsx": xlsx(**{"xl/sharedStrings.xml": f"<sst><si><t>{SECRET}</t></si></sst>"}),
    "cells.xlsx": xlsx(**{"xl/worksheets/sheet9.xml": f"<s><row><c><v>{SECRET}</v></c></row></s>"}),
    "sheet-name.xlsx": xlsx(**{"xl/workbook.xml": f'<w><sheet name="{SECRET}" state="veryHidden"/></w>'}),
    "slide.pptx": pptx(**{"ppt/slides/slide1.xml": f'<s xmlns:a="a"><a:p><a:t>{SECRET}</a:t></a:p></s>'}),
    "notes.pptx": pptx(**{"ppt/notesSlides/notesSlide1.xml": f'<s xmlns:a="a"><a:p><a:t>{SECRET}</a:t></a:p></s>'}),
    "a.odt": odf("text", **{"content.xml": f'<o xmlns:t="t"><t:p>{SECRET}</t:p></o>'}),
    "a.ods": odf("spreadsheet", **{"content.xml": f'<o xmlns:t="t"><t:p>{SECRET}</t:p></o>'}),
    "a.odp": odf("presentation", **{"meta.xml": f"<o><title>{SECRET}</title></o>"}),
    "a.zip": zipped({"b.txt": SECRET}),
    "nested.zip": zipped({"c.zip": zipped({"d.docx": docx(**{"word/document.xml": paragraph(SECRET)})})}),
    "a.eml": b"Subject: x\r\nFrom: a@b\r\n\r\n" + SECRET.encode(),
    "subject.eml": b"From: a@b\r\nSubject: =?utf-8?q?BSN_111222333?=\r\n\r\nx",
    "wrong-name.pdf": zipped({"b.txt": SECRET}),
    "zip-behind-text.txt": b"hello " + zipped({"b.txt": SECRET}),
}


@pytest.mark.parametrize("name", READ)
def test_the_text_is_found(name: str) -> None:
    text, _ = extracted(name, READ[name])
    assert SECRET in text


@pytest.mark.parametrize("name", [name for name in READ if name != "zip-behind-text.txt"])
def test_what_is_read_is_not_reported(name: str) -> None:
    assert extracted(name, READ[name])[1] == set()


REPORTED = {
    "a.png": (IMAGE, "a.png", "image"),
    "a.zip": (encrypted_zip(), "a.zip/a.txt", "encrypted"),
    "a.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "encrypted"),
    "a.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "a.doc", "broken"),
    "a.odt": (odf("text", **{"META-INF/manifest.xml": "<m><encryption-data/></m>"}), "a.odt", "encrypted"),
    "a.asc": (b"-----BEGIN PGP MESSAGE-----\r\n", "a.asc", "encrypted"),
    "a.bin": (bytes(range(256)), "a.bin", "unknown-type"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c\0\4", "a.7z", "broken"),
    "scan.pdf": (pdf(b""), "scan.pdf", "no-text"),
    "broken.pdf": (b"%PDF-1.4 nothing", "broken.pdf", "broken"),
    "broken.zip": (b"PK\3\4 nothing", "broken.zip", "broken"),
    "hidden.zip": (hidden_file(), "hidden.zip", "ambiguous:archive"),
    "nameless.zip": (zipped({"QQ": "x"}).replace(b"QQ", b"\0Q"), "nameless.zip", "broken"),
    "entities.docx": (
        docx(**{"word/document.xml": '<!DOCTYPE a [<!ENTITY b "BSN">]><a>&b;</a>'}),
        "entities.docx",
        "broken",
    ),
    "logo.docx": (
        docx(**{"word/media/image1.png": IMAGE.decode("latin-1")}),
        "logo.docx/word/media/image1.png",
        "unknown-type",
    ),
    "inner.zip": (zipped({"x/a.png": IMAGE}), "inner.zip/x/a.png", "image"),
}


@pytest.mark.parametrize("name", REPORTED)
def test_what_cannot_be_read_is_reported(name: str) -> None:
    content, place, reason = REPORTED[name]
    assert (place, reason) in extracted(name, content)[1]


BOMBS = {
    "ratio": (zipped({"a": b"0" * 5_000_000}), Limits(), "limit:ratio"),
    "size": (zipped({"a": b"0" * 900_000, "b": b"0" * 900_000}), Limits(unpacked_bytes=1_000_000), "limit:size"),
    "files": (zipped({f"{number}": "x" for number in range(30)}), Limits(files=20), "limit:files"),
    "text": (zipped({"a.txt": "x" * 900_000}), Limits(text_characters=1000), "limit:text"),
    "pages": (pdf(b""), Limits(pages=0), "limit:pages"),
    "time": (zipped({"a.txt": "x"}), Limits(seconds=-1), "limit:time"),
    "xml": (docx(**{"word/document.xml": f"<a>{'x' * 900_000}</a>"}), Limits(text_characters=1000), "limit:text"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_at_a_limit(name: str) -> None:
    content, limits, reason = BOMBS[name]
    assert reason in {told for _, told in extracted("bomb", content, limits)[1]}


def test_files_in_files_end_at_a_depth() -> None:
    content = zipped({"a.txt": SECRET})
    for _ in range(10):
        content = zipped({"n.zip": content})
    text, unscannable = extracted("n.zip", content)
    assert SECRET not in text
    assert {reason for _, reason in unscannable} == {"limit:nesting"}


def test_the_message_itself() -> None:
    raw = (
        b"Subject: onderwerp\r\nFrom: Jan <a@b>\r\nReceived: machine\r\nComments: remark\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n"
        b"Content-Disposition: attachment; filename=a.html\r\n\r\n<p>html\r\n--b--\r\nepilogue\r\n"
    )
    units, unscannable = extract(parse_whole(raw, Limits()), Limits())
    assert unscannable == ()
    texts = {place: [text for where, text in units if where == place] for place, _ in units}
    assert texts["subject"] == ["onderwerp"]
    assert "remark" in texts["header"][0]
    assert "machine" not in texts["header"][0]
    assert [text.strip() for text in texts["body"]] == ["epilogue", "text"]
    assert texts["attachment:a.html"][0].strip() == "html"


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"-----BEGIN PGP MESSAGE-----", "encrypted"), (b"x\r\nbegin 644 a.doc\r\n", "ambiguous:uuencode")],
)
def test_bodies_that_hide_something(body: bytes, reason: str) -> None:
    _, unscannable = extract(parse_whole(b"Subject: x\r\n\r\n" + body, Limits()), Limits())
    assert reason in {item.reason for item in unscannable}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(READ)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8))
def test_damaged_files_never_raise(name: str, damage: list[tuple[float, int]]) -> None:
    content = bytearray(READ[name])
    for where, octet in damage:
        content[int(where * (len(content) - 1))] = octet
    text, unscannable = extracted(name, bytes(content), Limits(unpacked_bytes=10_000_000))
    if content.startswith(b"PK\3\4"):  # a packed file is read or reported, never passed over
        assert text or unscannable
