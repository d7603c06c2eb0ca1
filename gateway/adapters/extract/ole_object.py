"""Files embedded as OLE objects: the packager's stream (MS-OLEDS 2.3.6) and OLE 1 objects (2.2.5), as in RTF and TNEF."""

from __future__ import annotations

import struct

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def native_file(stream: bytes) -> tuple[str, bytes]:
    """The name and content of what the packager embedded; the whole stream when it has another shape."""
    body = stream[4:]
    try:
        position = 2
        label, position = _until_nul(body, position)
        name, position = _until_nul(body, position)
        position += 4  # flags
        (length,) = struct.unpack_from("<I", body, position)
        position += 4 + length
        (size,) = struct.unpack_from("<I", body, position)
        content = body[position + 4 : position + 4 + size]
        if len(content) == size and size:
            return _base_name(name or label), content
    except (struct.error, ValueError):
        pass
    return "object.bin", body


def embedded_file(octets: bytes) -> tuple[str, bytes]:
    """What an OLE 1 object holds: a compound file, or what the packager embedded."""
    start = octets.find(_OLE)
    if start >= 0:
        return "object.bin", octets[start:]
    try:
        position = 8  # version, kind of object
        kind, position = _counted(octets, position)
        _, position = _counted(octets, position)
        _, position = _counted(octets, position)
        (size,) = struct.unpack_from("<I", octets, position)
        content = octets[position + 4 : position + 4 + size]
    except (struct.error, ValueError):
        return "object.bin", octets
    if kind == b"Package":
        return native_file(struct.pack("<I", len(content)) + content)
    return "object.bin", content


def _until_nul(octets: bytes, position: int) -> tuple[str, int]:
    end = octets.index(b"\0", position)
    return octets[position:end].decode("cp1252", "replace"), end + 1


def _counted(octets: bytes, position: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<I", octets, position)
    if length > 4096:
        raise ValueError("a name too long to be one")
    return octets[position + 4 : position + 4 + length].rstrip(b"\0"), position + 4 + length


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2] or "object.bin"
