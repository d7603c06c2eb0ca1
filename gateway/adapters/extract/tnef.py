"""winmail.dat (MS-OXTNEF): what Outlook packs a message's formatting and attachments into."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.adapters.extract import mapi
from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.html import read_html
from gateway.adapters.extract.rtf import read_rtf
from gateway.core.file_name import clean_name

_HEAD = 6
_RENDER, _TITLE, _DATA, _ATTACHMENT, _MESSAGE = 0x9002, 0x8010, 0x800F, 0x9005, 0x9003
_SUBJECT, _BODY, _FROM = 0x8004, 0x800C, 0x8000
# Sizes of values that have one (MS-OXCDATA 2.11.1); padded to four octets.
_FIXED = {1: 0, 2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_LISTED = 0x1000
_MOST_VALUES = 5000
_BROKEN = (struct.error, ValueError, IndexError)


@dataclass(slots=True)
class _File:
    name: str = ""
    content: bytes = b""
    texts: list[str] = field(default_factory=list)


def read_tnef(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """Subject, bodies and properties as text of `place`; attachments by `inner`."""
    files: list[_File] = []
    texts: list[str] = []
    try:
        for kind, data in _attributes(content):
            if kind == _RENDER:
                budget.file()
                files.append(_File())
            elif kind == _TITLE and files:
                files[-1].name = data.rstrip(b"\0").decode("cp1252", "replace")
            elif kind == _DATA and files:
                files[-1].content = data
            elif kind == _ATTACHMENT and files:
                _attachment(files[-1], data)
            elif kind == _MESSAGE:
                _message(place, data, texts, budget, inner)
            elif kind in (_SUBJECT, _BODY, _FROM):
                texts.append(data.rstrip(b"\0").decode("cp1252", "replace"))
    except _BROKEN:
        budget.cannot(place, "broken")
    budget.add(place, "\n".join(texts))
    for file in files:
        name = clean_name(file.name) or "attachment"
        budget.add(f"{place}/{name}", "\n".join(file.texts))
        if file.content:
            inner(f"{place}/{name}", name, file.content)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    position = _HEAD
    while position + 9 <= len(content):
        number, size = struct.unpack_from("<II", content, position + 1)
        data = content[position + 9 : position + 9 + size]
        if len(data) < size:
            raise ValueError("breaks off")
        yield number & 0xFFFF, data
        position += 9 + size + 2


def _message(place: str, data: bytes, texts: list[str], budget: Budget, inner: Inner) -> None:
    for number, kind, value in _values(data):
        if number == mapi.RTF_COMPRESSED and kind == mapi.BINARY:
            read_rtf(place, mapi.rtf_of(value), budget, inner)
        elif number == mapi.BODY_HTML:
            read_html(place, value, budget, inner)
        elif (text := _text(kind, value)) and number not in mapi.MACHINE:
            texts.append(text)


def _attachment(file: _File, data: bytes) -> None:
    for number, kind, value in _values(data):
        text = _text(kind, value)
        if number == mapi.ATTACH_DATA and kind in (mapi.BINARY, mapi.OBJECT):
            file.content = value[16:] if kind == mapi.OBJECT else value  # the object's class goes before it
        elif number in (mapi.ATTACH_LONG_NAME, mapi.ATTACH_NAME) and text:
            file.name = text if number == mapi.ATTACH_LONG_NAME or not file.name else file.name
        if text and number not in mapi.MACHINE:
            file.texts.append(text)


def _text(kind: int, value: bytes) -> str:
    if kind == mapi.UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return value.rstrip(b"\0").decode("cp1252", "replace") if kind == mapi.STRING8 else ""


def _values(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(number, type, value) of a property list. Raises one of `_BROKEN`."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MOST_VALUES)):
        kind, number = struct.unpack_from("<HH", data, position)
        position += 4
        if number >= 0x8000:  # a named property: its name goes before the value
            (named,) = struct.unpack_from("<I", data, position + 16)
            position += 20
            (length,) = struct.unpack_from("<I", data, position)
            position += 4 + (length + 3 & ~3 if named else 0)
        plain = kind & ~_LISTED
        values = 1
        if kind & _LISTED or plain not in _FIXED:
            (values,) = struct.unpack_from("<I", data, position)
            position += 4
        for _ in range(min(values, _MOST_VALUES)):
            if plain in _FIXED:
                size = _FIXED[plain]
            else:
                (size,) = struct.unpack_from("<I", data, position)
                position += 4
            yield number, plain, data[position : position + size]
            position += size + 3 & ~3
