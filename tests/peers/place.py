"""Where peers run: scratch folders, free ports, configuration templates, and waiting until something is so."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

TEMPLATES = Path(__file__).parent
PATIENCE = 20.0  # seconds


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder that the peers' own users can enter; pytest's belong to one user only."""
    folder = Path(tempfile.mkdtemp(prefix=f"zegel-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Different ports on loopback that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in sockets]


def fill(template: str, **values: object) -> str:
    """The text of a template in this folder, with each @NAME@ replaced."""
    text = (TEMPLATES / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    return text


def wait_until(so: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Returns as soon as it is so; raises TimeoutError otherwise."""
    end = time.monotonic() + seconds
    while not so():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.02)


def greets(port: int) -> bool:
    """Whether something on this port sends a greeting."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(2)
            return bool(connection.recv(1))
    except OSError:
        return False
