"""Optical character recognition in Dutch and English (Tesseract): an optional extra that a process loads once.

Rule: without `load()`, or without the libraries or their language files, nothing is recognised and images count as 'image'.
Everything is in memory after `load()`, for a process that may open no files later.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.adapters.extract.budget import Budget

if TYPE_CHECKING:
    from PIL.Image import Image

LANGUAGES = ("nld", "eng")
_FOLDERS = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata")
_SECONDS = 6.0  # for one image
_AUTO = 3
_UNSURE = 25  # below this mean confidence it is noise
_engine: Any = None


def load() -> bool:
    """Loads Tesseract, its languages and Pillow's decoders; whether images can be read from now on."""
    global _engine  # like a codec: loaded once, for the whole process
    if _engine is not None:
        return True
    os.environ["OMP_THREAD_LIMIT"] = "1"  # one core for a worker; and it may start no threads
    folder = _folder()
    if folder is None:
        return False
    try:
        import tesserocr
        from PIL import Image, ImageDraw
    except ImportError:
        return False
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # counted by the budget, before anything is decoded
    languages = "+".join(name for name in LANGUAGES if (folder / f"{name}.traineddata").is_file())
    try:
        engine = tesserocr.PyTessBaseAPI(path=f"{folder}/", lang=languages, psm=_AUTO)
        engine.SetVariable("debug_file", "/dev/null")  # opened at the first remark, so there must be one now
    except RuntimeError:
        return False
    page = Image.new("L", (400, 200), 255)
    ImageDraw.Draw(page).text((20, 20), "Zegel 0123456789\n" * 8, fill=0)
    engine.SetImageBytes(page.tobytes(), page.width, page.height, 1, page.width)
    engine.Recognize(0)
    engine.GetUTF8Text()
    engine.Clear()
    _engine = engine
    return True


def is_loaded() -> bool:
    return _engine is not None


def _folder() -> Path | None:
    """Where the language files are: `TESSDATA_PREFIX`, or where distributions put them."""
    told = os.environ.get("TESSDATA_PREFIX", "")
    for name in (told, *_FOLDERS):
        if name and (Path(name) / f"{LANGUAGES[0]}.traineddata").is_file():
            return Path(name)
    return None


def recognise(image: Image, budget: Budget) -> str:
    """The words in the picture, which is in shades of grey; empty when there are none. Raises `LimitReached` when the message
    took too long already, `TookTooLong` when this picture does.
    """
    seconds = min(_SECONDS, budget.image_seconds_left())
    start = time.monotonic()
    try:
        # As bare octets: as a picture it would go through a temporary file.
        _engine.SetImageBytes(image.tobytes(), image.width, image.height, 1, image.width)
        if not _engine.Recognize(int(seconds * 1000)):
            raise TookTooLong
        return str(_engine.GetUTF8Text()) if _engine.MeanTextConf() >= _UNSURE else ""
    except RuntimeError as error:
        raise TookTooLong from error
    finally:
        _engine.Clear()
        budget.image_took(time.monotonic() - start)


class TookTooLong(Exception):
    """Nothing readable came of the picture in its time: a photograph, or noise."""
