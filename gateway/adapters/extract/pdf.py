"""PDF: the text of its pages, form fields and notes, its properties, and the files in it (PDFium). Scanned pages by OCR.

Also what no page shows: the values of fields without a place, links, bookmarks, metadata, and pages as they were before the
file was changed (a PDF is changed by appending).
"""

from __future__ import annotations

import ctypes
import re

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw as pdfium

from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.ocr import is_loaded
from gateway.adapters.extract.pdf_objects import check_streams, strings_of
from gateway.adapters.extract.pdf_scan import is_scan, text_of_scan
from gateway.adapters.extract.words import sentences_in

_NOTE_KEYS = (b"Contents", b"V", b"DV", b"T", b"TU", b"RC", b"Subj")
_MOST_NOTES = 2000  # of one page
_MOST_FILES = 200
_MOST_REVISIONS = 5
_MOST_BOOKMARKS = 5000
_DEEPEST_BOOKMARK = 20
_REVISION_END = re.compile(rb"%%EOF\s{0,4}")
_LOCKED = ("password", "security")


def read_pdf(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    check_streams(content, budget)
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        reason = "encrypted" if any(word in str(error).lower() for word in _LOCKED) else "broken"
        budget.cannot(place, reason)
        return
    try:
        pages = _read_pages(place, document, budget)
        budget.add(place, "\n".join(_bookmarks(document)))
        budget.add(place, "\n".join(document.get_metadata_dict(skip_empty=True).values()))
        _read_forms(place, document, budget)
        if pdfium.FPDF_GetSecurityHandlerRevision(document.raw) < 0:  # else its strings are ciphertext
            budget.add(place, "\n".join(strings_of(content, budget)))
        _read_files(place, document, budget, inner)
    except pypdfium2.PdfiumError:
        budget.cannot(place, "broken")
        return
    finally:
        document.close()
    _read_revisions(place, content, pages, budget)
    outside = content[: content.find(b"%PDF-")] + b"\n" + content[content.rfind(b"%%EOF") + 5 :]
    budget.add(place, "\n".join(sentences_in(outside)))


def _read_pages(place: str, document: pypdfium2.PdfDocument, budget: Budget) -> set[str]:
    """A PDF in which no page has any text is a scan: that is no mere image, it is a document nobody read."""
    texts: list[str] = []
    notes: list[str] = []
    words = False
    for number in range(len(document)):
        budget.page()
        page = document[number]
        textpage = page.get_textpage()
        text = textpage.get_text_range()
        textpage.close()
        notes += _notes(page)
        texts.append(text)
        if is_loaded() and is_scan(page, text):
            texts.append(_recognised(place, page, budget))
        words = words or any(text.strip() for text in texts[-2:])
        page.close()
    if not words:
        budget.cannot(place, "no-text")
    budget.add(place, "\n".join(texts))
    budget.add(place, "\n".join(dict.fromkeys(notes)))
    return set(texts)


def _recognised(place: str, page: pypdfium2.PdfPage, budget: Budget) -> str:
    try:
        return text_of_scan(page, budget)
    except LimitReached as limit:
        if limit.reason == "limit:time":
            raise
        budget.cannot(place, limit.reason)
        return ""


def _notes(page: pypdfium2.PdfPage) -> list[str]:
    found = []
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), _MOST_NOTES)):
        note = pdfium.FPDFPage_GetAnnot(page.raw, index)
        if not note:
            continue
        found += [text for key in _NOTE_KEYS if (text := _string(note, key))]
        if link := pdfium.FPDFAnnot_GetLink(note):
            found.append(_target(page.pdf, pdfium.FPDFLink_GetAction(link)))
        pdfium.FPDFPage_CloseAnnot(note)
    return [text for text in found if text]


def _target(document: pypdfium2.PdfDocument, action: object) -> str:
    if not action:
        return ""
    size = pdfium.FPDFAction_GetURIPath(document.raw, action, None, 0)
    if not 1 < size < 65536:
        return ""
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFAction_GetURIPath(document.raw, action, buffer, size)
    return buffer.raw[: size - 1].decode("utf-8", "replace")


def _string(note: object, key: bytes) -> str:
    size = pdfium.FPDFAnnot_GetStringValue(note, key, None, 0)
    if size <= 2:  # the closing NUL only
        return ""
    buffer = (ctypes.c_char * size)()
    pdfium.FPDFAnnot_GetStringValue(note, key, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return bytes(buffer)[:-2].decode("utf-16-le", "replace")


def _bookmarks(document: pypdfium2.PdfDocument) -> list[str]:
    found: list[str] = []
    for bookmark in document.get_toc(max_depth=_DEEPEST_BOOKMARK):
        found.append(bookmark.get_title() or "")
        if len(found) >= _MOST_BOOKMARKS:
            break
    return found


def _read_forms(place: str, document: pypdfium2.PdfDocument, budget: Budget) -> None:
    """XFA forms: XML with the template and what was filled in."""
    for index in range(max(0, pdfium.FPDF_GetXFAPacketCount(document.raw))):
        size = ctypes.c_ulong()
        if not pdfium.FPDF_GetXFAPacketContent(document.raw, index, None, 0, size) or not size.value:
            continue
        budget.unpacked(size.value)
        buffer = ctypes.create_string_buffer(size.value)
        pdfium.FPDF_GetXFAPacketContent(document.raw, index, buffer, size.value, size)
        budget.add(place, re.sub(r"<[^<>]{0,2000}>", " ", buffer.raw.decode("utf-8", "replace")))


def _read_files(place: str, document: pypdfium2.PdfDocument, budget: Budget, inner: Inner) -> None:
    count = document.count_attachments()
    if count > _MOST_FILES:
        budget.cannot(place, "limit:files")
    for index in range(min(count, _MOST_FILES)):
        budget.file()
        attachment = document.get_attachment(index)
        name = attachment.get_name() or f"file-{index + 1}"
        octets = bytes(attachment.get_data())
        budget.unpacked(len(octets))
        inner(f"{place}/{name}", name, octets)


def _read_revisions(place: str, content: bytes, pages: set[str], budget: Budget) -> None:
    """The pages of earlier revisions, where they differ from those of today."""
    ends = [found.end() for found in _REVISION_END.finditer(content)][:-1]
    if b"/Linearized" in content[:1024]:
        ends = ends[1:]  # the first one ends no revision
    if len(ends) > _MOST_REVISIONS:
        budget.cannot(place, "limit:revisions")
    for end in ends[-_MOST_REVISIONS:]:
        budget.tick()
        try:
            document = pypdfium2.PdfDocument(content[:end])
        except pypdfium2.PdfiumError:
            continue  # it was never a whole file
        try:
            _read_former(place, document, pages, budget)
        except pypdfium2.PdfiumError:
            budget.cannot(place, "broken")
        finally:
            document.close()


def _read_former(place: str, document: pypdfium2.PdfDocument, pages: set[str], budget: Budget) -> None:
    for number in range(len(document)):
        budget.page()
        page = document[number]
        textpage = page.get_textpage()
        text = textpage.get_text_range()
        if text not in pages:
            pages.add(text)
            budget.add(place, text)
        budget.add(place, "\n".join(_notes(page)))
        textpage.close()
        page.close()
