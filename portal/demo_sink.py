"""The demo's outside world: an SMTP server that takes every message and keeps it in a folder. Loopback only.

One message is a pair of files, `<id>.eml` (the bytes) and `<id>.json` (the envelope); ids sort by time. The rule: 250 is
answered only after both files and the folder are on disk, so a test may count on what was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.supervisor import end_with_supervisor, say_ready

LARGEST = 200 * 1024 * 1024


class Sink:
    """The handler that aiosmtpd calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        self.count += 1
        now = datetime.now(UTC)
        identity = f"{now:%Y%m%dT%H%M%S%f}-{os.getpid()}-{self.count}"
        sender = (
            "" if envelope.mail_from in (None, "<>") else envelope.mail_from
        )  # the null sender of RFC 5321, as "<>"
        keep(self.folder, identity, now, sender, envelope.rcpt_tos, raw)
        return f"250 2.0.0 kept as {identity}"

    async def handle_exception(self, _error: Exception) -> str:
        return "451 4.3.0 The sink is broken"


def keep(folder: Path, identity: str, at: datetime, mail_from: str, rcpt_tos: Sequence[str], raw: bytes) -> None:
    """Writes one message durably."""
    headers = BytesHeaderParser(policy=policy.default).parsebytes(raw)
    facts = {
        "id": identity,
        "mail_from": mail_from,
        "rcpt_tos": list(rcpt_tos),
        "subject": str(headers.get("Subject", "")),
        "received_at": at.isoformat(),
    }
    _write(folder / f"{identity}.eml", raw)
    _write(folder / f"{identity}.json", json.dumps(facts, ensure_ascii=False).encode())
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, content: bytes) -> None:
    """Under another name first: a reader never sees half a file."""
    early = path.with_suffix(path.suffix + ".new")
    with early.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    early.replace(path)


async def serve(host: str, port: int, folder: Path) -> None:
    """Serves until SIGTERM or SIGINT."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    sink = Sink(folder)
    server = await loop.create_server(
        lambda: SMTP(
            sink, hostname="world.example", data_size_limit=LARGEST, enable_SMTPUTF8=True, ident="Zegel demo", loop=loop
        ),
        host,
        port,
    )
    say_ready()
    await ended.wait()
    server.close()


def main() -> None:
    end_with_supervisor()
    parser = argparse.ArgumentParser(description="Takes every message by SMTP and keeps it in a folder.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.host, options.port, options.folder))


if __name__ == "__main__":
    main()
