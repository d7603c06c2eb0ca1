"""Pictures of text, read by Tesseract; and what is not worth reading."""

from __future__ import annotations

import base64
import io
import re
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from gateway.adapters.extract import image, ocr
from gateway.core.limits import Limits
from tests.unit.adapters.extract.files import pdf_of, picture, stream
from tests.unit.adapters.extract.test_extractor import docx, extracted, zipped
from tests.unit.adapters.extract.test_formats import FONT, PAGES

DUTCH = "Het BSN van de patiënt is 111222333"
ENGLISH = "Citizen service number 111222333"


@pytest.fixture(autouse=True)
def loaded() -> Iterator[None]:
    """Each test begins with an engine that knows no picture."""
    assert ocr.load(), "tesseract-ocr-nld and tesseract-ocr-eng are needed: scripts/install-peers.sh"
    image._KNOWN._texts.clear()
    yield
    ocr._engine = None


def scanned_pdf(kind: str = "page") -> bytes:
    """A page that is nothing but a picture; or that has a line of text, too."""
    jpeg = picture(DUTCH, "JPEG")
    text = b"BT /F1 12 Tf 20 20 Td (Bladzijde 1) Tj ET " if kind == "footer" else b""
    resources = b"/Resources<</XObject<</I 6 0 R>>/Font<</F1 5 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 200]/Contents 4 0 R" + resources + b">>"
    head = b"/Type/XObject/Subtype/Image/Width 900/Height 120/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
    show = stream(text + b"q 480 0 0 64 10 100 cm /I Do Q")
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", PAGES, page, show, FONT, stream(jpeg, head)])


def rotated_tiff() -> bytes:
    """Two frames, the second one with the text."""
    frames = [Image.open(io.BytesIO(picture(text))) for text in ("Eerste bladzijde", DUTCH)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def transparent() -> bytes:
    """Black letters on nothing."""
    shown = Image.open(io.BytesIO(picture(DUTCH))).convert("L")
    nothing = Image.new("RGBA", shown.size, (0, 0, 0, 0))
    nothing.putalpha(shown.point(lambda level: 255 - level))
    buffer = io.BytesIO()
    nothing.save(buffer, "PNG")
    return buffer.getvalue()


READ = {
    "dutch.png": picture(DUTCH),
    "english.jpg": picture(ENGLISH, "JPEG"),
    "screen.png": picture(DUTCH, size=(420, 60), points=14),
    "a.gif": picture(DUTCH, "GIF"),
    "a.bmp": picture(DUTCH, "BMP"),
    "a.webp": picture(DUTCH, "WEBP"),
    "frames.tiff": rotated_tiff(),
    "transparent.png": transparent(),
    "scan.pdf": scanned_pdf(),
    "footer.pdf": scanned_pdf("footer"),
    "logo.docx": docx(**{"word/media/image1.png": picture(DUTCH)}),  # type: ignore[arg-type]
    "a.zip": zipped({"x.png": picture(DUTCH)}),
    "page.html": b"<html><img src='data:image/png;base64," + base64.b64encode(picture(DUTCH)) + b"'>",
}


@pytest.mark.parametrize("name", READ)
def test_the_text_is_found(name: str) -> None:
    text, unscannable = extracted(name, READ[name])
    assert "111222333" in re.sub(r"\s", "", text)
    assert unscannable == set()


def test_without_tesseract_it_is_an_image() -> None:
    ocr._engine = None
    assert extracted("a.png", READ["dutch.png"])[1] == {("a.png", "image")}
    assert extracted("scan.pdf", READ["scan.pdf"])[1] == {("scan.pdf", "no-text")}


def test_without_language_files_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    ocr._engine = None
    monkeypatch.setattr(ocr, "_FOLDERS", ())
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)
    assert not ocr.load()


@pytest.mark.parametrize("size", [(16, 16), (40, 300), (600, 8)])
def test_icons_and_rules_are_skipped(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "recognise", lambda *_: pytest.fail("it was read"))
    assert extracted("a.png", picture("x", size=size))[1] == set()


def test_one_shade_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "recognise", lambda *_: pytest.fail("it was read"))
    buffer = io.BytesIO()
    Image.new("RGB", (500, 500), "navy").save(buffer, "PNG")
    assert extracted("a.png", buffer.getvalue())[1] == set()


def test_the_same_picture_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(image, "recognise", lambda *_: read.append(1) or "x")
    extracted("a.zip", zipped({f"{number}.png": READ["dutch.png"] for number in range(5)}))
    assert len(read) == 1


def test_a_logo_is_known_in_the_next_mail_and_a_number_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(image, "recognise", lambda *_: read.append(1) or "Gemeente Voorbeeld")
    for _ in range(3):
        extracted("a.png", READ["dutch.png"])
    assert len(read) == 1
    monkeypatch.setattr(image, "recognise", lambda *_: read.append(1) or "BSN 111222333")
    for _ in range(3):
        extracted("b.png", READ["a.bmp"])
    assert len(read) == 4


def huge() -> bytes:
    """A header that promises a picture of 60,000 times 60,000 points."""
    content = bytearray(picture("x"))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


BOMBS = {
    "pixels": (huge(), Limits(), "limit:pixels"),
    "images": (zipped({f"{n}.png": picture(f"nummer {n}") for n in range(4)}), Limits(images=2), "limit:images"),
    "time": (picture(DUTCH), Limits(image_seconds=0.0), "limit:image-time"),
    "pages": (scanned_pdf(), Limits(image_seconds=0.0), "limit:image-time"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_at_a_limit(name: str) -> None:
    content, limits, reason = BOMBS[name]
    assert reason in {told for _, told in extracted("bomb", content, limits)[1]}


class _Slow:
    """An engine that never comes to an end in its time."""

    def SetImageBytes(self, *_: object) -> None: ...  # noqa: N802
    def Clear(self) -> None: ...  # noqa: N802
    def Recognize(self, milliseconds: int) -> bool:  # noqa: N802
        assert 0 < milliseconds <= 6000
        return False


def test_what_takes_too_long_counts_as_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_engine", _Slow())
    assert extracted("a.png", READ["dutch.png"])[1] == {("a.png", "image:time")}
