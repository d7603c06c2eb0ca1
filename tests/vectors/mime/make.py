"""Makes the messages of this folder anew: `python tests/vectors/mime/make.py`. Each hides the same number in another way.

`outcomes.toml` beside them says what a scan must answer: "found" (the default policies seal it) or "unscannable" (another
policy seals it); never neither.
"""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SECRET = b"BSN 111222333"
B64 = base64.b64encode(SECRET + b"\r\n")
HEAD = b"From: Anna <anna@gemeente.example>\r\nTo: jan@elsewhere.example\r\nSubject: Vraag\r\nMIME-Version: 1.0\r\n"
MIXED = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
PLAIN = b"Content-Type: text/plain; charset=us-ascii\r\n\r\n"
HELLO = b"--b\r\n" + PLAIN + b"Hallo\r\n"


def html(text: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>" + text + b"</body></html>\r\n"


def attached(head: bytes, body: bytes) -> bytes:
    """A second part behind an innocent one."""
    return HEAD + MIXED + HELLO + b"--b\r\n" + head + b"\r\n" + body + b"\r\n--b--\r\n"


def zipped(name: str, content: bytes, *more: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, octets in ((name, content), *more):
            archive.writestr(zipfile.ZipInfo(each, (2026, 1, 1, 0, 0, 0)), octets, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def encoded(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


BINARY = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
WORD = zipped(
    "word/document.xml",
    b"<w:document xmlns:w='w'><w:p><w:r><w:t>BSN 1112</w:t></w:r><w:r><w:t>22333</w:t></w:r></w:p></w:document>",
    ("[Content_Types].xml", b"<Types/>"),
)
YENC = b"=ybegin line=128 size=13 name=x.txt\r\n" + bytes((c + 42) % 256 for c in SECRET) + b"\r\n=yend size=13\r\n"
EBCDIC = SECRET.decode().encode("cp037")
QP = b"Content-Transfer-Encoding: quoted-printable\r\n"

MESSAGES: dict[str, bytes] = {
    # header fields
    "duplicate-content-type": HEAD + b"Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n",
    "duplicate-encoding": HEAD + b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64,
    "comment-in-content-type": HEAD + b"Content-Type: multipart(x)/(y)mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n",
    "comment-in-encoding": HEAD + b"Content-Transfer-Encoding: base64 (really)\r\n\r\n" + B64,
    "encoding-with-semicolon": HEAD + b"Content-Transfer-Encoding: base64;\r\n\r\n" + B64,
    "blank-before-colon": HEAD + b"Content-Transfer-Encoding : base64\r\n\r\n" + B64,
    "folded-encoding": HEAD + b"Content-Transfer-Encoding:\r\n base64\r\n\r\n" + B64,
    "encoded-word-in-type": HEAD + b"Content-Type: =?us-ascii?Q?multipart/mixed?=; boundary=b\r\n\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n",
    "line-amid-headers": HEAD + b"no header line\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64,
    "continuation-only-blanks": HEAD + b"X-A: b\r\n \r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64,
    # boundaries
    "duplicate-boundary": HEAD + b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nHallo\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n--a--\r\n",
    "extended-boundary": HEAD + b"Content-Type: multipart/mixed; boundary=a; boundary*=''b\r\n\r\n--a\r\n\r\nHallo\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n--a--\r\n",
    "boundary-in-pieces": HEAD + b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n"
    b"--ab\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--ab--\r\n",
    "boundary-empty": HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n'
    b"--\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n----\r\n",
    "boundary-missing": HEAD + b"Content-Type: multipart/mixed\r\n\r\n"
    b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n",
    "boundary-with-tail": HEAD
    + MIXED
    + HELLO
    + b"--bjunk\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + B64
    + b"\r\n--b--\r\n",
    "boundary-reused-inside": HEAD + MIXED + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + B64 + b"\r\n--b--\r\n--b--\r\n",
    "unterminated": HEAD + MIXED + HELLO + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64,
    "after-the-end": HEAD
    + MIXED
    + HELLO
    + b"--b--\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + B64
    + b"\r\n--b--\r\n",
    "preamble": HEAD + MIXED + SECRET + b"\r\n" + HELLO + b"--b--\r\n",
    "epilogue": HEAD + MIXED + HELLO + b"--b--\r\n" + SECRET + b"\r\n",
    "encoded-multipart": HEAD
    + b"Content-Transfer-Encoding: base64\r\n"
    + MIXED
    + base64.encodebytes(b"--b\r\n\r\n" + SECRET + b"\r\n--b--\r\n").replace(b"\n", b"\r\n"),
    # transfer encodings
    "base64-with-junk": HEAD
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
    + b"!*".join(B64[i : i + 2] for i in range(0, len(B64), 2)),
    "base64-in-pieces": HEAD
    + b"Content-Transfer-Encoding: base64\r\n\r\n"
    + base64.b64encode(b"Hallo\r\n")
    + b"\r\n"
    + B64,
    "unknown-encoding": HEAD + b"Content-Transfer-Encoding: x-base64\r\n\r\n" + B64,
    "quoted-printable-soft": HEAD + QP + b"\r\nBSN 11=\r\n12=32=\r\n2333\r\n",
    "quoted-printable-broken": HEAD + QP + b"\r\nBSN 111=3Z222=333\r\n",
    "uuencode-body": HEAD + b"\r\nHallo\r\nbegin 644 x.txt\r\n-0E-.(#$Q,3(R,C,S,P  \r\n`\r\nend\r\n",
    "uuencode-base64-body": HEAD + b"\r\nHallo\r\nbegin-base64 644 x.txt\r\n" + B64 + b"\r\n====\r\n",
    "yenc-body": HEAD + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + YENC,
    "binhex-body": HEAD
    + b'\r\n(This file must be converted with BinHex 4.0)\r\n:#3"PFf0KE@8!8P4)9%9c)!3S!!!!!!0!!!:\r\n',
    # character sets
    "charset-utf-7": HEAD
    + b"Content-Type: text/plain; charset=utf-7\r\n\r\n"
    + b"BSN +ADEAMQAxADIAMgAyADMAMwAz-"
    + b"\r\n",
    "charset-utf-16": HEAD
    + b"Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + encoded(SECRET.decode().encode("utf-16-le")),
    "charset-ibm037": HEAD
    + b"Content-Type: text/plain; charset=ibm037\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + encoded(EBCDIC),
    "charset-ibm037-second-part": attached(
        b"Content-Type: text/plain; charset=ibm037\r\nContent-Transfer-Encoding: base64\r\n", encoded(EBCDIC)
    ),
    "charset-utf-7-second-part": attached(
        b"Content-Type: text/plain; charset=utf-7\r\n", b"BSN +ADEAMQAxADIAMgAyADMAMwAz-"
    ),
    "charset-jis-second-part": attached(
        b"Content-Type: text/plain; charset=iso-2022-jp\r\n", "BSN １１１２２２３３３".encode("iso2022_jp")
    ),
    "charset-ibm037-subject": HEAD.replace(b"Vraag", b"=?ibm037?B?" + base64.b64encode(EBCDIC) + b"?=")
    + b"\r\nHallo\r\n",
    "charset-ibm037-file-name": attached(
        b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename*=ibm037''"
        + "".join(f"%{octet:02X}" for octet in EBCDIC).encode()
        + b"\r\n",
        b"Hallo",
    ),
    # text
    "flowed-delsp": HEAD + b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nBSN 1112 \r\n22333\r\n",
    "flowed": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\nBSN 1112 22 \r\n333\r\n",
    "zero-width": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "BSN 111\u200b222\u2060333\r\n".encode(),
    "full-width": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "BSN １１１２２２３３３\r\n".encode(),
    # HTML
    "html-split-by-tags": html(b"BSN 111<b>222</b><span>333</span>"),
    "html-split-by-unknown-tags": html(b"BSN 111<x-y>222</x-y><blink>333</blink>"),
    "html-split-by-lines": html(b"BSN 111\r\n222\r\n   333"),
    "html-split-by-image": html(b'BSN 111<img width=0 height=0 src="cid:x">222<img>333'),
    "html-split-by-comment": html(b"BSN 111<!-- -->222<!-->333-->333"),
    "html-entities": html(b"BSN &#49;&#x31;1&#50;22&ZeroWidthSpace;333"),
    "html-comment": html(b"<!-- BSN 111222333 -->Hallo"),
    "html-attribute": html(b'<a title="BSN 111222333" href="#">Hallo</a>'),
    "html-hidden-by-css": html(b'<p style="display:none">BSN 111222333</p>Hallo'),
    "html-css-content": html(b'<style>p:before{content:"BSN 111222333"}</style><p>Hallo'),
    "html-data-url": html(b'<a href="data:text/plain;base64,' + base64.b64encode(SECRET) + b'">Hallo</a>'),
    "html-soft-hyphen": html(b"BSN 111&shy;222<wbr>333"),
    # encoded words and names
    "encoded-words-split": HEAD.replace(b"Vraag", b"=?utf-8?Q?BSN_111?=\r\n =?iso-8859-1?B?MjIy?= =?utf-8?Q?333?=")
    + b"\r\nHallo\r\n",
    "encoded-word-in-name": HEAD.replace(b"Anna <", b"=?utf-8?Q?BSN_111222333?= <") + b"\r\nHallo\r\n",
    "own-header-field": HEAD + b"Comments: BSN 111222333\r\n\r\nHallo\r\n",
    "part-description": attached(b"Content-Type: text/plain\r\nContent-Description: BSN 111222333\r\n", b"Hallo"),
    "file-name": attached(
        b'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="BSN 111222333.txt"\r\n', b"Hallo"
    ),
    "file-name-second": attached(
        b'Content-Type: text/plain; name="BSN 111222333.txt"\r\nContent-Disposition: attachment; filename=a.txt\r\n',
        b"Hallo",
    ),
    "file-name-in-pieces": attached(
        b'Content-Type: text/plain\r\nContent-Disposition: attachment; filename*0="BSN 111";\r\n filename*1="222333.txt"\r\n',
        b"Hallo",
    ),
    # attachments
    "nested-zip": attached(BINARY, encoded(zipped("a.zip", zipped("b.zip", zipped("c.txt", SECRET))))),
    "word-split-runs": attached(BINARY, encoded(WORD)),
    "zip-file-name": attached(BINARY, encoded(zipped("BSN 111222333.txt", b"Hallo"))),
    "winmail": attached(
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n",
        encoded(b"\x78\x9f\x3e\x22\x01\x00\x01" + SECRET),
    ),
    "message-partial": HEAD
    + b'Content-Type: message/partial; id="x"; number=1; total=2\r\n\r\nSubject: x\r\n\r\nBSN 1112',
    "external-body": HEAD + b"Content-Type: message/external-body; access-type=local-file; name=x\r\n\r\n"
    b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64,
    "attached-mail-base64": attached(
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n",
        encoded(b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + B64),
    ),
    "pdf-lies-about-type": attached(b"Content-Type: image/png\r\n", b"%PDF-1.4\r\n" + SECRET),
    "image-lies-about-content": attached(b"Content-Type: image/png; name=a.png\r\n", SECRET),
    "signature-with-content": attached(
        b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n",
        encoded(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x24\x80\x04\x0d" + SECRET + b"\x00\x00"),
    ),
}


def main() -> None:
    for name, message in MESSAGES.items():
        (HERE / f"{name}.eml").write_bytes(message)


if __name__ == "__main__":
    main()
