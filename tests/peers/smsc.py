"""A real SMSC: node-smpp, from the npm packages that scripts/install-peers.sh installs."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.peers.place import PATIENCE

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("ZEGEL_TEST_CACHE") or ROOT / ".cache" / "peers")
SYSTEM_ID, PASSWORD = "zegel", "sm-s3crt"


@dataclass
class Smsc:
    """`port` is on 127.0.0.1; `records` are what it decoded, in order."""

    port: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    _came: threading.Condition = field(default_factory=threading.Condition)

    def add(self, record: dict[str, Any]) -> None:
        with self._came:
            self.port = record.get("port", self.port)
            self.records.append(record)
            self._came.notify_all()

    def submitted(self, count: int) -> list[dict[str, Any]]:
        """The submit_sm PDUs, as soon as there are `count`."""
        with self._came:
            if not self._came.wait_for(lambda: len(self._submitted()) >= count, PATIENCE):
                raise TimeoutError(f"{len(self._submitted())} of {count} parts came")
            return self._submitted()

    def wait_for_port(self) -> None:
        with self._came:
            if not self._came.wait_for(lambda: self.port > 0, PATIENCE):
                raise TimeoutError("the SMSC did not start")

    def _submitted(self) -> list[dict[str, Any]]:
        return [record for record in self.records if record.get("event") == "submit"]


@contextmanager
def smsc(certificate: Path | None = None) -> Iterator[Smsc]:
    """Running while the context lasts; `certificate`, with its key in the same file, makes it speak TLS."""
    installed = CACHE / "node_modules" / "smpp"
    assert installed.is_dir(), f"{installed} is missing: run scripts/install-peers.sh"
    command = ["node", str(Path(__file__).with_name("smsc.js")), str(CACHE), SYSTEM_ID, PASSWORD]
    command += [str(certificate)] if certificate else []
    found = Smsc()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        reader = threading.Thread(target=_read, args=(process, found))
        reader.start()
        try:
            found.wait_for_port()
            yield found
        finally:
            process.stdin.close()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
            reader.join()


def _read(process: subprocess.Popen[str], found: Smsc) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        found.add(json.loads(line))
