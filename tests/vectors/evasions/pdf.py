"""PDF files (ISO 32000), written by hand so that each keeps the number in another of its rooms."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence

from tests.vectors.evasions.case import NUMBER, SECRET, Case, attached, found, unread
from tests.vectors.evasions.office import zipped
from tests.vectors.evasions.picture import drawn

_PASSWORD_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def stream(octets: bytes, more: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (more, len(octets), octets)


def written(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """The file: objects 1, 2, ... of which the first is the catalogue."""
    out = b"%PDF-1.7\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start, count = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    return out + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, start)


def pdf(page: bytes = b"BT /F1 12 Tf 20 200 Td (Dag Jan) Tj ET", *more: bytes, catalogue: bytes = b"", on_page: bytes = b"", resources: bytes = b"", trailer: bytes = b"", contents: bytes = b"") -> bytes:  # fmt: skip
    """One page; `more` are the objects from 6 on."""
    return written(
        [
            b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 400]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>%s>>%s>>"
            % (resources, on_page),
            contents or stream(page),
            FONT,
            *more,
        ],
        trailer,
    )


def shown(operators: str) -> bytes:
    return pdf(f"BT /F1 12 Tf 20 200 Td {operators} ET".encode())


def _rc4(key: bytes, octets: bytes) -> bytes:
    state, j, i, out = list(range(256)), 0, 0, bytearray()
    for n in range(256):
        j = (j + state[n] + key[n % len(key)]) & 255
        state[n], state[j] = state[j], state[n]
    j = 0
    for octet in octets:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        out.append(octet ^ state[(state[i] + state[j]) & 255])
    return bytes(out)


def locked(password: bytes) -> bytes:
    """The standard security handler of 40 bits (algorithms 1 to 4). With an empty password every reader opens it."""
    padded = (password + _PASSWORD_PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + b"\xfc\xff\xff\xff" + b"0" * 16).digest()[:5]
    page = f"BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET".encode()
    sealed = _rc4(hashlib.md5(key + b"\4\0\0\0\0").digest()[:10], page)
    handler = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<%s><%s>]" % (
        owner.hex().encode(),
        _rc4(key, _PASSWORD_PADDING).hex().encode(),
        (b"0" * 16).hex().encode(),
        (b"0" * 16).hex().encode(),
    )
    return pdf(contents=stream(sealed), trailer=handler)


def _picture(text: str) -> bytes:
    width, height, rows = drawn(text)
    image = stream(
        zlib.compress(rows, 9),
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode"
        % (width, height),
    )
    return pdf(b"q %d 0 0 %d 20 100 cm /I Do Q" % (width * 2 // 3, height * 2 // 3), image, resources=b"/XObject<</I 6 0 R>>")  # fmt: skip


def _with_page_text(page: bytes) -> bytes:
    """A scan with a harmless text layer: the picture holds the number."""
    width, height, rows = drawn(SECRET)
    image = stream(
        zlib.compress(rows, 9),
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode"
        % (width, height),
    )
    return pdf(b"q %d 0 0 %d 20 100 cm /I Do Q " % (width * 2 // 3, height * 2 // 3) + page, image, resources=b"/XObject<</I 6 0 R>>")  # fmt: skip


def _own_letters() -> bytes:
    """A font whose codes mean nothing without its ToUnicode map, as most writers make it."""
    mapping = "\n".join(f"<{n + 1:02x}> <{ord(sign):04x}>" for n, sign in enumerate(SECRET))
    cmap = f"/CIDInit /ProcSet findresource begin begincmap /CMapName /x def 1 begincodespacerange <00> <ff> endcodespacerange {len(SECRET)} beginbfchar\n{mapping}\nendbfchar endcmap end"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 7 0 R>>"
    page = b"BT /F2 12 Tf 20 200 Td <%s> Tj ET" % bytes(range(1, len(SECRET) + 1)).hex().encode()
    return pdf(page, font, stream(cmap.encode()), resources=b"/Font<</F2 6 0 R>>").replace(
        b"/Font<</F1 5 0 R>>/Font", b"/Font"
    )


_UTF_16 = (b"\xfe\xff" + SECRET.encode("utf-16-be")).hex().encode()
_PLACED = " ".join(f"1 0 0 1 {20 + 7 * place} 200 Tm ({digit}) Tj" for place, digit in enumerate("BSN " + NUMBER))
_BACKWARDS = " ".join(
    f"1 0 0 1 {100 + 7 * place} 200 Tm ({digit}) Tj" for place, digit in reversed(list(enumerate(NUMBER)))
)
_BOXES = " ".join(f"1 0 0 1 {60 + 30 * place} 200 Tm ({digit}) Tj" for place, digit in enumerate(NUMBER))
_FILE = b"/Names<</EmbeddedFiles<</Names[(a)6 0 R]>>>>"
_SPEC = b"<</Type/Filespec/F(a.bin)/UF(a.bin)/EF<</F 7 0 R>>>>"

FILES: dict[str, bytes] = {
    "text": shown(f"({SECRET}) Tj"),
    "kerned": shown("[(BSN 11)-20(12)30(22)-10(333)] TJ"),
    "hexadecimal": shown(f"<{SECRET.encode().hex()}> Tj"),
    "octal": shown("(" + "".join(f"\\{ord(sign):03o}" for sign in SECRET) + ") Tj"),
    "string-continued": shown("(BSN 111\\\n222\\\n333) Tj"),
    "letter-by-letter": shown(_PLACED),
    "backwards": shown(f"1 0 0 1 20 200 Tm (BSN) Tj {_BACKWARDS}"),
    "form-boxes": shown(f"1 0 0 1 20 200 Tm (BSN) Tj {_BOXES}"),
    "wrapped": shown("(Het BSN is 1112) Tj 0 -14 Td (22333) Tj"),
    "vertical": shown("(BSN) Tj " + " ".join(f"0 -14 Td ({digit}) Tj" for digit in NUMBER)),
    "word-spacing": shown(f"20 Tc ({SECRET}) Tj"),
    "white": shown(f"1 1 1 rg ({SECRET}) Tj"),
    "invisible": shown(f"3 Tr ({SECRET}) Tj"),
    "tiny": shown(f"/F1 0.1 Tf ({SECRET}) Tj"),
    "off-page": shown(f"-5000 -5000 Td ({SECRET}) Tj"),
    "rotated": pdf(f"BT /F1 12 Tf 0 1 -1 0 200 20 Tm ({SECRET}) Tj ET".encode()),
    "page-rotated": pdf(f"BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET".encode(), on_page=b"/Rotate 90"),
    "mirrored": pdf(f"BT /F1 12 Tf -1 0 0 1 300 200 Tm ({SECRET}) Tj ET".encode()),
    "actual-text": pdf(f"BT /F1 12 Tf 20 200 Td /Span <</ActualText ({SECRET})>> BDC (x) Tj EMC ET".encode()),
    "deflated": pdf(contents=stream(zlib.compress(f"BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET".encode()), b"/Filter/FlateDecode")),
    "deflated-twice": pdf(contents=stream(zlib.compress(zlib.compress(f"BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET".encode())), b"/Filter[/FlateDecode/FlateDecode]")),
    "ascii-hex": pdf(contents=stream(f"BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET".encode().hex().encode() + b">", b"/Filter/ASCIIHexDecode")),
    "form-object": pdf(b"/X Do", stream(f"BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET".encode(), b"/Type/XObject/Subtype/Form/BBox[0 0 600 400]/Resources<</Font<</F1 5 0 R>>>>"), resources=b"/XObject<</X 6 0 R>>"),
    "own-letters": _own_letters(),
    "hidden-layer": pdf(f"/OC /L BDC BT /F1 12 Tf 20 200 Td ({SECRET}) Tj ET EMC".encode(), b"<</Type/OCG/Name(x)>>", catalogue=b"/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>", resources=b"/Properties<</L 6 0 R>>"),
    "layer-name": pdf(b"BT ET", f"<</Type/OCG/Name({SECRET})>>".encode(), catalogue=b"/OCProperties<</OCGs[6 0 R]/D<<>>>>"),
    "form-field": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Widget/FT/Tx/T(naam)/V({SECRET})/Rect[9 9 99 30]>>".encode(), catalogue=b"/AcroForm<</Fields[6 0 R]>>", on_page=b"/Annots[6 0 R]"),
    "form-field-name": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Widget/FT/Tx/T(bsn)/V({NUMBER})/Rect[9 9 99 30]>>".encode(), catalogue=b"/AcroForm<</Fields[6 0 R]>>", on_page=b"/Annots[6 0 R]"),
    "form-field-off-page": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</FT/Tx/T(x)/V({SECRET})>>".encode(), catalogue=b"/AcroForm<</Fields[6 0 R]>>"),
    "form-field-default": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Widget/FT/Tx/T(x)/DV({SECRET})/Rect[9 9 99 30]>>".encode(), catalogue=b"/AcroForm<</Fields[6 0 R]>>", on_page=b"/Annots[6 0 R]"),
    "form-choice": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Widget/FT/Ch/T(x)/Opt[({SECRET})(b)]/Rect[9 9 99 30]>>".encode(), catalogue=b"/AcroForm<</Fields[6 0 R]>>", on_page=b"/Annots[6 0 R]"),
    "note": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Text/Contents({SECRET})/Rect[9 9 30 30]>>".encode(), on_page=b"/Annots[6 0 R]"),
    "note-wide": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", b"<</Type/Annot/Subtype/Text/Contents<%s>/Rect[9 9 30 30]>>" % _UTF_16, on_page=b"/Annots[6 0 R]"),
    "note-rich": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", b"<</Type/Annot/Subtype/FreeText/RC(<body><p>BSN 111<b>222</b>333</p></body>)/Rect[9 9 99 30]>>", on_page=b"/Annots[6 0 R]"),
    "note-appearance": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", b"<</Type/Annot/Subtype/Stamp/AP<</N 7 0 R>>/Rect[9 9 300 30]>>", stream(f"BT /F1 12 Tf 2 2 Td ({SECRET}) Tj ET".encode(), b"/Type/XObject/Subtype/Form/BBox[0 0 300 30]/Resources<</Font<</F1 5 0 R>>>>"), on_page=b"/Annots[6 0 R]"),
    "note-author": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Text/T({SECRET})/Contents(x)/Rect[9 9 30 30]>>".encode(), on_page=b"/Annots[6 0 R]"),
    "link": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://a.example/?bsn={NUMBER})>>/Rect[9 9 99 30]>>".encode(), on_page=b"/Annots[6 0 R]"),
    "file": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", _SPEC, stream(SECRET.encode(), b"/Type/EmbeddedFile"), catalogue=_FILE),
    "file-zip": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", _SPEC, stream(zipped({"a.txt": SECRET}), b"/Type/EmbeddedFile"), catalogue=_FILE),
    "file-name": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", _SPEC.replace(b"a.bin", SECRET.encode()), stream(b"x", b"/Type/EmbeddedFile"), catalogue=_FILE),
    "file-description": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", _SPEC[:-2] + f"/Desc({SECRET})>>".encode(), stream(b"x", b"/Type/EmbeddedFile"), catalogue=_FILE),
    "file-of-note": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", _SPEC, stream(SECRET.encode(), b"/Type/EmbeddedFile"), b"<</Type/Annot/Subtype/FileAttachment/FS 6 0 R/Rect[9 9 30 30]>>", on_page=b"/Annots[8 0 R]"),
    "title": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Title({SECRET})>>".encode(), trailer=b"/Info 6 0 R"),
    "keywords": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Keywords({SECRET})>>".encode(), trailer=b"/Info 6 0 R"),
    "own-property": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", f"<</Dossier({SECRET})>>".encode(), trailer=b"/Info 6 0 R"),
    "metadata": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", stream(f"<?xpacket?><x:xmpmeta><dc:title>{SECRET}</dc:title></x:xmpmeta>".encode(), b"/Type/Metadata/Subtype/XML"), catalogue=b"/Metadata 6 0 R"),
    "bookmark": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>", f"<</Title({SECRET})/Parent 6 0 R>>".encode(), catalogue=b"/Outlines 6 0 R"),
    "script": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", catalogue=f"/OpenAction<</S/JavaScript/JS(app.alert\\('{SECRET}'\\))>>".encode()),
    "page-label": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", catalogue=f"/PageLabels<</Nums[0<</P({SECRET})>>]>>".encode()),
    "xfa": pdf(b"BT /F1 12 Tf 20 300 Td (Dag) Tj ET", stream(f"<xdp:xdp><bsn>{SECRET}</bsn></xdp:xdp>".encode()), catalogue=b"/AcroForm<</Fields[]/XFA 6 0 R>>"),
    "overwritten": shown(f"({SECRET}) Tj") + b"\n" + shown("(Dag) Tj"),
    "comment": shown("(Dag) Tj").replace(b"%PDF-1.7\n", f"%PDF-1.7\n% {SECRET}\n".encode()),
    "after-the-end": shown("(Dag) Tj") + SECRET.encode(),
    "before-the-start": SECRET.encode() + b"\n" + shown("(Dag) Tj"),
    "broken-table": shown(f"({SECRET}) Tj").replace(b"startxref", b"startxxxx"),
    "no-password": locked(b""),
    "picture": _picture(SECRET),
    "picture-beside-text": _with_page_text(b"BT /F1 12 Tf 20 300 Td (Dag Jan, zie onder) Tj ET"),
}  # fmt: skip


def cases() -> dict[str, Case]:
    made = {f"pdf-{name}": found(attached("stuk.pdf", content), "attachment:*") for name, content in FILES.items()}
    made["pdf-password"] = unread(attached("stuk.pdf", locked(b"geheim")), "encrypted", "attachment:*")
    return made
