"""PowerPoint 97 to 2003 (MS-PPT): every text atom in the stream, that is slides, notes, masters, comments and former saves."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.compressed import unpack
from gateway.adapters.extract.pictures import read_pictures
from gateway.adapters.extract.storage import Storage

_TEXT_CHARS, _TEXT_BYTES, _STRING = 4000, 4008, 4026
_OLE_OBJECT, _ENCRYPTION = 4113, 12052
_CONTAINER = 0xF
_ENCRYPTED_USER = 0xF3D1C4DF  # CurrentUserAtom's token of an encrypted file
_RECORDS_PER_TICK = 10_000


def read_ppt(place: str, storage: Storage, budget: Budget, inner: Inner) -> None:
    """Raises `BrokenStorage`."""
    stream = storage.read("PowerPoint Document")
    user = storage.read("Current User")
    texts: list[str] = []
    objects = 0
    for kind, instance, data in _records(stream, budget):
        if kind == _ENCRYPTION:
            budget.cannot(place, "encrypted")
            return
        if kind in (_TEXT_CHARS, _STRING):
            texts.append(data.decode("utf-16-le", "replace"))
        elif kind == _TEXT_BYTES:
            texts.append(data.decode("latin-1"))
        elif kind == _OLE_OBJECT:
            objects += 1
            budget.file()
            name = f"object-{objects}.bin"
            inner(f"{place}/{name}", name, unpack(data[4:], budget)[0] if instance else data)
    if not texts and len(user) >= 16 and struct.unpack_from("<I", user, 12)[0] == _ENCRYPTED_USER:
        budget.cannot(place, "encrypted")
    budget.add(place, "\n".join(texts).replace("\r", "\n").replace("\v", "\n"))
    read_pictures(place, storage.read("Pictures"), budget, inner)


def _records(stream: bytes, budget: Budget) -> Iterator[tuple[int, int, bytes]]:
    """(kind, instance, data) of all that is no container; containers are gone into."""
    position = count = 0
    while position + 8 <= len(stream):
        count += 1
        if count % _RECORDS_PER_TICK == 0:
            budget.tick()
        version, kind, size = struct.unpack_from("<HHI", stream, position)
        position += 8
        if version & 0xF == _CONTAINER:
            continue
        yield kind, version >> 4, stream[position : position + size]
        position += size
