"""An installation with a site's own policies, made by `zegel init` and run by `zegel run`; the world is a sink of the test."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.demo import PASSWORD
from gateway.demo import Demo as DemoFiles
from gateway.installation import self_signed
from tests.e2e.demo import Running, free_port, until
from tests.peers.sink import Sink, sink


@dataclass
class Site(Running):
    """`policies` is the folder of the site's policies, `world` what left the gateway."""

    sink_port: int = field(default_factory=free_port)
    world: Sink = field(default_factory=Sink)
    init_output: str = ""

    @property
    def config(self) -> Path:
        return self.folder / "zegel.toml"

    @property
    def policies(self) -> Path:
        return self.folder / "policies.d"

    def command(self) -> tuple[str, ...]:
        return ("run", "--config", str(self.config))

    def make(self, policies: str = "", language: str = "nl") -> None:
        """What an admin does before the first start."""
        files = DemoFiles(self.folder, self.smtp_port, self.http_port, self.sink_port)
        files.make_folders()
        self_signed(self.folder / "keys", "mail.example.nl", dt.datetime.now(dt.UTC))
        if policies:
            (self.policies / "site.toml").write_text(policies, encoding="utf-8")
        text = files.write_config().read_text(encoding="utf-8")
        self.config.write_text(text.replace('language = "nl"', f'language = "{language}"'), encoding="utf-8")
        self.init_output = self.zegel("init")
        self.zegel("account", "add", "anna@example.nl", "--name", "Anna de Vries", stdin=f"{PASSWORD}\n{PASSWORD}\n")

    def zegel(self, *command: str, stdin: str = "", code: int = 0) -> str:
        """Runs a command of `zegel` on this installation; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *command, "--config", str(self.config)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def arrived(self, recipient: str, count: int = 1, seconds: float = 30) -> list[bytes]:
        """The raw messages for a recipient, oldest first, once there are at least `count`."""

        def look() -> list[bytes] | None:
            found = [message.raw for message in self.world.to(recipient)]
            return found if len(found) >= count else None

        return until(look, seconds)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder with a short name: the roles' sockets stand in it, and a socket's address has 107 octets at most."""
    made = Path(tempfile.mkdtemp(prefix="z", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def running_site(policies: str = "", *, world: bool = True, language: str = "nl") -> Iterator[Site]:
    """A running installation; without `world` nobody listens where its mail should go."""
    with contextlib.ExitStack() as stack:
        site = Site(stack.enter_context(folder()))
        if world:
            site.world = stack.enter_context(sink(port=site.sink_port))
        site.make(policies, language)
        stack.callback(site.kill)
        yield site.start()
