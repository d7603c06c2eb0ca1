"""Outlook messages (MS-OXMSG): subject, bodies, headers, recipients, attachments, and messages attached to them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.adapters.extract import mapi
from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.html import read_html
from gateway.adapters.extract.rtf import read_rtf
from gateway.adapters.extract.storage import Storage
from gateway.core.file_name import clean_name

_PREFIX = "__substg1.0_"


def read_msg(place: str, storage: Storage, budget: Budget, inner: Inner) -> None:
    """Raises `BrokenStorage`, `LimitReached`."""
    _read_message(place, storage, budget, inner, 0)


def _read_message(place: str, storage: Storage, budget: Budget, inner: Inner, depth: int) -> None:
    if depth > budget.limits.nesting:
        raise LimitReached("limit:nesting")
    texts, octets = _properties(storage)
    budget.add(place, "\n".join(text for number, text in texts.items() if number & 0xFFFF not in mapi.MACHINE))
    if html := octets.get(mapi.BODY_HTML):
        read_html(place, html, budget, inner)
    if rtf := octets.get(mapi.RTF_COMPRESSED):
        try:
            read_rtf(place, mapi.rtf_of(rtf), budget, inner)
        except (ValueError, IndexError):
            budget.cannot(place, "broken")
    for below in storage.below():
        name = below.path[-1]
        if name.startswith("__recip"):
            budget.add(place, "\n".join(_properties(below)[0].values()))
        elif name.startswith("__attach"):
            budget.file()
            _read_attachment(place, below, budget, inner, depth)
        elif name.startswith("__nameid"):
            budget.tick()


def _read_attachment(place: str, storage: Storage, budget: Budget, inner: Inner, depth: int) -> None:
    texts, octets = _properties(storage)
    names = (texts.get(number, "") for number in (mapi.ATTACH_LONG_NAME, mapi.ATTACH_NAME, mapi.ATTACH_DISPLAY))
    name = clean_name(next((told for told in names if told), "")) or "attachment"
    within = f"{place}/{name}"
    budget.add(within, "\n".join(text for number, text in texts.items() if number not in mapi.MACHINE))
    if content := octets.get(mapi.ATTACH_DATA):
        inner(within, name, content)
    for below in storage.below():
        if below.path[-1].upper() == f"{_PREFIX}3701000D".upper():
            if all(stream.startswith("__") for stream in below.names):  # a message; it may be empty but for its files
                _read_message(within, below, budget, inner, depth + 1)
            else:
                _read_object(within, below, inner)


def _read_object(place: str, storage: Storage, inner: Inner) -> None:
    """An OLE object that was dragged into the text: its streams, each as a file."""
    for name in storage.names:
        if octets := storage.read(name):
            inner(f"{place}/{clean_name(name) or 'stream'}", name, octets)


def _properties(storage: Storage) -> tuple[dict[int, str], dict[int, bytes]]:
    """Texts and octets by property number; values of lists get numbers of their own."""
    texts: dict[int, str] = {}
    octets: dict[int, bytes] = {}
    for number, kind, key, value in _values(storage):
        if kind == mapi.UNICODE:
            texts[key] = value.decode("utf-16-le", "replace")
        elif kind == mapi.STRING8:
            texts[key] = value.decode("cp1252", "replace")
        elif kind == mapi.BINARY:
            octets[number] = value
    if mapi.BODY_HTML in texts:
        octets.setdefault(mapi.BODY_HTML, texts[mapi.BODY_HTML].encode("utf-8", "replace"))
    return texts, octets


def _values(storage: Storage) -> Iterator[tuple[int, int, int, bytes]]:
    for name in storage.names:
        if not name.startswith(_PREFIX) or len(name) < len(_PREFIX) + 8:
            continue
        try:
            number, kind = int(name[12:16], 16), int(name[16:20], 16)
            item = int(name[21:29] or "0", 16) + 1 if len(name) > 21 else 0
        except ValueError:
            continue
        yield number, kind & ~0x1000, number | item << 16, storage.read(name)
