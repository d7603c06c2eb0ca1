"""A real Postfix: submission, a content filter with XFORWARD, and the way back in. Runs as root, in a scratch folder.

client -> submission -> [content_filter: the gateway] -> reinject -> Dovecot by LMTP (the domain), the sink (all else)
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.peers.dovecot import Dovecot
from tests.peers.place import fill, free_ports, greets, scratch, wait_until


@dataclass(frozen=True)
class Postfix:
    """`submission` asks for SASL outside loopback; `reinject` takes what the gateway sends, without a filter."""

    folder: Path
    submission: int
    reinject: int

    def log(self) -> str:
        path = self.folder / "postfix" / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def queue_is_empty(self) -> bool:
        spool = self.folder / "postfix" / "spool"
        return not any(
            path.is_file() for queue in ("incoming", "active", "deferred") for path in (spool / queue).rglob("*")
        )


@contextmanager
def postfix(
    mailboxes: Dovecot, sink: int, *, gateway: int | None = None, domain: str = "example.test"
) -> Iterator[Postfix]:
    """Running while the context lasts. `sink` takes mail for other domains; without `gateway` nothing is filtered."""
    with scratch("postfix") as folder:
        submission, reinject = free_ports(2)
        home = folder / "postfix"
        for part in ("spool", "data", "etc"):
            (home / part).mkdir(parents=True)
        shutil.chown(home / "data", "postfix")
        (home / "etc" / "main.cf").write_text(
            fill(
                "postfix-main.cf",
                dir=folder,
                domain=domain,
                filter=f"gw:[127.0.0.1]:{gateway}" if gateway is not None else "",
                sasl=mailboxes.sasl,
                lmtp=mailboxes.lmtp,
                sink=sink,
            )
        )
        (home / "etc" / "master.cf").write_text(fill("postfix-master.cf", submission=submission, reinject=reinject))
        command = ["postfix", "-c", str(home / "etc")]
        running = Postfix(folder, submission, reinject)
        try:
            started = subprocess.run([*command, "start"], capture_output=True, text=True, timeout=60, check=False)
            assert started.returncode == 0, started.stdout + started.stderr + running.log()
            wait_until(lambda: greets(submission) and greets(reinject), "Postfix's greeting")
            yield running
        finally:
            subprocess.run([*command, "stop"], capture_output=True, timeout=60, check=False)
