"""One fuzzing process: `python -m tests.fuzz.target NAME [libFuzzer's options and folders]`. Started by the runner."""

from __future__ import annotations

import sys
import warnings

import atheris

# What is written in Python is instrumented, so that the fuzzer sees which branches an input takes.
INSTRUMENTED = ["gateway", "compressed_rtf", "olefile", "striprtf", "xlrd"]


def main() -> None:
    name, *options = sys.argv[1:]
    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=INSTRUMENTED, enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, classifier
    if name in ("classify", "scan", "policies"):
        classifier()
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
