"""Texts and files that are written into a text; and texts that only look so."""

from __future__ import annotations

import base64
import binascii
import gzip
import time
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.extract.budget import Budget
from gateway.adapters.extract.encoded import read_encoded
from gateway.adapters.extract.extractor import extract
from gateway.core.limits import Limits
from gateway.core.parse import parse_whole
from tests.unit.adapters.extract.test_extractor import SECRET, docx, paragraph, zipped

LONG = (f"{SECRET} staat in dit bericht, dat lang genoeg is voor meer dan een regel. ".encode()) * 4
B64 = base64.b64encode
BINHEX = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def wrapped(octets: bytes, width: int = 76, before: bytes = b"", end: bytes = b"\r\n") -> bytes:
    return end.join(before + octets[start : start + width] for start in range(0, len(octets), width))


def uuencoded(octets: bytes, name: str = "a.txt") -> bytes:
    lines = b"".join(binascii.b2a_uu(octets[start : start + 45]) for start in range(0, len(octets), 45))
    return f"begin 644 {name}\n".encode() + lines + b"`\nend\n"


def yencoded(octets: bytes) -> bytes:
    written = bytes((octet + 42) % 256 for octet in octets)
    for sign in (b"=", b"\0", b"\n", b"\r"):
        written = written.replace(sign, b"=" + bytes([(sign[0] + 64) % 256]))
    return b"=ybegin line=128 size=%d name=a.txt\r\n%s\r\n=yend size=%d\r\n" % (len(octets), written, len(octets))


def binhexed(octets: bytes) -> bytes:
    head = b"\x05a.txt\0TEXTzegl\0\0" + len(octets).to_bytes(4, "big") + bytes(4) + b"\0\0"
    plain = (head + octets + bytes(4)).replace(b"\x90", b"\x90\0")
    packed = B64(plain).decode().rstrip("=").translate(str.maketrans(STANDARD, BINHEX))
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n:" + wrapped(packed.encode(), 64) + b":\r\n"


FOUND = {
    "base64": b"Zie " + B64(SECRET.encode()) + b" voor meer",
    "base64 without padding": B64(SECRET.encode()).rstrip(b"="),
    "base64 for addresses": base64.urlsafe_b64encode(f"{SECRET} \u00ff\u00fe??>>".encode()),
    "base64 in lines": b"Hallo,\r\n\r\n" + wrapped(B64(LONG)) + b"\r\n\r\nGroet, Anna",
    "base64 in quoted lines": wrapped(B64(LONG), 72, b"> "),
    "base64 of UTF-16": B64(SECRET.encode("utf-16-le")),
    "base64 of a zip": wrapped(B64(zipped({"a.txt": SECRET}))),
    "base64 of gzip": b"H: " + B64(gzip.compress(SECRET.encode())),
    "base64 of zlib": B64(zlib.compress(SECRET.encode() * 2)),
    "base64 of a docx": wrapped(B64(docx(**{"word/document.xml": paragraph(SECRET)}))),
    "base64 in JSON": b'{"file":"' + B64(LONG) + b'"}',
    "hex": SECRET.encode().hex().encode(),
    "hex in pairs": SECRET.encode().hex(" ").encode(),
    "hex escapes": "".join(f"\\x{octet:02x}" for octet in SECRET.encode()).encode(),
    "hex numbers": ", ".join(f"0x{octet:02X}" for octet in SECRET.encode()).encode(),
    "hex of a zip": zipped({"a.txt": SECRET}).hex().encode(),
    "percent": b"https://x/?q=" + quote(SECRET, safe="").encode(),
    "percent throughout": "".join(f"%{octet:02x}" for octet in SECRET.encode()).encode(),
    "entities": "".join(f"&#{octet};" for octet in SECRET.encode()).encode(),
    "JSON escapes": "".join(f"\\u{octet:04x}" for octet in SECRET.encode()).encode(),
    "quoted-printable": "".join(f"={octet:02X}" for octet in SECRET.encode()).encode(),
    "ascii85": base64.a85encode(SECRET.encode(), adobe=True),
    "uuencode": b"Hallo\n" + uuencoded(SECRET.encode()),
    "uuencoded zip": uuencoded(zipped({"a.txt": SECRET}), "a.zip"),
    "uuencode in base64": b"begin-base64 644 a.txt\n" + wrapped(B64(SECRET.encode())) + b"\n====\n",
    "yenc": yencoded(SECRET.encode()),
    "binhex": binhexed(SECRET.encode()),
}  # fmt: skip


def read(body: bytes, kind: bytes = b"text/plain") -> tuple[str, set[str]]:
    raw = b"Subject: x\r\nContent-Type: " + kind + b"; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body
    units, unscannable = extract(parse_whole(raw, Limits()), Limits())
    return "\n".join(text for _, text in units), {item.reason for item in unscannable}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_written_into_a_text_is_found(name: str) -> None:
    if name == "yenc":  # has octets of no character set
        budget = Budget(Limits())
        read_encoded("body", FOUND[name], budget, lambda place, _, content: budget.add(place, content.decode()))
        assert SECRET in budget.units[0][1]
        return
    text, unscannable = read(FOUND[name])
    assert SECRET in text
    assert unscannable == set()


@pytest.mark.parametrize("name", [name for name in FOUND if name.startswith(("base64", "hex", "percent"))])
def test_in_html_too(name: str) -> None:
    assert SECRET in read(b"<html><pre>" + FOUND[name] + b"</pre></html>", b"text/html")[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA", "encrypted"),
        (b"begin 644 a.doc\r\nM" + b"x" * 20, "ambiguous:uuencode"),
        (b"=ybegin line=128 size=3 name=a\r\nabc", "ambiguous:yenc"),
        (b"(This file must be converted with BinHex 4.0)\r\n\r\n:abc", "ambiguous:binhex"),
    ],
)
def test_what_can_not_be_decoded_is_told(body: bytes, reason: str) -> None:
    assert reason in read(body)[1]


PROSE = "De verantwoordelijkheidsverdeling tussen gemeenten blijft onduidelijk; zie https://www.voorbeeld.nl/pagina. "


def test_prose_stays_as_it_is() -> None:
    budget = Budget(Limits())
    read_encoded("body", PROSE.encode() * 50, budget, lambda *_: pytest.fail("no file is in it"))
    assert budget.units == []


def test_a_file_in_a_body_has_the_place_of_an_attachment() -> None:
    raw = b"Subject: x\r\n\r\n" + FOUND["uuencoded zip"]
    units, _ = extract(parse_whole(raw, Limits()), Limits())
    assert ("attachment:a.zip/a.txt", SECRET) in units


def test_packed_upon_packed_ends_at_a_depth() -> None:
    content = SECRET.encode()
    for _ in range(30):
        content = B64(gzip.compress(content))
    assert read(content)[1] == {"limit:nesting"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(FOUND)))
def test_nothing_raises(noise: bytes, name: str) -> None:
    start = time.monotonic()
    for content in (noise, FOUND[name][: len(noise)] + noise, noise + FOUND[name]):
        budget = Budget(Limits(), clock=lambda: start)
        read_encoded("body", content, budget, lambda *_: None)
