"""Looks for secrets in files as bytes: as they are, base64 at any alignment, hex, UTF-16, and inside compressed parts, which
may be base64 themselves. Line ends and the soft ones of quoted-printable hide nothing."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

# Where a zlib or gzip stream, or a zip member's header, may begin.
COMPRESSED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|PK\x03\x04")
LINE_END = re.compile(rb"=?\r?\n")
BASE64 = re.compile(rb"[A-Za-z0-9+/]{80,}")


def disguises(secret: str) -> Iterator[tuple[str, bytes]]:
    """The byte strings under which a text may lie on a disk, each with the name of its disguise."""
    plain = secret.encode()
    yield "plain", plain
    yield "upper", secret.upper().encode()
    yield "utf-16-le", secret.encode("utf-16-le")
    yield "utf-16-be", secret.encode("utf-16-be")
    yield "hex", plain.hex().encode()
    for shift in range(3):
        # The inner characters of base64 depend on the alignment only; drop what neighbours would change.
        encoded = base64.b64encode(b"\0" * shift + plain)
        start = (shift * 8 + 5) // 6
        yield f"base64+{shift}", encoded[start : (shift + len(plain)) * 8 // 6]


def unpacked(data: bytes) -> Iterator[bytes]:
    """Everything in `data` that decompresses."""
    for match in COMPRESSED.finditer(data):
        start = match.start()
        bits = zlib.MAX_WBITS | 32
        if match[0] == b"PK\x03\x04":
            names = int.from_bytes(data[start + 26 : start + 28], "little")
            extra = int.from_bytes(data[start + 28 : start + 30], "little")
            start, bits = start + 30 + names + extra, -zlib.MAX_WBITS
        try:
            found = zlib.decompressobj(bits).decompress(data[start:], 4 * 1024 * 1024)
        except zlib.error:
            continue
        if found:
            yield found


def finds(data: bytes, secrets: Iterable[str], where: str) -> list[str]:
    """What of the secrets is in `data`, in words for a failing test."""
    found = []
    needles = [(secret, name, needle) for secret in secrets for name, needle in disguises(secret)]
    flat = LINE_END.sub(b"", data)
    layers = {"": [data, flat], " (compressed)": unpacked(data), " (base64 of compressed)": packed_in_base64(flat)}
    for layer, texts in layers.items():
        for text in texts:
            found += [f"{where}: {secret!r} as {name}{layer}" for secret, name, needle in needles if needle in text]
    return found


def packed_in_base64(flat: bytes) -> Iterator[bytes]:
    """Everything that decompresses in base64 texts, whatever stands right before them."""
    for match in BASE64.finditer(flat):
        for shift in range(4):
            text = match[0][shift:]
            yield from unpacked(base64.b64decode(text[: len(text) // 4 * 4]))


def search(folders: Iterable[Path], secrets: Iterable[str], besides: Iterable[Path] = ()) -> list[str]:
    """Searches every file below the folders, except those below `besides`."""
    secrets, besides = list(secrets), [folder.resolve() for folder in besides]
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not any(path.resolve().is_relative_to(other) for other in besides):
                found += finds(str(path).encode(), secrets, f"name of {path}")
                found += finds(path.read_bytes(), secrets, str(path))
    return found
