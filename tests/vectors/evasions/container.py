"""Archives and other containers, whole, lying, damaged, locked and in each other."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import hmac
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import libarchive
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.vectors.evasions.case import HEAD, NUMBER, SECRET, Case, attached, found, unread
from tests.vectors.evasions.office import docx, zipped
from tests.vectors.evasions.pdf import shown

TEXT = f"Het {SECRET}.\n".encode()
NAMED = f"bsn {NUMBER}.txt"


def tar(name: str = "a.txt", content: bytes = TEXT, **told: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        entry.pax_headers = told
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue().rstrip(b"\0") + b"\0" * 1024


def packed(kind: str, content: bytes = TEXT, name: str = "a.txt", way: str | None = None) -> bytes:
    """By libarchive, which writes more formats than Python."""
    pieces: list[bytes] = []
    with libarchive.custom_writer(lambda octets: pieces.append(bytes(octets)) or len(octets), kind, way) as archive:
        archive.add_file_from_memory(name, len(content), content, mtime=1767225600)
    return b"".join(pieces)


def rar4(content: bytes = TEXT, name: str = "a.txt", flags: int = 0x8000) -> bytes:
    """RAR 4, stored."""

    def block(octets: bytes) -> bytes:
        return struct.pack("<H", zlib.crc32(octets) & 0xFFFF) + octets

    told = name.encode()
    head = (
        struct.pack(
            "<BHHIIBIIBBHI",
            0x74,
            flags,
            32 + len(told),
            len(content),
            len(content),
            0,
            zlib.crc32(content),
            0x5C210000,
            20,
            0x30,
            len(told),
            0x20,
        )
        + told
    )
    return (
        b"Rar!\x1a\x07\0"
        + block(struct.pack("<BHHHI", 0x73, 0, 13, 0, 0))
        + block(head)
        + content
        + block(struct.pack("<BHH", 0x7B, 0x4000, 7))
    )


def rar5(content: bytes = TEXT, name: str = "a.txt") -> bytes:
    """RAR 5, stored."""

    def number(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    def block(octets: bytes) -> bytes:
        sized = number(len(octets)) + octets
        return struct.pack("<I", zlib.crc32(sized)) + sized

    told = name.encode()
    head = (
        b"\2\2"
        + number(len(content))
        + b"\4"
        + number(len(content))
        + b"\x20"
        + struct.pack("<I", zlib.crc32(content))
        + b"\0\1"
        + number(len(told))
        + told
    )
    return b"Rar!\x1a\x07\1\0" + block(b"\1\0\0") + block(head) + content + block(b"\5\0\0")


def cab(content: bytes = TEXT, name: str = "a.txt") -> bytes:
    """A cabinet of one stored file (MS-CAB)."""
    told = name.encode() + b"\0"
    files_at = 36 + 8
    data_at = files_at + 16 + len(told)
    size = data_at + 8 + len(content)
    head = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, size, 0, files_at, 0, 3, 1, 1, 1, 0, 0, 0)
    folder = struct.pack("<IHH", data_at, 1, 0)
    entry = struct.pack("<IIHHHH", len(content), 0, 0, 0x5C21, 0, 0x20) + told
    return head + folder + entry + struct.pack("<IHH", 0, len(content), len(content)) + content


def _stream_zip(content: bytes) -> bytes:
    """As a program writes it that can't go back: sizes behind the data."""
    out = io.BytesIO()

    class Forward(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, octets: bytes) -> int:  # type: ignore[override]
            return out.write(octets)

    with zipfile.ZipFile(Forward(), "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        archive.writestr(zipfile.ZipInfo("a.txt", (2026, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def locked_zip(password: bytes = b"geheim") -> bytes:
    """PKWARE's traditional encryption (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def step(octet: int) -> None:
        keys[0] = zlib.crc32(bytes([octet]), keys[0] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = zlib.crc32(bytes([keys[1] >> 24]), keys[2] ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    for octet in password:
        step(octet)
    out = bytearray()
    for octet in bytes(11) + bytes([zlib.crc32(TEXT) >> 24]) + TEXT:
        mask = (keys[2] | 2) & 0xFFFF
        out.append(octet ^ ((mask * (mask ^ 1)) >> 8 & 255))
        step(octet)
    return _raw_zip(bytes(out), 1, 0)


def aes_zip(password: bytes = b"geheim") -> bytes:
    """WinZip's AE-2 of 256 bits."""
    salt = b"\1" * 16
    keys = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 66)
    blocks = -(-len(TEXT) // 16)
    stream = (
        Cipher(algorithms.AES(keys[:32]), modes.ECB())
        .encryptor()
        .update(b"".join((n + 1).to_bytes(16, "little") for n in range(blocks)))
    )
    sealed = bytes(a ^ b for a, b in zip(TEXT, stream, strict=False))
    mark = hmac.new(keys[32:64], sealed, "sha1").digest()[:10]
    return _raw_zip(salt + keys[64:] + sealed + mark, 1, 99, struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 0))


def _raw_zip(
    content: bytes, flags: int, method: int, extra: bytes = b"", name: bytes = b"a.txt", other: bytes = b""
) -> bytes:
    """A zip of one member as it is given; `other` is the name in the directory."""
    told = struct.pack(
        "<HHHHIIIHH", flags, method, 0, 0x5C21, zlib.crc32(TEXT), len(content), len(TEXT), len(name), len(extra)
    )
    local = b"PK\3\4" + struct.pack("<H", 20) + told + name + extra + content
    again = struct.pack(
        "<HHHHIIIHH",
        flags,
        method,
        0,
        0x5C21,
        zlib.crc32(TEXT),
        len(content),
        len(TEXT),
        len(other or name),
        len(extra),
    )
    entry = (
        b"PK\1\2" + struct.pack("<HH", 20, 20) + again + struct.pack("<HHHII", 0, 0, 0, 0, 0) + (other or name) + extra
    )
    return local + entry + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)


def _commented(archive: bytes, comment: bytes) -> bytes:
    return archive[:-2] + struct.pack("<H", len(comment)) + comment


def _link() -> bytes:
    """A symbolic link whose target tells."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("link", (2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, SECRET)
    return out.getvalue()


def _twice() -> bytes:
    """Two members of one name: unpackers keep the first or the last."""
    out = zipped({"a.txt": SECRET, "b.txt": "Dag"})
    return out.replace(b"b.txt", b"a.txt")


def _empty_directory() -> bytes:
    """Its directory names nothing; the member is there all the same."""
    whole = zipped({"a.txt": SECRET})
    start = whole.index(b"PK\1\2")
    return whole[:start] + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0, 0, 0, start, 0)


GIF = b"GIF89a\1\0\1\0\x80\0\0\xff\xff\xff\0\0\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
FILES: dict[str, tuple[str, bytes]] = {
    "zip": ("a.zip", zipped({"a.txt": SECRET})),
    "zip-stored": ("a.zip", zipped({"a.txt": SECRET}, zipfile.ZIP_STORED)),
    "zip-bzip2": ("a.zip", zipped({"a.txt": SECRET}, zipfile.ZIP_BZIP2)),
    "zip-lzma": ("a.zip", zipped({"a.txt": SECRET}, zipfile.ZIP_LZMA)),
    "zip-streamed": ("a.zip", _stream_zip(TEXT)),
    "zip-three-deep": ("a.zip", zipped({"b.zip": zipped({"c.zip": zipped({"d.txt": SECRET})})})),
    "zip-member-name": ("a.zip", zipped({NAMED: "Dag"})),
    "zip-folder-name": ("a.zip", zipped({f"bsn {NUMBER}/a.txt": "Dag"})),
    "zip-empty-folder": ("a.zip", zipped({f"bsn {NUMBER}/": ""})),
    "zip-empty-member": ("a.zip", zipped({NAMED: ""})),
    "zip-comment": ("a.zip", _commented(zipped({"a.txt": "Dag"}), SECRET.encode())),
    "zip-of-a-lying-size": ("a.zip", _raw_zip(TEXT, 0, 0).replace(struct.pack("<II", len(TEXT), len(TEXT)), struct.pack("<II", len(TEXT), 4))),
    "zip-two-names": ("a.zip", _raw_zip(TEXT, 0, 0, name=b"a.png", other=b"b.txt")),
    "zip-wrong-checksum": ("a.zip", _raw_zip(TEXT.replace(b"Het", b"Dat"), 0, 0)),
    "zip-no-directory": ("a.zip", zipped({"a.txt": SECRET}, zipfile.ZIP_STORED).partition(b"PK\1\2")[0]),
    "zip-empty-directory": ("a.zip", _empty_directory()),
    "zip-one-name-twice": ("a.zip", _twice()),
    "zip-data-before": ("a.zip", b"MZ" + bytes(200) + zipped({"a.txt": SECRET})),
    "zip-data-behind": ("a.zip", zipped({"a.txt": SECRET}) + b"\0" * 30),
    "zip-text-behind": ("a.zip", zipped({"a.txt": "Dag"}) + f"\n{SECRET}\n".encode()),
    "zip-second-behind": ("a.zip", zipped({"a.txt": SECRET}) + zipped({"b.txt": "Dag"})),
    "zip-symbolic-link": ("a.zip", _link()),
    "zip-named-png": ("logo.png", zipped({"a.txt": SECRET})),
    "zip-named-exe": ("start.exe", b"MZ" + bytes(100) + zipped({"a.txt": SECRET})),
    "zip-in-base64": ("a.zip", base64.b64encode(zipped({"a.txt": SECRET}))),
    "zip-of-mail": ("a.zip", zipped({"a.eml": HEAD + b"\r\n" + TEXT})),
    "zip-of-docx": ("a.zip", zipped({"a.docx": docx(f"<w:p><w:r><w:t>{SECRET}</w:t></w:r></w:p>")})),
    "jar": ("a.jar", zipped({"META-INF/MANIFEST.MF": f"BSN: {NUMBER}\n", "A.class": b"\xca\xfe\xba\xbe"})),
    "7z": ("a.7z", packed("7zip")),
    "7z-in-zip": ("a.zip", zipped({"a.7z": packed("7zip")})),
    "7z-named-pdf": ("a.pdf", packed("7zip")),
    "7z-member-name": ("a.7z", packed("7zip", b"Dag", NAMED)),
    "tar": ("a.tar", tar()),
    "tar-member-name": ("a.tar", tar(NAMED, b"Dag")),
    "tar-extended": ("a.tar", tar("a.txt", b"Dag", comment=SECRET)),
    "tar-gzip": ("a.tgz", gzip.compress(tar(), mtime=0)),
    "tar-bzip2": ("a.tar.bz2", bz2.compress(tar())),
    "tar-xz": ("a.tar.xz", lzma.compress(tar())),
    "tar-zstandard": ("a.tar.zst", packed("gnutar", way="zstd")),
    "tar-compress": ("a.tar.Z", packed("gnutar", way="compress")),
    "tar-lz4": ("a.tar.lz4", packed("gnutar", way="lz4")),
    "mail-in-zip-in-tar-in-7z": ("a.7z", packed("7zip", gzip.compress(tar("a.zip", zipped({"a.eml": HEAD + b"\r\n" + TEXT})), mtime=0), "a.tar.gz")),
    "gzip": ("a.txt.gz", gzip.compress(TEXT, mtime=0)),
    "gzip-name-inside": ("a.gz", b"\x1f\x8b\x08\x08\0\0\0\0\0\3" + NAMED.encode() + b"\0" + zlib.compress(b"Dag")[2:-4] + struct.pack("<II", zlib.crc32(b"Dag"), 3)),
    "gzip-two-members": ("a.txt.gz", gzip.compress(b"Dag\n", mtime=0) + gzip.compress(TEXT, mtime=0)),
    "gzip-without-end": ("a.txt.gz", gzip.compress(TEXT, mtime=0)[:-8]),
    "gzip-of-gzip": ("a.gz", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0)),
    "bzip2": ("a.txt.bz2", bz2.compress(TEXT)),
    "xz": ("a.txt.xz", lzma.compress(TEXT)),
    "lzma": ("a.txt.lzma", lzma.compress(TEXT, lzma.FORMAT_ALONE)),
    "zlib": ("a.bin", zlib.compress(TEXT)),
    "cpio": ("a.cpio", packed("cpio")),
    "ar": ("a.ar", packed("ar_svr4")),
    "cab": ("a.cab", cab()),
    "rar4": ("a.rar", rar4()),
    "rar4-member-name": ("a.rar", rar4(b"Dag", NAMED)),
    "rar5": ("a.rar", rar5()),
    "rar-in-zip": ("a.zip", zipped({"a.rar": rar5()})),
    "pdf-and-zip": ("a.pdf", shown("(Dag) Tj") + zipped({"a.txt": SECRET})),
    "zip-and-pdf": ("a.zip", shown(f"({SECRET}) Tj") + zipped({"a.txt": "Dag"})),
    "gif-and-zip": ("logo.gif", GIF + zipped({"a.txt": SECRET})),
    "gif-and-rar": ("logo.gif", GIF + rar5()),
    "gif-and-text": ("logo.gif", GIF + b"\n" + TEXT),
    "html-and-zip": ("a.html", b"<html><p>Dag</p></html>" + zipped({"a.txt": SECRET})),
    "text-and-gzip": ("a.txt", b"Dag Jan\n\n" + gzip.compress(TEXT, mtime=0)),
    "shell-archive": ("a.sh", b"#!/bin/sh\nsed '1,3d' $0 | base64 -d | gunzip\nexit\n" + base64.encodebytes(gzip.compress(TEXT * 3, mtime=0))),
}  # fmt: skip
DOUBTFUL = {  # unpackers differ
    "zip-of-a-lying-size": "broken",
    "zip-two-names": "broken",
    "zip-wrong-checksum": "broken",
    "zip-no-directory": "broken",
    "zip-empty-directory": "ambiguous:archive",
    "zip-second-behind": "ambiguous:archive",
    "lzma": "unknown-type",
    "text-and-gzip": "unknown-type",
}
LOCKED = {
    "zip-password": ("a.zip", locked_zip()),
    "zip-aes": ("a.zip", aes_zip()),
    "zip-password-inside": ("a.zip", zipped({"b.zip": locked_zip()})),
    "rar4-password": ("a.rar", rar4(flags=0x8004)),
}


def cases() -> dict[str, Case]:
    made = {f"container-{name}": found(attached(*file), "attachment:*") for name, file in FILES.items()}
    made |= {f"container-{name}": unread(attached(*file), "encrypted", "attachment:*") for name, file in LOCKED.items()}
    for name, reason in DOUBTFUL.items():
        made[f"container-{name}"] = unread(made[f"container-{name}"].raw, reason, "attachment:*")
    made["container-zip-password-name"] = found(attached(NAMED.replace(".txt", ".zip"), locked_zip()), "attachment:*")
    return made
