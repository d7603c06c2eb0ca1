"""Pictures of text, for a reader of pictures (OCR); and text that pictures carry along."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from tests.vectors.evasions.case import (
    HELLO,
    SECRET,
    Case,
    attached,
    body,
    file_part,
    found,
    html,
    in_base64,
    mixed,
    part,
)
from tests.vectors.evasions.office import docx, pptx, xlsx, zipped

LINES = ("Geachte heer Jansen,", f"Uw {SECRET} is bekend.")


def _image(lines: tuple[str, ...] = LINES, *, size: int = 28, ink: int = 0, paper: int = 255) -> Image.Image:
    font = ImageFont.truetype("DejaVuSans.ttf", size)
    image = Image.new("L", (size * 18, (size + 14) * len(lines) + 30), paper)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((18, 14 + number * (size + 14)), line, fill=ink, font=font)
    return image


def drawn(text: str) -> tuple[int, int, bytes]:
    """Width, height and rows of one bit a dot, white as one: what a PDF takes."""
    image = (
        _image(("Geachte heer Jansen,", f"Uw {text} is bekend.")).point(lambda value: 255 * (value > 128)).convert("1")
    )
    return image.width, image.height, image.tobytes()


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _two(kind: str, **options: Any) -> bytes:
    """The number on the second page or frame."""
    first = _image(("Geachte heer Jansen,", "Zie de volgende bladzijde.")).convert("1")
    return saved(first, kind, save_all=True, append_images=[_image().convert("1")], **options)


def _told() -> PngImagePlugin.PngInfo:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", SECRET, zip=False)
    return told


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET  # ImageDescription
    return exif.tobytes()


PLAIN = saved(_image().convert("1"), "PNG")
BLANK = Image.new("L", (40, 40), 255)
FILES: dict[str, tuple[str, bytes]] = {
    "png": ("scan.png", PLAIN),
    "jpeg": ("scan.jpg", saved(_image(), "JPEG", quality=40)),
    "gif": ("scan.gif", saved(_image().convert("1"), "GIF")),
    "tiff": ("scan.tif", saved(_image().convert("1"), "TIFF", compression="group4")),
    "tiff-second-page": ("scan.tif", _two("TIFF", compression="group4")),
    "gif-second-frame": ("scan.gif", _two("GIF", duration=500)),
    "bmp": ("scan.bmp", saved(_image().convert("1"), "BMP")),
    "webp": ("scan.webp", saved(_image(), "WEBP", quality=20)),
    "named-as-text": ("brief.txt", PLAIN),
    "white-on-black": ("scan.png", saved(_image(ink=255, paper=0).convert("1"), "PNG")),
    "pale": ("scan.png", saved(_image(ink=170, paper=235).quantize(4), "PNG")),
    "turned": ("scan.png", saved(_image().rotate(90, expand=True).convert("1"), "PNG")),
    "upside-down": ("scan.png", saved(_image().rotate(180, expand=True).convert("1"), "PNG")),
    "small": ("scan.png", saved(_image(size=13).quantize(4), "PNG")),
    "png-comment": ("logo.png", saved(BLANK, "PNG", pnginfo=_told())),
    "jpeg-comment": ("logo.jpg", saved(BLANK, "JPEG", comment=SECRET.encode())),
    "jpeg-exif": ("logo.jpg", saved(BLANK, "JPEG", exif=_exif())),
    "png-with-zip-behind": ("logo.png", saved(BLANK, "PNG") + zipped({"a.txt": SECRET})),
    "png-with-text-behind": ("logo.png", saved(BLANK, "PNG") + f"\n{SECRET}\n".encode()),
    "svg": ("tekening.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><text>BSN <tspan>111</tspan>222<tspan>333</tspan></text></svg>'),
    "in-docx": ("brief.docx", docx(**{"word/media/image1.png": PLAIN})),
    "in-xlsx": ("lijst.xlsx", xlsx(**{"xl/media/image1.png": PLAIN})),
    "in-pptx": ("dia.pptx", pptx(**{"ppt/media/image1.png": PLAIN})),
    "in-zip": ("scans.zip", zipped({"scan.png": PLAIN})),
}  # fmt: skip


def cases() -> dict[str, Case]:
    made = {f"picture-{name}": found(attached(*file), "attachment:*") for name, file in FILES.items()}
    page = part("text/html", b'<p>Zie:</p><img src="cid:scan">')
    inline = part("image/png", in_base64(PLAIN), "Content-Transfer-Encoding: base64\r\nContent-ID: <scan>\r\n")
    made["picture-inline"] = found(mixed(page, inline, kind="related"), "*")
    made["picture-as-message"] = found(body("image/png", in_base64(PLAIN), "base64"), "*")
    made["picture-in-page"] = found(html(f'<img src="data:image/png;base64,{base64.b64encode(PLAIN).decode()}">'), "*")
    made["picture-as-text-type"] = found(mixed(HELLO, file_part("scan.png", PLAIN, "text/plain")), "*")
    return made
