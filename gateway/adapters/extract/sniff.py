"""What a file is, by its content first and its name second."""

from __future__ import annotations

import re
from enum import Enum


class Kind(Enum):
    TEXT = "text"
    XML = "xml"  # any vocabulary without a kind of its own: Word and Excel 2003, Flat ODF, Flat OPC, feeds
    HTML = "html"
    RTF = "rtf"
    PDF = "pdf"
    OFFICE = "office"  # docx, xlsx, pptx: zip with XML (ECMA-376)
    OPEN_DOCUMENT = "open-document"  # odt, ods, odp (ISO 26300)
    OLE = "ole"  # doc, xls, ppt, msg: compound files (MS-CFB)
    ZIP = "zip"
    COMPRESSED = "compressed"  # one stream: gzip, bzip2, xz, zlib
    TAR = "tar"
    ARCHIVE = "archive"  # what libarchive reads: 7z, rar, cab, lha, cpio, iso, zstd ...
    MAIL = "mail"
    MAILBOX = "mailbox"  # mbox: mails one after another
    TNEF = "tnef"  # winmail.dat
    SIGNED = "signed"  # S/MIME with its content inside
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
    b"\0\0\0\x0cjP  \r\n\x87\n",
)
_COMPRESSED = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0")
_ARCHIVES = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"MSCF\0\0\0\0",
    b"\x28\xb5\x2f\xfd",  # zstd
    b"\x04\x22\x4d\x18",  # lz4
    b"\x1f\x9d",  # compress
    b"LZIP",
    b"\x89LZO\0",
    b"070701",
    b"070702",
    b"070707",
    b"\xc7\x71",
    b"xar!\0",
    b"!<arch>\n",
    b"\xed\xab\xee\xdb",  # rpm
)
_TNEF = b"\x78\x9f\x3e\x22"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # OID 1.2.840.113549.1.7.2
_ENVELOPED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"  # OID 1.2.840.113549.1.7.1
_DETACHED = (
    b"\x30\x0b" + _DATA,
    b"\x30\x80" + _DATA + b"\0\0",
)  # it names its content's type and holds none (RFC 5652)
_LONGEST_SIGNATURE = 32 * 1024
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype (?:html|svg)|html|head|body|svg)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"\s*<\?xml[\s]")
_XML_UTF16 = ("<?xml".encode("utf-16-le"), "<?xml".encode("utf-16-be"))
_MAIL = re.compile(rb"(?:from |[a-z0-9-]{2,40}:[ \t])[^\n]{0,998}\n", re.IGNORECASE)
_MAIL_FIELD = re.compile(rb"^(?:mime-version|content-type|received|message-id|from):", re.IGNORECASE | re.MULTILINE)
_MAILBOX = re.compile(rb"From \S{1,200} [^\n]{0,200}\n[A-Za-z0-9-]{1,70}:")
_NAMES = {
    ".htm": Kind.HTML,
    ".html": Kind.HTML,
    ".xhtml": Kind.HTML,
    ".svg": Kind.HTML,
    ".eml": Kind.MAIL,
}
_CONTROLS = bytes(octet for octet in range(32) if octet not in b"\t\n\r\f\x1b\x1a\x08")


_MARKED_UP = ("text/html", "text/enriched", "text/richtext")  # RFC 1896 and 1341 have tags, too


def sniff(content: bytes, name: str, content_type: str = "") -> Kind:
    """The kind of a file that is not empty."""
    head = content[:4096]
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip_kind(content)
    if content.startswith(_OLE):
        # An office file with a password is an OLE container whose stream has this name in UTF-16.
        return Kind.ENCRYPTED if "EncryptedPackage".encode("utf-16-le") in content else Kind.OLE
    if _is_image(head):
        return Kind.IMAGE
    packed = _packed_kind(content)
    if packed is not None:
        return packed
    if head.startswith(b"-----BEGIN PGP MESSAGE-----"):
        return Kind.ENCRYPTED
    if content[:1] == b"\x30" and (_SIGNED_DATA in content[:40] or _ENVELOPED_DATA in content[:40]):
        return _cms_kind(content, name, content_type)
    if content.startswith(b"{\\rt"):
        return Kind.RTF
    return _text_kind(content, head, name.lower(), content_type) if is_text(content) else Kind.UNKNOWN


def _packed_kind(content: bytes) -> Kind | None:
    if content.startswith(_COMPRESSED) or (
        content[:1] == b"\x78" and content[1:2] in b"\x01\x5e\x9c\xda" and len(content) > 8
    ):
        return Kind.COMPRESSED
    if content.startswith(_TNEF):
        return Kind.TNEF
    if content[257:262] == b"ustar" or _is_old_tar(content):
        return Kind.TAR
    if content.startswith(_ARCHIVES) or content[2:7] in (
        b"-lh0-",
        b"-lh1-",
        b"-lh4-",
        b"-lh5-",
        b"-lh6-",
        b"-lh7-",
        b"-lzs-",
    ):
        return Kind.ARCHIVE
    if content[0x8001:0x8006] == b"CD001" or b"Rar!\x1a\x07" in content[: 1 << 16] * content.startswith(b"MZ"):
        return Kind.ARCHIVE
    return None


def _is_old_tar(content: bytes) -> bool:
    """A tar from before POSIX has no mark, but the sum over its first header."""
    head = content[:512]
    if len(head) < 512 or not head[0] or head[148:154].strip(b" 0") == b"" or head[345:].strip(b"\0"):
        return False
    try:
        told = int(head[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return told == sum(head[:148]) + 8 * 32 + sum(head[156:])


def _cms_kind(content: bytes, name: str, content_type: str) -> Kind:
    if _ENVELOPED_DATA in content[:40]:
        return Kind.ENCRYPTED
    told = name.lower().endswith(".p7s") or "pkcs7-signature" in content_type
    if any(mark in content[:200] for mark in _DETACHED) and len(content) <= _LONGEST_SIGNATURE:
        return Kind.SIGNATURE if told else Kind.UNKNOWN
    return Kind.SIGNED


def _text_kind(content: bytes, head: bytes, name: str, content_type: str) -> Kind:
    if content_type.startswith("message/rfc822") or content_type == "message/global":
        return Kind.MAIL
    by_name = next((kind for ending, kind in _NAMES.items() if name.endswith(ending)), None)
    if by_name is not None:
        return by_name
    plain = head.removeprefix(b"\xef\xbb\xbf")
    if content_type in _MARKED_UP or _HTML.match(plain):
        return Kind.HTML
    if _XML.match(plain) or head[2:12] in _XML_UTF16:
        return Kind.XML
    if _MAILBOX.match(head):
        return Kind.MAILBOX
    return Kind.MAIL if _MAIL.match(head) and len(_MAIL_FIELD.findall(head)) >= 2 else Kind.TEXT


def _zip_kind(content: bytes) -> Kind:
    if b"[Content_Types].xml" in content and any(
        folder in content for folder in (b"word/", b"xl/", b"ppt/", b"visio/", b"Documents/1/")
    ):
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
