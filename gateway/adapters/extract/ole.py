"""Compound files (MS-CFB): doc, xls, ppt, msg, and objects in them. olefile reads the container, a reader each its streams.

Terms: a *storage* is a folder of streams; one storage may hold a document, and storages in it more of them. Rule: every
storage is looked at, so that a document hides in no corner; what no reader knows is searched for readable words and reported.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import olefile

from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.doc import read_doc
from gateway.adapters.extract.msg import read_msg
from gateway.adapters.extract.ole_object import native_file
from gateway.adapters.extract.ppt import read_ppt
from gateway.adapters.extract.storage import BrokenStorage, Storage
from gateway.adapters.extract.words import words_in
from gateway.adapters.extract.xls import read_xls

_READERS: dict[str, Callable[[str, Storage, Budget, Inner], None]] = {
    "WordDocument": read_doc,
    "Workbook": read_xls,
    "Book": read_xls,
    "PowerPoint Document": read_ppt,
    "__properties_version1.0": read_msg,
}
_PROPERTIES = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")
_MOST_STREAMS = 5000


def read_ole(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Every document in the container."""
    try:
        storages = _storages(content)
    except BrokenStorage:
        budget.cannot(place, "broken")
        return
    known = False
    for storage in storages:
        budget.tick()
        try:
            known |= _read_storage(place, storage, budget, inner)
        except BrokenStorage:
            budget.cannot(place, "broken")
    if not known:
        budget.cannot(place, "unknown-type")
        for storage in storages:
            for name in storage.names:
                budget.add(place, "\n".join(words_in(storage.read(name))))


def _storages(content: bytes) -> list[Storage]:
    try:
        container = olefile.OleFileIO(io.BytesIO(content))
        paths = container.listdir(streams=True, storages=False)
        told = sum(container.get_size(path) for path in paths)
        table = container.num_mini_fat_sectors * container.sector_size
        if max(told, table, container.root.size) > len(content):
            raise ValueError("larger than the file")  # olefile would go round in a circle of sectors that long
    except (OSError, ValueError, IndexError, TypeError, KeyError, RecursionError) as error:
        raise BrokenStorage from error
    if len(paths) > _MOST_STREAMS:
        raise LimitReached("limit:files")
    found: dict[tuple[str, ...], Storage] = {}
    for path in paths:
        folder = tuple(path[:-1])
        found.setdefault(folder, Storage(container, folder, [])).names.append(path[-1])
    return list(found.values())


def _read_storage(place: str, storage: Storage, budget: Budget, inner: Inner) -> bool:
    """Whether it was a kind of storage that we know."""
    known = False
    if any(name.startswith("__") for name in storage.path):
        return True  # of a message; its reader goes there
    for name in storage.names:
        reader = _READERS.get(name) or _READERS.get(name.capitalize())  # some writers shout
        if reader is not None:
            reader(place, storage, budget, inner)
            known = True
        elif name == "\x01Ole10Native":
            file_name, octets = native_file(storage.read(name))
            budget.file()
            inner(f"{place}/{file_name}", file_name, octets)
            known = True
        elif name in ("Package", "CONTENTS", "Contents") and storage.path:
            octets = storage.read(name)
            if octets:
                budget.file()
                inner(f"{place}/{name}", name, octets)
            known = True
        elif name in _PROPERTIES:
            budget.add(place, "\n".join(words_in(storage.read(name))))
    return known
