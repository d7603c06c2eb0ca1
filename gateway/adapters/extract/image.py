"""Images to text by OCR. What holds no readable line is skipped: icons, rules, plain colours, repeats of the same picture.

Rules: the size is read from the header before anything is decoded; a mail full of logos must stay cheap. Photographs come to
nothing within their time and count as 'image', as all images do without OCR.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.adapters.extract.budget import Budget, Inner, LimitReached
from gateway.adapters.extract.ocr import TookTooLong, is_loaded, recognise
from gateway.adapters.extract.words import sentences_in

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM", "PCX", "AVIF", "JPEG2000", "DIB", "TGA")
_LEAST_WIDTH, _LEAST_HEIGHT = 48, 12  # less holds no line of nine digits
_LONG_SIDE = 2600  # larger ones are made smaller
_SHORT_SIDE = 1000  # smaller ones are made larger: letters on screens are too small for Tesseract
_MOST_FRAMES = 20
_FLAT = 24  # levels of grey between the darkest and the lightest pixel


def read_image(place: str, content: bytes, budget: Budget, inner: Inner) -> None:
    """The words in the picture, in each of its frames, and its written metadata."""
    # Descriptions and comments, and what somebody put behind the picture.
    budget.add(place, "\n".join(sentences_in(content)))
    if not is_loaded():
        budget.cannot(place, "image")
        return
    if not budget.is_new_picture(content):
        return
    try:
        texts = _KNOWN.get(content)
        if texts is None:
            texts = list(_texts(place, content, budget))
            _KNOWN.put(content, texts)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError):
        budget.cannot(place, "image")  # a format that Pillow does not know, or a broken picture
        return
    except TookTooLong:
        budget.cannot(place, "image:time")
        return
    budget.add(place, "\n".join(texts))


def _texts(place: str, content: bytes, budget: Budget) -> Iterator[str]:
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.width < _LEAST_WIDTH or image.height < _LEAST_HEIGHT:
            return
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number >= _MOST_FRAMES:
                budget.cannot(place, "image:frames")
                return
            if frame.width * frame.height > budget.limits.image_pixels:
                raise LimitReached("limit:pixels")
            prepared = _prepared(frame)
            if prepared is not None:
                budget.image(frame.width * frame.height)
                yield recognise(prepared, budget)


def _prepared(frame: Image) -> Image | None:
    """In grey on white, of a size that Tesseract reads well; None when it is all of one shade."""
    from PIL import Image

    if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
        rgba = frame.convert("RGBA")
        paper = Image.new("RGBA", rgba.size, "white")
        frame = Image.alpha_composite(paper, rgba)
    grey = frame.convert("L")
    if _contrast(grey) < _FLAT:
        return None
    long, short = max(grey.size), min(grey.size)
    factor = min(_LONG_SIDE / long, 1.0) if long > _LONG_SIDE else min(3.0, _SHORT_SIDE / short, _LONG_SIDE / long)
    if abs(factor - 1) > 0.05:
        size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
        grey = grey.resize(size, Image.Resampling.BICUBIC)
    return grey


def _contrast(grey: Image) -> int:
    levels = [level for level, count in enumerate(grey.histogram()) if count]
    return levels[-1] - levels[0]


class _KnownLogos:
    """Texts of pictures that came before, for logos come in every mail: only short ones without numbers are kept."""

    def __init__(self, most: int = 1000) -> None:
        self._texts: OrderedDict[bytes, list[str]] = OrderedDict()
        self._most = most

    def get(self, content: bytes) -> list[str] | None:
        return self._texts.get(sha256(content).digest())

    def put(self, content: bytes, texts: list[str]) -> None:
        whole = "".join(texts)
        if len(whole) > 100 or sum(character.isdigit() for character in whole) > 4:
            return
        self._texts[sha256(content).digest()] = texts
        if len(self._texts) > self._most:
            self._texts.popitem(last=False)


_KNOWN = _KnownLogos()
