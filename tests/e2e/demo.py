"""Runs the product as a user would, in processes of its own, for the end-to-end tests: `Demo` is `zegel demo`."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")

LINK = re.compile(r"(https?://[^\s\"'<>]+/(m|manage|activate|case)/([a-z2-7]{16}))#([0-9A-Za-z*~$=-]+)")


def free_port() -> int:
    """Below the ports that the kernel gives to outgoing connections, which else may take it before its server does."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def until(wanted: Callable[[], T | None], seconds: float = 20, every: float = 0.1) -> T:
    """The first true answer of `wanted`; fails the test when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = wanted()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"waited {seconds} s in vain")


@dataclass
class Running:
    """A supervisor with its roles, in a folder of its own. `log` holds what all its processes wrote."""

    folder: Path
    smtp_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    log: bytes = b""

    def command(self) -> tuple[str, ...]:
        """The arguments of `zegel`."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http_port}"

    def start(self, seconds: float = 120) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *self.command()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        end = time.monotonic() + seconds
        while not ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"it did not get ready:\n{self.log.decode(errors='replace')}")
        return self

    def _read(self, process: subprocess.Popen[bytes], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.log += line
            if line.strip() == b"ready":
                ready.set()
        process.stdout.close()

    def stop(self) -> int:
        """Ends it as systemd would; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """The roles die with their supervisor."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines with that event."""
        lines = (json.loads(line) for line in self.log.splitlines() if line.startswith(b"{") and line.endswith(b"}"))
        return [line for line in lines if line.get("event") == name]

    def status(self, path: str) -> int:
        """The status of a page."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code)

    # -- mail in

    def swaks(self, *arguments: str, body: str = "Goedemiddag.", check: bool = True) -> str:
        """Sends with swaks, unauthenticated from loopback; its transcript."""
        done = subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{self.smtp_port}", "--body", body, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def submit(self, raw: bytes, *recipients: str, sender: str = "anna@example.nl") -> None:
        """Sends these bytes as they are."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="client.example", timeout=60) as client:
            client.sendmail(sender, recipients, raw, mail_options=["BODY=8BITMIME"])


@dataclass
class Demo(Running):
    """One running demo."""

    arguments: tuple[str, ...] = ()

    def command(self) -> tuple[str, ...]:
        ports = ("--smtp-port", str(self.smtp_port), "--http-port", str(self.http_port))
        return ("demo", "--data", str(self.folder), *ports, *self.arguments)

    # -- the outside world

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return bytes(answer.read())

    def messages(self) -> list[dict[str, Any]]:
        """What left the gateway, newest first."""
        return list(json.loads(self.get("/demo/api/messages")))

    def raw(self, message_id: str) -> bytes:
        return self.get(f"/demo/api/messages/{message_id}/raw")

    def sms(self) -> list[dict[str, Any]]:
        return list(json.loads(self.get("/demo/api/sms")))

    def arrived(self, recipient: str, count: int = 1, seconds: float = 30) -> list[bytes]:
        """The raw messages for a recipient, oldest first, once there are at least `count`."""

        def look() -> list[str] | None:
            found = [m["id"] for m in self.messages() if recipient in m["rcpt_tos"]]
            return found if len(found) >= count else None

        return [self.raw(identity) for identity in reversed(until(look, seconds))]


@contextlib.contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    demo = Demo(folder, arguments=arguments)
    try:
        yield demo.start()
    finally:
        demo.kill()


def parsed(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


@dataclass(frozen=True)
class Link:
    """A link in a mail: its address without the code, the thing's id, and the code behind the '#'."""

    url: str
    identity: str
    code: str

    @property
    def whole(self) -> str:
        return f"{self.url}#{self.code}"


def link_in(raw: bytes, kind: str = "m") -> Link:
    """The first link of that kind in the plain text of a mail that Zegel wrote."""
    body = parsed(raw).get_body(("plain",))
    assert body is not None
    for match in LINK.finditer(body.get_content()):
        if match[2] == kind:
            return Link(match[1], match[3], match[4])
    raise AssertionError("there is no such link in the mail")
