"""How fast Zegel looks for sensitive content, beside others, in one run on one core.

    python -m benchmarks.dlp TEXT... [--presidio-python PEER/bin/python] [--repeat 7]

TEXT are files of prose: plain text, or CoNLL-U, of which the `# text = ` lines are taken (the Universal Dependencies treebanks
of Dutch are such files). Every figure is of the same text, cut into pieces of 10 KiB as mails are, with all rules of Zegel; the
median of the repeats. Compared are:

    bare hyperscan     the rules' patterns and words, as they are written, in one database: without a callback, and counting
    Python re          the same patterns and words, one after the other
    Presidio           see benchmarks/presidio_peer.py; it runs in a Python of its own, on a part of the text
    classifier         `Classifier.classify`: normalise, match, validate, weigh, second readings
    whole scan         `scan_with`: parse and extract too, for a plain mail and for text with an HTML alternative

Times are of the process (CPU), except Presidio's, so that other work on the machine counts less.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path

import hyperscan

from gateway.adapters.scan_now import scan_with
from gateway.adapters.toml_folder import texts
from gateway.core import rules
from gateway.core.classify import Classifier
from gateway.core.limits import Limits
from gateway.core.matcher import words_of
from gateway.core.rules import RuleSet, pattern_flags
from gateway.resources import resource

PIECE = 10 * 1024  # octets of a mail
PRESIDIO_PIECES = 12
RE_PIECES = 4


def prose(paths: Sequence[Path]) -> str:
    """The text of all files, paragraphs apart."""
    found = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".conllu":
            lines = [line.removeprefix("# text = ") for line in text.splitlines() if line.startswith("# text = ")]
            text = "\n".join(" ".join(lines[at : at + 5]) for at in range(0, len(lines), 5))
        found.append(text)
    return "\n".join(found)


def pieces_of(text: str) -> list[str]:
    """Whole lines, about 10 KiB together."""
    found, piece, size = [], [], 0
    for line in text.splitlines():
        piece.append(line)
        size += len(line.encode()) + 1
        if size >= PIECE:
            found.append("\n".join(piece))
            piece, size = [], 0
    return found or ["\n".join(piece)]


def timed(act: Callable[[str], object], pieces: Sequence[str]) -> list[float]:
    """Seconds of CPU for each piece."""
    seconds = []
    for piece in pieces:
        began = time.process_time_ns()
        act(piece)
        seconds.append((time.process_time_ns() - began) / 1e9)
    return seconds


def expressions(ruleset: RuleSet) -> list[tuple[str, int]]:
    """The rules' patterns, and their words with borders, as anybody would write them."""
    found = [(pattern, pattern_flags(rule.case_sensitive)) for rule in ruleset.rules for pattern in rule.patterns]
    for word in sorted({word for rule in ruleset.rules for word in words_of(rule)}):
        body = r"\s".join(re.sub(r"([^\w\s])", r"\\\1", part) for part in word.rstrip("*").split())
        before = r"\b" if word[0].isascii() and word[0].isalnum() else ""
        after = r"\b" if word[-1].isascii() and word[-1].isalnum() else ""
        found.append((before + body + after, pattern_flags(False)))
    return found


class Bare:
    """Hyperscan and nothing else."""

    def __init__(self, wanted: Sequence[tuple[str, int]]) -> None:
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[pattern.encode() for pattern, _ in wanted],
            ids=list(range(len(wanted))),
            flags=[flags for _, flags in wanted],
        )
        self.count = 0

    def scan(self, text: str) -> None:
        self._database.scan(text.encode())

    def scan_and_count(self, text: str) -> None:
        self._database.scan(text.encode(), match_event_handler=self._matched)

    def _matched(self, _id: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        self.count += 1


def with_re(wanted: Sequence[tuple[str, int]]) -> Callable[[str], object]:
    compiled = [
        re.compile(pattern, re.ASCII | (re.IGNORECASE if flags & hyperscan.HS_FLAG_CASELESS else 0))
        for pattern, flags in wanted
        if pattern.isascii()
    ]
    return lambda text: sum(1 for pattern in compiled for _ in pattern.finditer(text))


def plain_mail(text: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "anna@example.nl", "jan@elders.example", "Stukken"
    mail.set_content(text, cte="8bit")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n", max_line_length=None))


def html_mail(text: str) -> bytes:
    """Half as text, half as HTML: 10 KiB together."""
    half = text[: len(text) // 2]
    paragraphs = "".join(
        f'<p class="MsoNormal"><span style="color:#222">{line}</span></p>' for line in half.split(". ")
    )
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "anna@example.nl", "jan@elders.example", "Stukken"
    mail.set_content(half, cte="8bit")
    mail.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html", cte="8bit")
    return mail.as_bytes(policy=mail.policy.clone(linesep="\r\n", max_line_length=None))


def presidio(python: str, pieces: Sequence[str]) -> float:
    peer = str(Path(__file__).with_name("presidio_peer.py"))
    done = subprocess.run(
        [python, peer], input=json.dumps({"texts": list(pieces)}), capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)["seconds"])


def per_second(pieces: Sequence[str], seconds: float) -> float:
    return sum(len(piece.encode()) for piece in pieces) / 1e6 / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the search for sensitive content.")
    parser.add_argument("text", nargs="+", type=Path)
    parser.add_argument("--presidio-python", default="")
    parser.add_argument("--repeat", type=int, default=7)
    asked = parser.parse_args()
    pieces = pieces_of(prose(asked.text))
    ruleset = rules.load(texts(resource("dlp_rules")))
    classifier, wanted = Classifier(ruleset), expressions(ruleset)
    bare, limits = Bare(wanted), Limits()
    print(f"{len(ruleset.rules)} rules, {len(wanted)} patterns and words; {len(pieces)} pieces of {PIECE // 1024} KiB")

    def median(act: Callable[[str], object], some: Sequence[str]) -> float:
        return statistics.median(sum(timed(act, some)) for _ in range(asked.repeat))

    speeds = {
        "bare hyperscan": per_second(pieces, median(bare.scan, pieces)),
        "bare hyperscan, counting": per_second(pieces, median(bare.scan_and_count, pieces)),
        "Zegel's classifier": per_second(pieces, median(lambda text: classifier.classify([("body", text)]), pieces)),
    }
    mails = {text: plain_mail(text) for text in pieces}
    speeds["Zegel's whole scan, plain mail"] = per_second(
        pieces, median(lambda text: scan_with(classifier, mails[text], limits), pieces)
    )
    some = pieces[:RE_PIECES]
    speeds["Python re"] = per_second(some, sum(timed(with_re(wanted), some)))
    if asked.presidio_python:
        some = pieces[:PRESIDIO_PIECES]
        speeds["Presidio"] = per_second(some, presidio(asked.presidio_python, some))
    counting, own = speeds["bare hyperscan, counting"], speeds["Zegel's classifier"]
    print(f"\n{'':34} {'MB/s':>9} {'of counting':>12} {'Zegel is':>10}")
    for name, speed in speeds.items():
        print(f"{name:34} {speed:9.3f} {speed / counting:12.3f} {own / speed:9.1f}x")

    print(f"\n{'a mail of 10 KiB':34} {'median':>9} {'p99':>12}")
    for name, write in (("plain", plain_mail), ("text and HTML", html_mail)):
        written = [write(piece) for piece in pieces]
        seconds: list[float] = []
        for _ in range(asked.repeat):
            for mail in written:
                began = time.process_time_ns()
                scan_with(classifier, mail, limits)
                seconds.append((time.process_time_ns() - began) / 1e9)
        seconds.sort()
        print(f"{name:34} {statistics.median(seconds) * 1e3:6.2f} ms {seconds[int(len(seconds) * 0.99)] * 1e3:9.2f} ms")


if __name__ == "__main__":
    main()
