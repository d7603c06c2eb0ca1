"""PDF: the text of its pages, form fields and notes, its properties, and the files in it (PDFium)."""

from __future__ import annotations

import ctypes

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw as pdfium

from gateway.adapters.extract.archive import Inner
from gateway.adapters.extract.budget import Budget

_NOTE_KEYS = (b"Contents", b"V", b"T", b"TU")
_MOST_NOTES = 2000  # of one page
_MOST_FILES = 200


def read_pdf(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        reason = "encrypted" if "password" in str(error).lower() or "security" in str(error).lower() else "broken"
        budget.cannot(place, reason)
        return
    try:
        _read_pages(place, document, budget)
        budget.add(place, "\n".join(document.get_metadata_dict(skip_empty=True).values()))
        _read_files(place, document, budget, inner)
    except pypdfium2.PdfiumError:
        budget.cannot(place, "broken")
    finally:
        document.close()


def _read_pages(place: str, document: pypdfium2.PdfDocument, budget: Budget) -> None:
    """A PDF in which no page has any text is a scan: that is no mere image, it is a document nobody read."""
    words = False
    for number in range(len(document)):
        budget.page()
        page = document[number]
        textpage = page.get_textpage()
        text = textpage.get_text_range()
        words |= bool(text.strip())
        budget.add(place, text)
        budget.add(place, "\n".join(_notes(page)))
        textpage.close()
        page.close()
    if not words:
        budget.cannot(place, "no-text")


def _notes(page: pypdfium2.PdfPage) -> list[str]:
    found = []
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST_NOTES)):
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if note:
            found += [text for key in _NOTE_KEYS if (text := _string(note, key))]
            pdfium.FPDFPage_CloseAnnot(note)
    return found


def _string(note: object, key: bytes) -> str:
    size = pdfium.FPDFAnnot_GetStringValue(note, key, None, 0)
    if size <= 2:  # the closing NUL only
        return ""
    buffer = (ctypes.c_char * size)()
    pdfium.FPDFAnnot_GetStringValue(note, key, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return bytes(buffer)[:-2].decode("utf-16-le", "replace")


def _read_files(place: str, document: pypdfium2.PdfDocument, budget: Budget, inner: Inner) -> None:
    for index in range(min(document.count_attachments(), _MOST_FILES)):
        budget.file()
        attachment = document.get_attachment(index)
        name = attachment.get_name() or f"file-{index + 1}"
        octets = bytes(attachment.get_data())
        budget.unpacked(len(octets))
        inner(f"{place}/{name}", name, octets)
