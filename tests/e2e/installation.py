"""An installation of its own behind real mail servers: settings for example.test, keys by `zegel init`, run by `zegel run`."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.demo import Running

SETTINGS = """\
hostname = "zegel.example.test"
data = "."
keys = "keys"

[smtp]
trusted_networks = ["127.0.0.0/8"]
xforward_hosts = ["127.0.0.0/8"]

[[smtp.listener]]
address = "127.0.0.1:{smtp_port}"
tls = "none"
auth = false

[deliver]
smarthost = "{smarthost}"
tls = "none"

[portal]
listen = "127.0.0.1:{http_port}"

[[organisation]]
id = "clinic"
name = "Example Clinic"
domains = ["example.test"]
language = "en"
portal_url = "http://localhost:{http_port}"
"""


@dataclass
class Installation(Running):
    """`smarthost` takes all that leaves, as `smtp://host:port`."""

    smarthost: str = ""

    @property
    def settings(self) -> Path:
        return self.folder / "zegel.toml"

    def command(self) -> tuple[str, ...]:
        return ("run", "--config", str(self.settings))

    def make(self) -> None:
        """What an admin does before the first start."""
        self.settings.write_text(
            SETTINGS.format(smtp_port=self.smtp_port, http_port=self.http_port, smarthost=self.smarthost),
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "gateway", "init", "--config", str(self.settings)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


@contextlib.contextmanager
def running_installation(made: Installation) -> Iterator[Installation]:
    """Makes it and runs it while the context lasts."""
    made.make()
    try:
        yield made.start()
    finally:
        made.kill()
