"""Whose text is found: a folder of real documents, through a sandboxed scan worker, beside another extractor.

    python benchmarks/documents.py FOLDER [--peer-python PYTHON] [--json FILE] [--show MISSES]

Each file is an attachment of one message and goes through a worker process as in service: with its limits of memory, time and
system calls. The other extractor is kreuzberg, in a Python of its own (`PYTHON -m venv V && V/bin/pip install kreuzberg`), one
process a file with the same limit of time; of its metadata the values count, not the names. The words of a file are those of
three letters or digits and more. An extractor *finds the text* when it has some, and as many words in common with the other's
as twenty or half of the other's, whichever is less: so neither is blamed for what the other takes from markup, nor for a word
less. A file in which neither finds words is left out of the shares.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import struct
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gateway.adapters.scan_worker import LENGTH, packet_head
from gateway.core import rules
from gateway.core.classify import Classifier
from gateway.core.limits import Limits

SECONDS = 30
MEMORY = 1024 << 20
WORD = re.compile(r"[^\W_]{3,}")
SHARE, ENOUGH = 0.5, 20
# The same worker, but its answer holds the words: a scan never tells them.
WORKER = """
import json
from gateway.adapters import scan_worker
from gateway.adapters.extract.extractor import extract
from gateway.core.parse import parse_whole

def answer(_classifier, raw, limits):
    try:
        units, unscannable = extract(parse_whole(raw, limits), limits)
    except Exception as error:
        return [scan_worker.FAILED, type(error).__name__.encode()]
    told = {"text": "\\n".join(text for place, text in units if place.startswith("attachment:")),
            "unscannable": sorted({item.reason for item in unscannable})}
    return [scan_worker.SCANNED, json.dumps(told).encode()]

scan_worker._answer = answer
scan_worker.main()
"""
PEER = """
import sys
from kreuzberg import extract_file_sync
result = extract_file_sync(sys.argv[1])
def values(thing):
    if isinstance(thing, str):
        return [thing]
    if isinstance(thing, dict):
        return [text for value in thing.values() for text in values(value)]
    return [text for value in thing for text in values(value)] if isinstance(thing, (list, tuple)) else []
parts = [result.content or "", *values(dict(result.metadata) if result.metadata else {})]
sys.stdout.write("\\n".join(parts))
"""
RULE = '[x.y]\ntitle.nl = "x"\ntitle.en = "x"\nkeywords = ["zebra"]\nmatch = ["zebra"]\nno_match = ["x"]\n'


@dataclass
class Read:
    """What one extractor made of one file."""

    words: set[str] = field(default_factory=set)
    seconds: float = 0.0
    told: tuple[str, ...] = ()  # reasons of what could not be read, or how it failed


class Worker:
    """One scan worker, started again when it dies."""

    def __init__(self) -> None:
        self.started = 0
        self._start()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        classifier = Classifier(rules.load([("a.toml", RULE)]))
        told = {
            "rules": classifier.rules.to_json(),
            "lists": {},
            "lists_key": "",
            "limits": asdict(Limits()),
            "memory_bytes": MEMORY,
            "seconds": SECONDS,
        }
        self._send(json.dumps(told).encode(), classifier.compiled())
        self._answer()
        self.started += 1

    def _send(self, *frames: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(packet_head(frames) + b"".join(frames))
        self.process.stdin.flush()

    def _answer(self) -> list[bytes]:
        assert self.process.stdout is not None
        head = self.process.stdout.read(LENGTH.size)
        if len(head) < LENGTH.size:
            raise EOFError
        lengths = [struct.unpack("!Q", self.process.stdout.read(8))[0] for _ in range(LENGTH.unpack(head)[0])]
        return [self.process.stdout.read(length) for length in lengths]

    def read(self, name: str, content: bytes) -> Read:
        raw = (
            b"Subject: x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            b'Content-Disposition: attachment; filename="%s"\r\n\r\n%s'
            % (name.encode("ascii", "replace"), base64.encodebytes(content).replace(b"\n", b"\r\n"))
        )
        start = time.monotonic()
        killer = threading.Timer(SECONDS, self.process.kill)
        killer.start()
        try:
            self._send(raw)
            status, answer = self._answer()
        except (EOFError, OSError):
            code = self.process.wait()
            self._start()
            return Read(set(), time.monotonic() - start, (f"worker died ({code})",))
        finally:
            killer.cancel()
        seconds = time.monotonic() - start
        if status != b"scanned":
            return Read(set(), seconds, (f"failed: {answer.decode()}",))
        told = json.loads(answer)
        return Read(words_of(told["text"]), seconds, tuple(told["unscannable"]))


def words_of(text: str) -> set[str]:
    return {word.lower() for word in WORD.findall(text)}


def by_peer(python: str, path: Path) -> Read:
    start = time.monotonic()
    try:
        done = subprocess.run([python, "-c", PEER, str(path)], capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Read(set(), SECONDS, ("too slow",))
    seconds = time.monotonic() - start
    if done.returncode:
        return Read(set(), seconds, ("failed",))
    return Read(words_of(done.stdout.decode("utf-8", "replace")), seconds)


def finds(own: Read, other: Read) -> bool:
    return bool(own.words) and len(own.words & other.words) >= min(ENOUGH, SHARE * len(other.words))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--peer-python", default="")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument(
        "--show", type=int, default=0, help="how many files to name whose text the other found alone"
    )
    asked = arguments.parse_args()
    worker = Worker()
    rows: dict[str, list[tuple[str, Read, Read]]] = defaultdict(list)
    for path in sorted(path for path in asked.folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if content:
            kind = path.suffix.lower().lstrip(".") or "none"
            peer = by_peer(asked.peer_python, path) if asked.peer_python else Read()
            rows[kind].append((path.name, worker.read(path.name, content), peer))
    report(rows, worker, bool(asked.peer_python), asked.show)
    if asked.json:
        told = [
            {"kind": kind, "name": name, "words": [len(own.words), len(peer.words), len(own.words & peer.words)],
             "seconds": [own.seconds, peer.seconds], "told": [own.told, peer.told]}
            for kind, files in rows.items() for name, own, peer in files
        ]  # fmt: skip
        asked.json.write_text(json.dumps(told, indent=1))


def report(rows: dict[str, list[tuple[str, Read, Read]]], worker: Worker, has_peer: bool, show: int) -> None:
    print(f"{'type':12} {'files':>5} {'words':>6} {'Zegel':>7} {'other':>7}  unread by Zegel, and told so")
    total = [0, 0, 0, 0]
    for kind, files in sorted(rows.items(), key=lambda item: (-len(item[1]), item[0])):
        worded = [(own, peer) for _, own, peer in files if own.words or peer.words]
        zegel = sum(finds(own, peer) for own, peer in worded)
        other = sum(finds(peer, own) for own, peer in worded)
        told = sum(bool(own.told) for _, own, _ in files)
        total = [a + b for a, b in zip(total, (len(files), len(worded), zegel, other), strict=True)]
        print(f"{kind:12} {len(files):5} {len(worded):6} {zegel:7} {other if has_peer else '-':>7}  {told}")
    print(f"{'all':12} {total[0]:5} {total[1]:6} {total[2]:7} {total[3] if has_peer else '-':>7}")
    everything = [(kind, *file) for kind, files in rows.items() for file in files]
    silent = [name for _, name, own, peer in everything if not own.told and peer.words and not finds(own, peer)]
    times = sorted(own.seconds for _, _, own, _ in everything)
    print(f"workers that died: {worker.started - 1}; passed in silence without the other's text: {len(silent)}")
    print(
        f"seconds a file: median {times[len(times) // 2]:.3f}, p95 {times[int(len(times) * 0.95)]:.2f}, most {times[-1]:.1f}"
    )
    failed = [
        (name, own.told)
        for _, name, own, _ in everything
        if any("died" in told or "failed" in told for told in own.told)
    ]
    for name, told in failed:
        print("FAILED", name, *told)
    misses = [(kind, name, own, peer) for kind, name, own, peer in everything if peer.words and not finds(own, peer)]
    for kind, name, own, peer in sorted(misses, key=lambda miss: -len(miss[3].words))[:show]:
        print(
            f"missed {kind:8} {name}: {len(own.words & peer.words)} of {len(peer.words)} words; told {list(own.told)}"
        )


if __name__ == "__main__":
    main()
