"""How long a live check takes: a letter of 2 KiB alone, and with files of 5 MB; one writer, then several at once.

    python -m benchmarks.live_check [--rounds 100] [--writers 4]

Times are of whole requests over one kept connection to a running installation, as an add-in has it: token, counting, reading,
writing out, scanning, deciding, wording. Several tokens take turns, since one may ask 120 times a minute.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import statistics
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.e2e.site import Site, running_site

SENTENCE = "Beste Jan, de uitslag van het onderzoek van vorige week is binnen; de volgende afspraak blijft staan. "
LETTER = SENTENCE * (2048 // len(SENTENCE)) + "Het BSN is 111222333."
LINE = "2026-11-24;artikel;een omschrijving zonder iets bijzonders;12,50\r\n"
SIZE = 5_000_000
DRAFT = {"from": "anna@example.nl", "to": ["jan@elders.example"], "subject": "Uitslag", "text": LETTER}
CHECKS_PER_TOKEN = 100

Part = tuple[str, bytes, str]


def document() -> bytes:
    """A letter of ten pages with photographs."""
    buffer = io.BytesIO()
    body = "".join(f"<w:p><w:r><w:t>{SENTENCE}</w:t></w:r></w:p>" for _ in range(300))
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')
        archive.writestr("word/media/image1.jpeg", picture())
    return buffer.getvalue()


def picture() -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + os.urandom(SIZE)


def files() -> dict[str, Part | None]:
    return {
        "letter of 2 KiB": None,
        "with 5 MB docx": ("brief.docx", document(), "application/octet-stream"),
        "with 5 MB jpeg": ("foto.jpg", picture(), "image/jpeg"),
        "with 5 MB csv": ("lijst.csv", (LINE * (SIZE // len(LINE))).encode(), "text/csv"),
    }


class Writer:
    """A client with its connection; `tokens` take turns."""

    def __init__(self, site: Site, tokens: itertools.cycle[str]) -> None:
        self.client = httpx.Client(base_url=site.url, timeout=60)
        self.tokens = tokens

    def check(self, file: Part | None) -> tuple[float, bool]:
        """Seconds, and whether there was an answer in time."""
        headers = {"Authorization": f"Bearer {next(self.tokens)}"}
        message = json.dumps(DRAFT).encode()
        began = time.perf_counter()
        if file is None:
            headers["Content-Type"] = "application/json"
            answer = self.client.post("/api/v1/check", content=message, headers=headers)
        else:
            parts = [("message", (None, message, "application/json")), ("attachment", file)]
            answer = self.client.post("/api/v1/check", files=parts, headers=headers)
        took = time.perf_counter() - began
        assert answer.status_code in (200, 503), answer.text
        assert answer.status_code == 503 or answer.json()["action"] == "seal"
        return took, answer.status_code == 200


def told(name: str, checks: list[tuple[float, bool]]) -> None:
    times = [seconds for seconds, _ in checks]
    cuts = statistics.quantiles(times, n=20)
    late = sum(not answered for _, answered in checks)
    print(
        f"{name:32} {len(times):5} checks, {late:3} not in time  p50 {statistics.median(times) * 1000:7.1f} ms"
        f"  p95 {cuts[-1] * 1000:7.1f} ms",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--writers", type=int, default=4)
    asked = parser.parse_args()
    with running_site() as site:
        count = max(2, asked.rounds * 5 // CHECKS_PER_TOKEN + 1)
        command = ("token", "add", "anna@example.nl", "--name", "benchmark", "--expires", "PT1H")
        tokens = itertools.cycle([site.zegel(*command).splitlines()[-1] for _ in range(count)])
        writer = Writer(site, tokens)
        for name, file in files().items():
            rounds = asked.rounds if file is None else max(10, asked.rounds // 5)
            writer.check(file)
            told(name, [writer.check(file) for _ in range(rounds)])
        writers = [Writer(site, tokens) for _ in range(asked.writers)]
        with ThreadPoolExecutor(asked.writers) as pool:
            runs = pool.map(lambda one: [one.check(None) for _ in range(asked.rounds // asked.writers)], writers)
            told(f"letter, {asked.writers} writers at once", [check for run in runs for check in run])


if __name__ == "__main__":
    main()
