"""The same number as a program writes it: base64, gzip, hex, percent signs and escapes amid text, and files written into text."""

# ruff: noqa: E501 - one case, one line
from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import json
import lzma
import quopri
import zlib

from tests.vectors.evasions.case import HEAD, NUMBER, SECRET, Case, found, plain, unread

SENTENCE = f"Het BSN van de heer Jansen uit Utrecht is {NUMBER}, zie het dossier."
OCTETS = SENTENCE.encode()


def _wrapped(text: str, width: int = 40) -> str:
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


def _b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _yenc() -> bytes:
    packed = bytes((octet + 42) % 256 for octet in OCTETS)
    size = len(OCTETS)
    return b"=ybegin line=128 size=%d name=a.txt\r\n" % size + packed + b"\r\n=yend size=%d\r\n" % size


def _uuencoded() -> str:
    lines = [
        codecs.encode(OCTETS[start : start + 45], "uu").decode().split("\n")[1] for start in range(0, len(OCTETS), 45)
    ]
    return "begin 644 brief.txt\n" + "\n".join(lines) + "\n`\nend\n"


TEXTS = {
    "base64": _b64(OCTETS),
    "base64-short": f"Lees dit: {_b64(SECRET.encode())} en antwoord.",
    "base64-wrapped": _wrapped(_b64(OCTETS)),
    "base64-in-76": _wrapped(_b64(OCTETS * 4), 76),
    "base64-quoted": "\n".join(f"> {line}" for line in _wrapped(_b64(OCTETS)).split("\n")),
    "base64-without-padding": _b64(OCTETS).rstrip("="),
    "base64-url": base64.urlsafe_b64encode(b"\xff\xfe\xfb" + OCTETS).decode(),
    "base64-twice": _b64(_b64(OCTETS).encode()),
    "base64-utf-16": _b64(SENTENCE.encode("utf-16-le")),
    "base64-gzip": _b64(gzip.compress(OCTETS, mtime=0)),
    "base64-gzip-wrapped": _wrapped(_b64(gzip.compress(OCTETS, mtime=0))),
    "base64-zlib": _b64(zlib.compress(OCTETS)),
    "base64-bzip2": _b64(bz2.compress(OCTETS)),
    "base64-xz": _b64(lzma.compress(OCTETS)),
    "base64-deflate": _b64(zlib.compress(OCTETS)[2:-4]),
    "base32": base64.b32encode(OCTETS).decode(),
    "base85": base64.b85encode(OCTETS).decode(),
    "hex": OCTETS.hex(),
    "hex-capitals": OCTETS.hex().upper(),
    "hex-spaced": OCTETS.hex(" "),
    "hex-colons": OCTETS.hex(":"),
    "hex-0x": " ".join(f"0x{octet:02x}" for octet in OCTETS),
    "hex-dump": "\n".join(f"{start:08x}  {OCTETS[start : start + 16].hex(' ')}" for start in range(0, len(OCTETS), 16)),
    "hex-escapes": "".join(f"\\x{octet:02x}" for octet in OCTETS),
    "percent": "".join(f"%{octet:02X}" for octet in OCTETS),
    "percent-digits-only": "bsn=" + "".join(f"%{ord(digit):02X}" for digit in NUMBER),
    "percent-twice": "bsn=" + "".join(f"%25{ord(digit):02X}" for digit in NUMBER),
    "unicode-escapes": "bsn: " + "".join(f"\\u{ord(digit):04x}" for digit in NUMBER),
    "octal-escapes": "bsn: " + "".join(f"\\{ord(digit):03o}" for digit in NUMBER),
    "decimal-codes": " ".join(str(octet) for octet in OCTETS),
    "binary": " ".join(f"{octet:08b}" for octet in SECRET.encode()),
    "entities": "bsn " + "".join(f"&#{ord(digit)};" for digit in NUMBER),
    "entities-hex": "bsn " + "".join(f"&#x{ord(digit):x};" for digit in NUMBER),
    "quoted-printable": "".join(f"={octet:02X}" for octet in OCTETS),
    "utf-7": "BSN +" + _b64(NUMBER.encode("utf-16-be")).rstrip("=") + "-",
    "rot13": codecs.encode(SENTENCE, "rot13"),
    "reversed": SENTENCE[::-1],
    "morse": "BSN .---- .---- .---- ..--- ..--- ..--- ...-- ...-- ...--",
    "json": json.dumps({"persoon": {"naam": "Jansen", "bsn": int(NUMBER)}}),
    "json-escaped": json.dumps(json.dumps({"bsn": NUMBER})),
    "json-digits": json.dumps({"bsn": [int(digit) for digit in NUMBER]}),
    "xml": f'<persoon><bsn soort="nieuw">{NUMBER}</bsn></persoon>',
    "xml-parts": "<bsn><a>111</a><b>222</b><c>333</c></bsn>",
    "yaml": f"persoon:\n  bsn: !!str {NUMBER}\n",
    "sql": f"INSERT INTO patient (naam, bsn) VALUES ('Jansen', '{NUMBER}');",
    "url-query": f"https://dossier.example/zoek?bsn={NUMBER}&x=1",
    "url-path": f"https://dossier.example/bsn/{NUMBER}/inzien",
    "url-mailto": f"mailto:a@b.example?body=BSN%20{NUMBER}",
    "url-redirect": "https://r.example/?u=https%3A%2F%2Fdossier.example%2F%3Fbsn%3D" + NUMBER,
    "url-data": "data:text/plain;base64," + _b64(SECRET.encode()),
    "token": ".".join(base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in ('{"alg":"none"}', '{"bsn":"111222333"}', "")),
    "basic-auth": "Authorization: Basic " + _b64(f"bsn:{NUMBER}".encode()),
    "hl7": f"PID|1||{NUMBER}^^^NLMINBIZA^NNNLD||Jansen^Jan||19500101|M",
    "edifact": f"PNA+BSN+{NUMBER}'",
    "quoted-mail-in-qp": f"Content-Transfer-Encoding: quoted-printable\n\nBSN{quopri.encodestring(b' 111=222').decode()}=\n333",
    "pem": "-----BEGIN DATA-----\n" + _wrapped(_b64(OCTETS), 64) + "\n-----END DATA-----",
    "patch-binary": "diff --git a/x b/x\n+" + _b64(OCTETS),
}  # fmt: skip


def cases() -> dict[str, Case]:
    made = {f"coded-{name}": found(plain(text), "*") for name, text in TEXTS.items()}
    made["coded-uuencode"] = found(plain(_uuencoded()), "*")
    made["coded-yenc"] = found(HEAD + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + _yenc(), "*")
    made["coded-pgp-message"] = unread(
        plain(f"-----BEGIN PGP MESSAGE-----\n\n{_wrapped(_b64(OCTETS), 64)}\n=abcd\n-----END PGP MESSAGE-----"),
        "encrypted",
        "body",
    )
    made["coded-pgp-quoted"] = unread(
        plain(f"> -----BEGIN PGP MESSAGE-----\n> \n> {_b64(OCTETS)}\n> -----END PGP MESSAGE-----"), "encrypted", "body"
    )
    return made
