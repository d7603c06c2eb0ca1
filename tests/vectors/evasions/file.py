"""Files of other kinds: RTF, TNEF, calendars, cards, mailboxes, tables, and texts under another name."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import base64
import plistlib
import struct

import compressed_rtf

from tests.vectors.evasions.case import HEAD, NUMBER, OTHER, SECRET, Case, attached, found, html, passing, unread
from tests.vectors.evasions.compound import doc
from tests.vectors.evasions.container import GIF
from tests.vectors.evasions.office import zipped

MAIL = HEAD + b"\r\n" + SECRET.encode() + b"\r\n"


def rtf(text: str) -> bytes:
    return rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}" + text.encode() + b"}"


def tnef(*attributes: tuple[int, int, bytes]) -> bytes:
    """winmail.dat of (level, id, octets) (MS-OXTNEF)."""
    out = struct.pack("<IH", 0x223E9F78, 1) + _attribute(1, 0x00089006, struct.pack("<I", 0x00010000))
    return out + b"".join(_attribute(*attribute) for attribute in attributes)


def _attribute(level: int, id_: int, octets: bytes) -> bytes:
    return struct.pack("<BII", level, id_, len(octets)) + octets + struct.pack("<H", sum(octets) & 0xFFFF)


def properties(*told: tuple[int, bytes]) -> bytes:
    """MAPI properties of variable length, by their tags."""
    return struct.pack("<I", len(told)) + b"".join(
        struct.pack("<HHII", tag & 0xFFFF, tag >> 16, 1, len(octets)) + octets + b"\0" * (-len(octets) % 4)
        for tag, octets in told
    )


_ATTACHMENT = ((2, 0x00069002, bytes(14)), (2, 0x00018010, b"a.zip\0"))
_OBJECT = (b"\1\5\0\0\2\0\0\0\x08\0\0\0Package\0" + bytes(8) + struct.pack("<I", 200) + zipped({"a.txt": SECRET})).hex()
FILES: dict[str, tuple[str, bytes]] = {
    "rtf": ("brief.rtf", rtf(SECRET)),
    "rtf-bold": ("brief.rtf", rtf(r"BSN 111{\b 222}\i 333")),
    "rtf-hexadecimal": ("brief.rtf", rtf("BSN " + "".join(rf"\'{ord(digit):02x}" for digit in NUMBER))),
    "rtf-unicode": ("brief.rtf", rtf("BSN " + "".join(rf"\u{ord(digit)}?" for digit in NUMBER))),
    "rtf-new-lines": ("brief.rtf", rtf("BSN 1\r\n1\r\n1\r\n2\r\n2\r\n2\r\n3\r\n3\r\n3")),
    "rtf-hyphens": ("brief.rtf", rtf(r"BSN 111\-222\_333")),
    "rtf-hidden": ("brief.rtf", rtf(rf"Dag {{\v {SECRET}}}")),
    "rtf-title": ("brief.rtf", rtf(rf"{{\info{{\title {SECRET}}}}}Dag")),
    "rtf-header": ("brief.rtf", rtf(rf"{{\header {SECRET}}}Dag")),
    "rtf-note": ("brief.rtf", rtf(rf"Dag{{\*\annotation {SECRET}}}")),
    "rtf-footnote": ("brief.rtf", rtf(rf"Dag{{\footnote {SECRET}}}")),
    "rtf-link": ("brief.rtf", rtf(rf'{{\field{{\*\fldinst HYPERLINK "https://a.example/?bsn={NUMBER}"}}{{\fldrslt hier}}}}')),
    "rtf-deleted": ("brief.rtf", rtf(rf"Dag {{\deleted {SECRET}}}")),
    "rtf-cells": ("brief.rtf", rtf(r"\trowd BSN\cell 111222333\cell\row")),
    "rtf-unknown-destination": ("brief.rtf", rtf(rf"Dag{{\*\iets {SECRET}}}")),
    "rtf-after-the-end": ("brief.rtf", rtf("Dag") + SECRET.encode()),
    "rtf-object": ("brief.rtf", rtf(rf"Dag{{\object\objemb{{\*\objdata {_OBJECT}}}}}")),
    "rtf-named-doc": ("brief.doc", rtf(SECRET)),
    "rtf-without-version": ("brief.rtf", rtf(SECRET).replace(rb"\rtf1", rb"\rt")),
    "tnef-body": ("winmail.dat", tnef((1, 0x0002800C, f"Dag Jan, {SECRET}\0".encode()))),
    "tnef-subject": ("winmail.dat", tnef((1, 0x00018004, f"{SECRET}\0".encode()))),
    "tnef-property": ("winmail.dat", tnef((1, 0x00069003, properties((0x1000001F, SECRET.encode("utf-16-le") + b"\0\0"))))),
    "tnef-html": ("winmail.dat", tnef((1, 0x00069003, properties((0x10130102, b"<html>BSN 111<b>222</b>333</html>"))))),
    "tnef-rtf": ("winmail.dat", tnef((1, 0x00069003, properties((0x10090102, compressed_rtf.compress(rtf(r"BSN 111{\b 222}333"))))))),
    "tnef-attachment": ("winmail.dat", tnef(*_ATTACHMENT, (2, 0x0006800F, zipped({"a.txt": SECRET})))),
    "tnef-attachment-name": ("winmail.dat", tnef(_ATTACHMENT[0], (2, 0x00018010, f"{SECRET}.txt\0".encode()), (2, 0x0006800F, b"x"))),
    "tnef-long-name": ("winmail.dat", tnef(*_ATTACHMENT, (2, 0x0006800F, b"x"), (2, 0x00069005, properties((0x3707001F, f"{SECRET}.txt\0".encode("utf-16-le")))))),
    "tnef-other-name": ("brief.txt", tnef((1, 0x0002800C, f"Dag Jan, {SECRET}\0".encode()))),
    "calendar-folded": ("a.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:BSN 111\r\n 222\r\n 333\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
    "calendar-escapes": ("a.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:BSN\\n111222333\\n\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
    "calendar-attachment": ("a.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:" + base64.b64encode(SECRET.encode()) + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
    "calendar-own-field": ("a.ics", f"BEGIN:VCALENDAR\r\nX-BSN:{NUMBER}\r\nEND:VCALENDAR\r\n".encode()),
    "card-printable": ("a.vcf", b"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:BSN=20111=\r\n222=33=33=33\r\nEND:VCARD\r\n"),
    "card-photo": ("a.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE;ENCODING=b:" + base64.b64encode(SECRET.encode()) + b"\r\nEND:VCARD\r\n"),
    "mailbox": ("archief.mbox", b"From a@b Wed Nov 25 09:00:00 2026\r\nSubject: Dag\r\n\r\nDag\r\n\r\nFrom a@b Wed Nov 25 09:00:01 2026\r\n" + HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(SECRET.encode()) + b"\r\n"),
    "mailbox-from-quoted": ("archief.mbox", b"From a@b Wed Nov 25 09:00:00 2026\r\nSubject: Dag\r\n\r\n>From hier: BSN 111222333\r\n"),
    "mailbox-apple": ("bericht.emlx", b"%d\n" % len(MAIL) + MAIL + b'<?xml version="1.0"?><plist/>'),
    "mail-named-txt": ("bericht.txt", MAIL.replace(SECRET.encode(), base64.b64encode(SECRET.encode())).replace(b"MIME-Version", b"Content-Transfer-Encoding: base64\r\nMIME-Version")),
    "mail-without-ending": ("bericht", MAIL),
    "mail-web-archive": ("pagina.mht", b'From: a\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>BSN 111=\r\n222=33=33=33</p>\r\n--b--\r\n'),
    "csv": ("lijst.csv", f"naam;bsn\r\nJansen;{NUMBER}\r\nDe Vries;{OTHER}\r\n".encode()),
    "csv-quoted": ("lijst.csv", b'"naam","bsn"\r\n"Jansen","111.222.333"\r\n'),
    "csv-column-each-digit": ("lijst.csv", f"bsn;{';'.join(NUMBER)}\r\n".encode()),
    "csv-header-far-above": ("lijst.csv", b"naam;bsn\r\n" + b"".join(b"Persoon %d;onbekend\r\n" % n for n in range(60)) + b"Jansen;111222333\r\n"),
    "csv-many-without-header": ("lijst.csv", b"\r\n".join(b"Persoon %d;%s" % (n, passing(213456780 + 7919 * n, 1)[0].encode()) for n in range(6))),
    "csv-utf-16": ("lijst.csv", f"naam\tbsn\r\nJansen\t{NUMBER}\r\n".encode("utf-16")),
    "csv-dos": ("lijst.csv", f"naam;bsn\r\nAndré;{NUMBER}\r\n".encode("cp850")),
    "text-utf-16-unmarked": ("a.txt", SECRET.encode("utf-16-le")),
    "text-utf-16-big": ("a.txt", SECRET.encode("utf-16-be")),
    "text-utf-32": ("a.txt", SECRET.encode("utf-32")),
    "text-ebcdic": ("a.txt", SECRET.encode("cp037")),
    "text-with-nul": ("a.txt", b"BSN 111\x00222\x00333"),
    "text-named-jpg": ("foto.jpg", SECRET.encode()),
    "text-named-exe": ("start.exe", SECRET.encode()),
    "text-named-pdf": ("stuk.pdf", SECRET.encode()),
    "text-behind-nul": ("a.bin", bytes(64) + SECRET.encode() + bytes(64)),
    "text-wide-behind-nul": ("a.bin", bytes(64) + SECRET.encode("utf-16-le") + bytes(64)),
    "text-in-base64": ("a.b64", base64.encodebytes(SECRET.encode() * 4)),
    "text-in-hexadecimal": ("a.hex", SECRET.encode().hex().encode()),
    "html-named-txt": ("a.txt", b"<html><p>BSN 111<b>222</b>333</p></html>"),
    "html-without-head": ("a.html", b"Dag <i>Jan</i>, BSN 111<b>222</b>333"),
    "html-utf-16": ("a.html", "<html><p>BSN 111<b>222</b>333</p></html>".encode("utf-16")),
    "xml-entities": ("a.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "111222333">]><a>BSN &b;</a>'),
    "xml-encoded": ("a.xml", '<?xml version="1.0" encoding="utf-16"?><a><bsn>111222333</bsn></a>'.encode("utf-16")),
    "xml-attribute": ("a.xml", b'<?xml version="1.0"?><patient bsn="111222333"/>'),
    "json-escapes": ("a.json", b'{"bsn": "\\u0031\\u0031\\u0031222\\u0033\\u0033\\u0033"}'),
    "property-list": ("a.plist", plistlib.dumps({"bsn": NUMBER}, fmt=plistlib.FMT_BINARY)),
    "shortcut": ("a.url", f"[InternetShortcut]\r\nURL=https://a.example/?bsn={NUMBER}\r\n".encode()),
    "script": ("a.py", b"bsn = '111' '222' '333'\n"),
    "sqlite-like": ("a.db", b"SQLite format 3\0" + bytes(84) + f"Jansen bsn {NUMBER}".encode() + bytes(50)),
    "postscript": ("a.ps", b"%!PS-Adobe-3.0\n/F findfont 12 scalefont setfont 20 20 moveto (BSN 111222333) show showpage\n"),
    "tex": ("a.tex", rb"\documentclass{letter}\begin{document}BSN 111\,222\,333\end{document}"),
    "notebook": ("a.ipynb", b'{"cells": [{"cell_type": "markdown", "source": ["BSN ", "111222333"]}]}'),
    "subtitles": ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nBSN 111222333\n"),
    "sound-tag": ("a.mp3", b"ID3\3\0\0\0\0\0\x1e" + b"TIT2\0\0\0\x0e\0\0\0" + SECRET.encode() + bytes(20)),
    "doc-in-zip": ("a.zip", zipped({"brief.doc": doc(f"{SECRET}\r")})),
}  # fmt: skip


UNKNOWN = (  # a program's own format, or octets with text amid them
    "text-utf-16-unmarked",
    "text-utf-16-big",
    "text-with-nul",
    "text-behind-nul",
    "text-wide-behind-nul",
    "property-list",
    "sqlite-like",
    "sound-tag",
)


def cases() -> dict[str, Case]:
    made = {f"file-{name}": found(attached(*file), "attachment:*") for name, file in FILES.items()}
    for name in UNKNOWN:
        made[f"file-{name}"] = unread(made[f"file-{name}"].raw, "unknown-type", "attachment:*")
    for name, content in {"picture": GIF, "nothing": b"", "sound": b"ID3\3" + bytes(40)}.items():
        made[f"file-name-of-{name}"] = found(attached(f"bsn_{NUMBER}.bin", content), "attachment:*")
    made["file-name-tells"] = found(attached(f"bsn_{NUMBER}.txt", b"Dag"), "attachment:*")
    made["file-name-tells-with-dots"] = found(attached("bsn 111.222.333.txt", b"Dag"), "attachment:*")
    made["file-name-number-body-label"] = found(
        html("Bijgaand het burgerservicenummer.").replace(b"Subject: Vraag", b"Subject: BSN van Jansen")
        + b"\r\nbegin 644 111222333.txt\r\n`\r\nend\r\n"
    )
    return made
