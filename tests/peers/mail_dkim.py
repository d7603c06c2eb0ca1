"""Perl's Mail::DKIM as an independent verifier of signatures; the key comes from its DNS text, not from DNS."""

from __future__ import annotations

import subprocess
from pathlib import Path

VERIFIER = Path(__file__).parent / "verify_dkim.pl"


def verdict(raw: bytes, record: str) -> str:
    """`pass`, or what is wrong with the signature of a message, given the TXT record of its key."""
    done = subprocess.run(["perl", str(VERIFIER), record], input=raw, capture_output=True, timeout=60, check=True)
    return done.stdout.decode().strip()
