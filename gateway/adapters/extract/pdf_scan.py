"""Pages of a PDF that are pictures of text: rendered and read by OCR."""

from __future__ import annotations

import ctypes
import math

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw as pdfium

from gateway.adapters.extract.budget import Budget
from gateway.adapters.extract.ocr import recognise

_LITTLE = 200  # characters; a page with more and a picture is a page with a picture
_SHARE = 0.15  # of the page that a picture must cover to count
_DPI = 200
_MOST_PIXELS = 6_000_000
_MOST_OBJECTS = 500
_UNREADABLE = 0.3  # share of characters that no font explains


def is_scan(page: pypdfium2.PdfPage, text: str) -> bool:
    """Whether there may be words on the page that its text does not tell."""
    stripped = text.strip()
    if len(stripped) >= _LITTLE:
        return _is_garbage(stripped[:2000])
    count = pdfium.FPDFPage_CountObjects(page.raw)
    if not stripped:
        return bool(count)
    width, height = page.get_size()
    return any(_covers(page, index, width * height) for index in range(min(count, _MOST_OBJECTS))) or _is_garbage(
        stripped
    )


def _is_garbage(text: str) -> bool:
    odd = sum(character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character < " " for character in text)
    odd -= text.count("\r") + text.count("\n") + text.count("\t")
    return odd > len(text) * _UNREADABLE


def _covers(page: pypdfium2.PdfPage, index: int, area: float) -> bool:
    item = pdfium.FPDFPage_GetObject(page.raw, index)
    if pdfium.FPDFPageObj_GetType(item) not in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM):
        return False
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
        return False
    return (right.value - left.value) * (top.value - bottom.value) >= area * _SHARE


def text_of_scan(page: pypdfium2.PdfPage, budget: Budget) -> str:
    """The words on the page. Raises `LimitReached`."""
    width, height = page.get_size()
    if not (0 < width < 1e6 and 0 < height < 1e6):
        return ""
    budget.image_seconds_left()
    scale = min(_DPI / 72, math.sqrt(_MOST_PIXELS / (width * height)))
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
    try:
        budget.image(bitmap.width * bitmap.height)
        return recognise(bitmap.to_pil().convert("L"), budget)
    finally:
        bitmap.close()
