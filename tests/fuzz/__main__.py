"""`python -m tests.fuzz --seconds 60` runs all targets a few seconds each; `--target pdf` (again and again) some of them.

`python -m tests.fuzz --replay FILE --target pdf` gives one input to a target, without fuzzing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.runner import fuzz


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    reader.add_argument("--seconds", type=float, default=60, help="in all, shared by the targets")
    reader.add_argument("--target", action="append", default=[], help="only these")
    reader.add_argument(
        "--kept", type=Path, default=Path(".cache/fuzz"), help="where new inputs and what breaks are kept"
    )
    reader.add_argument("--jobs", type=int, default=1, help="processes at once")
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--replay", type=Path)
    asked = reader.parse_args()
    from tests.fuzz.targets import TARGETS

    names = asked.target or list(TARGETS)
    if asked.replay:
        for name in names:
            TARGETS[name](asked.replay.read_bytes())
        return 0
    broken = False
    for outcome in fuzz(names, asked.seconds, asked.kept.absolute(), jobs=asked.jobs, seed=asked.seed):
        print(f"{outcome.target:12} {outcome.runs:9} runs  {'BROKEN' if outcome.broken else 'ok'}", flush=True)
        if outcome.broken:
            broken = True
            print(outcome.broken, *outcome.inputs, sep="\n", flush=True)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
