"""What a file is, by its content first and its name second."""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    TEXT = "text"
    HTML = "html"
    PDF = "pdf"
    OFFICE = "office"  # docx, xlsx, pptx: zip with XML (ECMA-376)
    OPEN_DOCUMENT = "open-document"  # odt, ods, odp (ISO 26300)
    ZIP = "zip"
    MAIL = "mail"
    IMAGE = "image"
    SIGNATURE = "signature"  # a detached S/MIME signature: no content of its own
    ENCRYPTED = "encrypted"
    UNKNOWN = "unknown"


_IMAGES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\0\0\1\0",
    b"\xd7\xcd\xc6\x9a",  # WMF
    b"8BPS",
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # OID 1.2.840.113549.1.7.2
_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"  # OID 1.2.840.113549.1.7.1
_DETACHED = (
    b"\x30\x0b" + _DATA,
    b"\x30\x80" + _DATA + b"\0\0",
)  # it names its content's type and holds none (RFC 5652)
_LONGEST_SIGNATURE = 32 * 1024
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body|svg)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL = re.compile(rb"(?:from |[a-z0-9-]{2,40}:[ \t])[^\n]{0,998}\n", re.IGNORECASE)
_MAIL_FIELD = re.compile(rb"^(?:mime-version|content-type|received|message-id|from):", re.IGNORECASE | re.MULTILINE)
_NAMES = {
    ".htm": Kind.HTML,
    ".html": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".svg": Kind.HTML,
    ".eml": Kind.MAIL,
}
_CONTROLS = bytes(octet for octet in range(32) if octet not in b"\t\n\r\f\x1b\x1a\x08")


def sniff(content: bytes, name: str, content_type: str = "") -> Kind:
    """The kind of a file that is not empty."""
    head = content[:4096]
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip_kind(content)
    if content.startswith(_OLE):
        # An office file with a password is an OLE container whose stream has this name in UTF-16.
        return Kind.ENCRYPTED if "EncryptedPackage".encode("utf-16-le") in content else Kind.UNKNOWN
    if _is_image(head):
        return Kind.IMAGE
    if head.startswith(b"-----BEGIN PGP MESSAGE-----"):
        return Kind.ENCRYPTED
    if content[:1] == b"\x30" and len(content) <= _LONGEST_SIGNATURE and _SIGNED_DATA in content[:40]:
        told = name.lower().endswith(".p7s") or "pkcs7-signature" in content_type
        return Kind.SIGNATURE if told and any(mark in content[:200] for mark in _DETACHED) else Kind.UNKNOWN
    if content.startswith(b"{\\rtf") or not is_text(content):
        return Kind.UNKNOWN
    return _text_kind(head, name.lower(), content_type)


def _text_kind(head: bytes, name: str, content_type: str) -> Kind:
    if content_type.startswith("message/rfc822") or content_type == "message/global":
        return Kind.MAIL
    by_name = next((kind for ending, kind in _NAMES.items() if name.endswith(ending)), None)
    if by_name is not None:
        return by_name
    if content_type == "text/html" or _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return Kind.HTML
    return Kind.MAIL if _MAIL.match(head) and len(_MAIL_FIELD.findall(head)) >= 2 else Kind.TEXT


def _zip_kind(content: bytes) -> Kind:
    if b"[Content_Types].xml" in content and (b"word/" in content or b"xl/" in content or b"ppt/" in content):
        return Kind.OFFICE
    return Kind.OPEN_DOCUMENT if content[30:38] == b"mimetype" else Kind.ZIP  # its first file, by rule


def _is_image(head: bytes) -> bool:
    if head.startswith(b"BM"):  # a text may begin so, too
        return len(head) > 18 and head[6:10] == b"\0\0\0\0"
    return (
        head.startswith(_IMAGES)
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"avif"))
        or (head[:4] == b"\1\0\0\0" and head[40:44] == b" EMF")
    )


def is_text(content: bytes) -> bool:
    """Whether a person could read it in an editor: UTF-16 with a mark, or octets without control characters."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return len(content.translate(None, _CONTROLS)) == len(content)
