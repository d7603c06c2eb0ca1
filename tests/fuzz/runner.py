"""Runs every target for a while, each in a process of its own, and tells what broke.

Rules: an input may take so many seconds and so much memory, no more; what breaks is kept in a folder, with the words of the
process that broke. The corpus of the repository is read, never written: new inputs go where the caller says.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
INPUT_SECONDS = 30
MEMORY_MB = 2048
LONGEST = 1 << 16  # octets of an input
START_SECONDS = 90
_BROKEN = re.compile(r"(?:=== Uncaught Python exception: ===\n.*|ERROR: libFuzzer: .*|SUMMARY: .*)")


@dataclass(frozen=True)
class Outcome:
    """`broken` is empty when all went well; else what the fuzzer said. `inputs` are files that break it."""

    target: str
    runs: int
    broken: str
    inputs: tuple[Path, ...]


def fuzz(targets: Sequence[str], seconds: float, kept: Path, *, jobs: int = 1, seed: int = 0) -> Iterator[Outcome]:
    """Each target for its share of `seconds`, so many at once. New inputs and what breaks go below `kept`."""
    share = max(1, round(seconds / len(targets)))
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda target: _one(target, share, kept, seed), targets)


def _one(target: str, seconds: int, kept: Path, seed: int) -> Outcome:
    grown, crashes = kept / target, kept / "broken" / target
    for folder in (grown, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "tests.fuzz.target", target),
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={crashes}/",
        f"-seed={seed or 1}",
        "-print_final_stats=1",
        *(str(folder) for folder in (grown, CORPUS / target)),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=START_SECONDS + seconds * 3, check=False
        )
        said, code = done.stderr + done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        said, code = f"it did not end: {error.stderr!r:.2000}", -1
    told = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    broken = "" if code == 0 else "\n".join(_BROKEN.findall(said)) or f"exit {code}: {said[-2000:]}"
    return Outcome(target, int(told[1]) if told else 0, broken, tuple(sorted(crashes.iterdir())))
