"""Text messages that stay at home: a line on standard output, and one in a file for the demo's inbox page.

The rule: nothing is sent, and number and text go to these two places only, never to the log.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gateway.adapters.sms.number import digits
from gateway.adapters.system import clock as system_clock
from gateway.core.errors import SmsFailed


class ConsoleSms:
    """`file` gets one JSON object per line: `to`, `text` and `at` (ISO 8601, UTC); None keeps no file."""

    def __init__(self, file: Path | None = None, clock: Callable[[], datetime] = system_clock) -> None:
        self._file = file
        self._clock = clock

    def __repr__(self) -> str:
        return "ConsoleSms()"

    async def send(self, to: str, text: str, sender: str) -> None:
        """Durable in the file when it returns. Raises `SmsFailed` when the number or the disk is no good."""
        digits(to)
        sys.stdout.write(f"sms to {to} : {' '.join(text.splitlines())}\n")
        sys.stdout.flush()
        if self._file is not None:
            line = json.dumps({"to": to, "text": text, "at": self._clock().isoformat()}, ensure_ascii=False)
            try:
                await asyncio.to_thread(append, self._file, f"{line}\n".encode())
            except OSError as error:
                raise SmsFailed from error


def append(file: Path, line: bytes) -> None:
    """Adds a line in one write, so that processes can share the file, and fsyncs it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
