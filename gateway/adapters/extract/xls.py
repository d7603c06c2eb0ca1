"""Excel 5 to 2003 (MS-XLS): cells of all sheets, hidden ones too, by xlrd; headers, notes and text boxes from the records."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import xlrd

from gateway.adapters.extract.budget import Budget, Inner
from gateway.adapters.extract.storage import BrokenStorage, Storage
from gateway.adapters.extract.words import words_in

_FILE_PASSWORD, _CONTINUED = 0x2F, 0x3C
# Records with words in them that xlrd does not tell: headers, footers, notes, text boxes, links.
_WORDED = frozenset({0x14, 0x15, 0x1C, 0x1B6, 0x1B8, 0x5C, 0x18})
_BROKEN = (xlrd.XLRDError, struct.error, ValueError, IndexError, KeyError, AssertionError, TypeError, AttributeError)
_ROWS_PER_TICK = 500


def read_xls(place: str, storage: Storage, budget: Budget, inner: Inner) -> None:
    """Raises `BrokenStorage`."""
    name = next(name for name in storage.names if name.lower() in ("workbook", "book"))
    read_workbook(place, storage.read(name), budget)


def read_workbook(place: str, stream: bytes, budget: Budget) -> None:
    """The stream of a workbook. Raises `BrokenStorage`."""
    records = list(_records(stream))
    if any(kind == _FILE_PASSWORD for kind, _ in records):
        budget.cannot(place, "encrypted")
        return
    try:
        book = xlrd.open_workbook(file_contents=stream, logfile=io.StringIO(), on_demand=True)
        lines = [name for name in book.sheet_names() if name]
        for number in range(book.nsheets):
            lines += _sheet(book, number, budget)
            book.unload_sheet(number)
    except _BROKEN as error:
        budget.add(place, "\n".join(words_in(stream)))
        raise BrokenStorage from error
    budget.add(place, "\n".join(lines))
    budget.add(place, "\n".join(_worded(records)))


def _sheet(book: xlrd.book.Book, number: int, budget: Budget) -> list[str]:
    sheet = book.sheet_by_index(number)
    lines = []
    for row in range(sheet.nrows):
        if row % _ROWS_PER_TICK == 0:
            budget.tick()
        cells = [_cell(cell, book.datemode) for cell in sheet.row(row)]
        if any(cells):
            lines.append("\t".join(cells))
    notes = getattr(sheet, "cell_note_map", {})
    return lines + [f"{note.author}\t{note.text}" for note in notes.values()]


def _cell(cell: xlrd.sheet.Cell, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return str(int(cell.value)) if cell.value == int(cell.value) else str(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return str(xlrd.xldate.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError, xlrd.xldate.XLDateError):
            return str(cell.value)
    return "" if cell.ctype in (xlrd.XL_CELL_ERROR, xlrd.XL_CELL_EMPTY) else str(cell.value)


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        yield kind, stream[position + 4 : position + 4 + size]
        position += 4 + size


def _worded(records: list[tuple[int, bytes]]) -> Iterator[str]:
    before = 0
    for kind, data in records:
        if kind in _WORDED or (kind == _CONTINUED and before in _WORDED):
            yield from words_in(data)
        if kind != _CONTINUED:
            before = kind
