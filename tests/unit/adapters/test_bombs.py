"""Bombs through the whole scan, as the gateway does it: one for each limit, in worker processes with their real limits.

Each ends in an answer that says what was not read, or in its number being found; none ends a worker, none is passed over, and
mail goes on beside them.
"""

# ruff: noqa: E501 - one bomb, one line

from __future__ import annotations

import asyncio
import base64
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from gateway.adapters.scan_broker import BrokerSettings
from gateway.adapters.scanner import ZmqScanner
from gateway.core.errors import ScanFailed
from gateway.core.finding import Confidence, Findings
from gateway.core.limits import Limits
from tests.unit.adapters.test_scanner import asking, serving
from tests.vectors.evasions.case import HEAD, SECRET, attached, body, html
from tests.vectors.evasions.office import docx, xlsx, zipped
from tests.vectors.evasions.pdf import pdf, stream
from tests.vectors.evasions.pdf import written as pdf_of

RULES = Path(__file__).parents[3] / "dlp_rules"
MEMORY = 1 << 30  # octets of address space, the default
SCAN_SECONDS = 90  # the machine may be busy; a worker is killed after that, and the test fails
MEGA = 1 << 20
END = f" {SECRET}.\r\n".encode()


# -- messages


def parts(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


def deep(levels: int) -> bytes:
    """Multiparts in multiparts."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return HEAD + opened + b"\r\n" + END + b"".join(b"--b%d--\r\n" % n for n in reversed(range(levels)))


def mails(levels: int) -> bytes:
    """Mails in mails."""
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * levels + b"Subject: x\r\n\r\n" + END


def fields(text: bytes, count: int) -> bytes:
    return HEAD + text * count + b"\r\nDag\r\n"


def text(octets: bytes, encoding: str = "8bit") -> bytes:
    return body("text/plain; charset=utf-8", octets, encoding)


def pictures(count: int, side: int) -> bytes:
    """Different pictures of noise, in which nothing is to be read."""
    noise = random.Random(1)  # the same in each run
    return attached(
        "a.zip", zipped({f"{n}.png": png(side, side, noise.randbytes(side * side // 8)) for n in range(count)})
    )


# -- files


def zeros(megabytes: int) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.txt", "w", force_zip64=True) as member,
    ):
        for _ in range(megabytes):
            member.write(bytes(MEGA))
    return out.getvalue()


def nested(levels: int, width: int = 1) -> bytes:
    """Zips in zips, so many in each: they are one and the same, so it is small."""
    content = zipped({"a.txt": SECRET})
    for _ in range(levels):
        content = zipped({f"{n}.zip": content for n in range(width)})
    return content


def laughs() -> str:
    told = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "ha">{told}]><d>&a9;</d>'


def pages(count: int) -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(count))
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
            stream(b"BT ET"),
        ]
    )


def in_base64(levels: int) -> bytes:
    octets = b"Het " + END
    for _ in range(levels):
        octets = base64.encodebytes(octets)
    return octets


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """Black, but for the pixels given, of one bit each; the height may be a lie."""

    def chunk(kind: bytes, octets: bytes) -> bytes:
        return struct.pack(">I", len(octets)) + kind + octets + struct.pack(">I", zlib.crc32(kind + octets))

    wide = width // 8
    rows = b"".join(
        b"\0" + pixels[n * wide : (n + 1) * wide].ljust(wide + 1, b"\0")[:wide] for n in range(min(height, 4000))
    )
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def flate(octets: bytes) -> bytes:
    return pdf(contents=stream(zlib.compress(octets, 9), b"/Filter/FlateDecode"))


@dataclass(frozen=True)
class Bomb:
    """`reasons` are globs of what the scan may say it could not read; with `found`, it may also have found the number instead."""

    make: Callable[[], bytes]
    reasons: tuple[str, ...]
    found: bool = False


def limit(make: Callable[[], bytes], *reasons: str) -> Bomb:
    return Bomb(make, reasons)


def read(make: Callable[[], bytes]) -> Bomb:
    """Large, odd, but to be read: the number at its end is found, or a limit says that it was not reached."""
    return Bomb(make, ("limit:*", "ambiguous:*"), found=True)


LIMITS = Limits(image_seconds=1.0)  # the others as they are; so much noise takes longer on any machine

# By the limit that holds each (its name in `Limits` first), or what it is a bomb of.
BOMBS: dict[str, Bomb] = {
    "header_bytes-20-mb": limit(lambda: fields(b"X-A: " + b"x" * (20 * MEGA) + b"\r\n", 1), "limit:headers"),
    "header_fields-100000": limit(lambda: fields(b"X-A: x\r\n", 100_000), "limit:headers"),
    "depth-5000": limit(lambda: deep(5000), "limit:depth"),
    "parts-100000": limit(lambda: parts(100_000), "limit:parts"),
    "nesting-mails-5000": limit(lambda: mails(5000), "limit:nesting"),
    "nesting-zips-40": limit(lambda: attached("a.zip", nested(40)), "limit:nesting"),
    "nesting-base64-of-base64": limit(lambda: text(in_base64(15)), "limit:nesting"),
    "files-5000": limit(lambda: attached("a.zip", zipped({f"{n}": "x" for n in range(5000)})), "limit:files"),
    "files-wide-and-deep": limit(lambda: attached("a.zip", nested(4, 16)), "limit:files"),
    "ratio-300-mb-of-zeros": limit(lambda: attached("a.zip", zeros(300)), "limit:ratio"),
    "unpacked_bytes-pdf-flate": limit(lambda: attached("a.pdf", flate(b" " * (400 * MEGA))), "limit:size"),
    "text_characters-34-mb": limit(lambda: text(b"Een gewone regel.\r\n" * (2 * MEGA)), "limit:text"),
    "pages-60000": limit(lambda: attached("a.pdf", pages(60_000)), "limit:pages"),
    "images-61": limit(lambda: pictures(61, 48), "image*", "limit:image*"),
    "image_pixels-60000-by-60000": limit(lambda: attached("a.png", png(60_000, 60_000)), "limit:pixels", "image"),
    "image_seconds-noise": limit(lambda: pictures(40, 1600), "limit:image-time"),
    "seconds-cells": read(lambda: attached("a.xlsx", xlsx("<row>" + "<c><v>1</v></c>" * (2 * MEGA) + f"<c><v>{SECRET}</v></c></row>"))),
    "classify_seconds-spaced-digits": limit(lambda: text(b"1 2 " * (25 * MEGA // 4) + END), "limit:time"),
    "classify_seconds-numbers": limit(lambda: text(b"111222333 " * (25 * MEGA // 10) + END), "limit:time"),
    "classify_seconds-near-words": limit(lambda: text(b"bsn " * (25 * MEGA // 4) + END), "limit:time"),
    "memory-25-mb-of-percent": limit(lambda: text(b"%31%32" * (4 * MEGA) + END), "limit:memory", "limit:time", "limit:text"),
    "memory-xml-elements-deep": limit(lambda: attached("a.docx", docx(**{"word/comments.xml": "<a>" * MEGA})), "limit:*", "broken"),
    "xml-entities": limit(lambda: attached("a.docx", docx(**{"word/comments.xml": laughs()})), "limit:*", "broken"),
    "html-deep": read(lambda: html("<div>" * 150_000 + SECRET)),
    "html-attributes": read(lambda: html("<p " + " ".join(f"a{n}=1" for n in range(300_000)) + f">{SECRET}")),
    "html-25-mb-of-less-than": read(lambda: html("<" * (25 * MEGA) + " " + SECRET)),
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    findings: Findings | None
    error: str = ""


async def _answer(scanner: ZmqScanner, raw: bytes) -> Answer:
    try:
        return Answer((await scanner.scan(raw)).findings)
    except ScanFailed as error:
        return Answer(None, repr(error))


async def _scan_all(folder: Path) -> tuple[dict[str, Answer], bool]:
    """The answers by name, two bombs at a time and harmless mail between; and whether the workers are those of the start."""
    answers: dict[str, Answer] = {}
    names = iter(BOMBS)
    files = tuple((path.name, path.read_text()) for path in sorted(RULES.glob("*.toml")))
    settings = BrokerSettings(f"ipc://{folder}/s", 2, SCAN_SECONDS, MEMORY, lambda: (files, ()), limits=LIMITS)
    async with serving(settings) as broker, asking(settings.endpoint, seconds=SCAN_SECONDS * 3) as scanner:
        first = dict(broker.workers)

        async def work() -> None:
            for name in names:
                answers[name] = await _answer(scanner, await asyncio.to_thread(BOMBS[name].make))
                answers[f"beside {name}"] = await _answer(scanner, HEAD + b"\r\nHet" + END)

        await asyncio.gather(work(), work())
        return answers, broker.workers == first


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, Answer], bool]:
    return asyncio.run(_scan_all(tmp_path_factory.mktemp("z")))


@pytest.mark.parametrize("name", BOMBS)
def test_each_bomb_ends_in_an_answer(name: str, scanned: tuple[Mapping[str, Answer], bool]) -> None:
    bomb, answer = BOMBS[name], scanned[0][name]
    assert answer.findings is not None, answer.error
    beside = scanned[0][f"beside {name}"].findings
    assert beside is not None
    assert any(item.rule == "nl.bsn" for item in beside.findings)
    said = {item.reason for item in answer.findings.unscannable}
    found = any(item.rule == "nl.bsn" and item.confidence >= Confidence.MEDIUM for item in answer.findings.findings)
    assert (bomb.found and found) or any(fnmatchcase(reason, glob) for reason in said for glob in bomb.reasons), said


def test_no_bomb_ends_a_worker(scanned: tuple[Mapping[str, Answer], bool]) -> None:
    """Neither its memory, which the kernel bounds, nor its time was used up."""
    assert scanned[1]
