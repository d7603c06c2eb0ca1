"""Each format through a real worker, locked in: whatever a library wants to open or start, it must have done before."""

from __future__ import annotations

import base64
from pathlib import Path

from gateway.adapters.scan_broker import BrokerSettings
from gateway.core.limits import Limits
from tests.unit.adapters.extract import test_encoded, test_extractor, test_formats, test_images
from tests.unit.adapters.test_scanner import asking, serving

RULE = '[x.secret]\ntitle.nl = "x"\ntitle.en = "x"\npattern = \'\\b111222333\\b\'\nmatch = ["111222333"]\nno_match = ["x"]\n'
FILES = {
    f"{family}-{name}".replace(" ", "-"): content
    for family, files in {
        "basic": test_extractor.READ,
        "format": test_formats.READ,
        "image": test_images.READ,
        "encoded": {f"{name}.txt": content for name, content in test_encoded.FOUND.items()},
    }.items()
    for name, content in files.items()
}

# The document beside what is found is broken, or the text is one of no character set.
BROKEN = {"format-object.doc", "format-property.doc", "encoded-yenc.txt"}
SAME_PICTURE = {"image-a.zip", "image-logo.docx", "image-page.html"}  # as dutch.png, which is read once


def message() -> bytes:
    """All files in one message."""
    parts = b"".join(
        b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="%s"\r\n\r\n%s\r\n'
        % (name.encode(), base64.encodebytes(content).replace(b"\n", b"\r\n"))
        for name, content in FILES.items()
    )
    return b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--\r\n"


async def test_every_format_is_read_in_a_locked_worker(tmp_path: Path) -> None:
    limits = Limits(seconds=200, image_seconds=150)
    settings = BrokerSettings(f"ipc://{tmp_path}/s", 1, 240, 1 << 30, lambda: ((("a.toml", RULE),), ()), limits=limits)
    async with serving(settings), asking(settings.endpoint, seconds=480) as scanner:
        scan = await scanner.scan(message())
    places = [finding.place.removeprefix("attachment:") for finding in scan.findings.findings]
    missed = {name for name in FILES if not any(place == name or place.startswith(f"{name}/") for place in places)}
    assert missed <= BROKEN | SAME_PICTURE, missed
    broken = {item.place.removeprefix("attachment:") for item in scan.findings.unscannable if item.reason == "broken"}
    assert broken <= BROKEN, broken
